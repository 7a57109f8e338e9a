"""Which addresses may stand in a mail: absolute ones, of schemes that a mail program opens safely.

It never asks the network whether a link is alive; that is preflight's and the drift watch's work.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from digest.errors import RenderingFailed
from digest.rendering.view import IssueView, PickView, PictureView

# No blanks, controls, quotes or angle brackets: nothing that could end an attribute or a header.
PLAIN = re.compile(r"[^\s\x00-\x20\x7f-\xa0\"<>\\\u2028\u2029\ufeff]+")
CONTENT_ID = re.compile(r"cid:[A-Za-z0-9.-]+@[A-Za-z0-9.-]+")  # a picture in the mail (RFC 2392)
PRINTABLE_ONLY = re.compile(
    r"https?://(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::\d+)?(?:[/?#][!#-;=?-\[\]_a-z~]*)?"
)


def refuse_unsafe_links(view: IssueView) -> None:
    """Raise RenderingFailed, naming the headline, for a link that is not http, https or mailto.

    Pictures must be http or https, which a mail program fetches without asking, or in the mail.
    """
    for pick in _picks(view):
        _refuse(pick.url, pick.headline, mail=True)
        if pick.picture is not None:
            _refuse_picture(pick.picture, f"picture of {pick.headline}")
    if view.logo is not None:
        _refuse_picture(view.logo, "the logo")
    for place, url in _furniture_links(view):
        _refuse(url, place, mail=True)


def _picks(view: IssueView) -> Iterator[PickView]:
    if view.lead is not None:
        yield view.lead
    for section in view.sections:
        yield from section.picks


def _furniture_links(view: IssueView) -> Iterator[tuple[str, str]]:
    yield "the newsletter's site", view.site_url
    if view.privacy_url:
        yield "the privacy policy", view.privacy_url
    if view.appeal is not None:
        yield from (view.appeal.once, view.appeal.monthly, view.appeal.annual)


def _refuse(url: str, place: str, *, mail: bool) -> None:
    if not is_web_link(url) and not (mail and is_mail_link(url)):
        scheme = url.partition(":")[0][:20]
        raise RenderingFailed(f"{place[:120]!r}: a link of the kind {scheme!r} cannot be mailed")


def _refuse_picture(picture: PictureView, place: str) -> None:
    if not CONTENT_ID.fullmatch(picture.url):
        _refuse(picture.url, place, mail=False)


def is_web_link(url: str) -> bool:
    """Return whether this is an absolute http or https URL, without blanks, quotes or log-in."""
    if not PLAIN.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        )
    except ValueError:
        return False


def is_mail_link(url: str) -> bool:
    """Return whether this is a mailto: link to one address."""
    return bool(re.match(r"mailto:[^@\s]+@[^@\s]+$", url)) and PLAIN.fullmatch(url) is not None


def is_reader_link(url: str) -> bool:
    """Return whether this may fill a URL slot: http or https, printable ASCII, quote-free."""
    return PRINTABLE_ONLY.fullmatch(url) is not None
