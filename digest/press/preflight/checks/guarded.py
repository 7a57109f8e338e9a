"""Group 13: what a guarded newsletter must not show, because its readers would pay for it."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from urllib.parse import parse_qsl

from digest.blocks import APPEAL, THANKS
from digest.config import names_it
from digest.press.preflight.findings import Level
from digest.press.preflight.hosts import host_of, scheme_of, split
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check

TRACKERS = ("utm_", "mtm_", "pk_")


@check("guarded-names", Level.BLOCK, "A guarded copy shows the paper's name on a lock screen.")
def guarded_names(material: Material) -> Iterator[Said]:
    """From, subject and preheader; the names are the newsletter's `guarded_names`."""
    if not material.view.guarded:
        return
    sender = material.newsletter.sender
    places = [("the sender", f"{sender.name} {sender.address}")]
    places += [("the subject", material.view.subject), ("the preheader", material.view.preheader)]
    for place, words in places:
        for name in material.newsletter.guarded_names:
            if names_it(words, name):
                yield Said(f"{place} holds {name!r}, which a phone shows while it is locked")


@check("guarded-headers", Level.BLOCK, "A header of a guarded copy names the paper.")
def guarded_headers(material: Material) -> Iterator[Said]:
    """All but From, To and Subject; they lie in mailboxes and in the logs of who carries mail."""
    if not material.view.guarded:
        return
    for edition in material.editions:
        for header, value in message_from_bytes(edition.message, policy=default).items():
            for name in material.newsletter.guarded_names:
                if header not in {"From", "To", "Subject"} and names_it(str(value), name):
                    yield Said(f"the header {header} holds {name!r}")


@check("guarded-appeal", Level.BLOCK, "A guarded copy asks for money, or thanks for it.")
def guarded_appeal(material: Material) -> Iterator[Said]:
    """Giving may be a crime where its readers live."""
    if not material.view.guarded:
        return
    parts = (p for one in material.editions for p in (*one.rendering.html, *one.rendering.text))
    if any({APPEAL, THANKS} & set(part.blocks) for part in parts):
        yield Said("the appeal is in the mail: leave it out (appeal = no)")


@check("guarded-picture", Level.BLOCK, "A guarded copy fetches a picture, which others can see.")
def guarded_picture(material: Material) -> Iterator[Said]:
    """Pictures sent along (cid) are fine."""
    if not material.view.guarded:
        return
    for edition in material.editions:
        for image in edition.page.images:
            if scheme_of(image.url) in {"http", "https"}:
                yield Said(
                    "the picture is fetched from outside: embed it or leave it out",
                    material.headline_of(image.url),
                )


@check("guarded-address", Level.BLOCK, "A guarded copy says whom it went to.")
def guarded_address(material: Material) -> Iterator[Said]:
    """In the HTML or the text; the envelope cannot do without."""
    if not material.view.guarded:
        return
    for edition in material.editions:
        for kind, parts in (("HTML", edition.rendering.html), ("text", edition.rendering.text)):
            if any(part.slot == "address" for part in parts):
                yield Said(f"the {kind} part says the reader's address")


@check("guarded-link", Level.BLOCK, "A guarded copy links to a host with the paper's name.")
def guarded_link(material: Material) -> Iterator[Said]:
    """By host: who watches the line sees that much of every link a reader follows. Mail addresses
    are judged whole.
    """
    if not material.view.guarded:
        return
    links = (link.url for one in material.editions for link in one.page.links)
    for url in dict.fromkeys([*material.web_links(), *links]):
        place = url.partition(":")[2] if scheme_of(url) == "mailto" else host_of(url)
        for name in material.newsletter.guarded_names:
            if names_it(place, name):
                yield Said(
                    f"the link leads to {place}, which holds {name!r}: use a neutral address,"
                    " or list a mirror of it",
                    material.headline_of(url),
                )


@check("guarded-tracking", Level.BLOCK, "A guarded copy's links say which mail they came from.")
def guarded_tracking(material: Material) -> Iterator[Said]:
    """UTM parameters and their like."""
    if not material.view.guarded:
        return
    for url in material.web_links():
        parts = split(url)
        names = [name.lower() for name, _ in parse_qsl(parts.query, True)] if parts else []
        if any(name.startswith(TRACKERS) for name in names):
            yield Said("the link carries UTM parameters: take them off", material.headline_of(url))
