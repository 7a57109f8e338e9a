"""An issue as one HTML file that needs no network and names nobody: to be kept, and passed on.

It holds no reader's slot, no token and nothing that a browser would fetch; whole articles stand in
it at full length. It is no mail: no compiler sees it, and its style may be that of a page.
"""

import base64
import secrets
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from digest.rendering import mirroring
from digest.rendering.issue import template_values
from digest.rendering.links import refuse_unsafe_links
from digest.rendering.markers import Markers
from digest.rendering.stored import OFFLINE, Embedded, Rendering
from digest.rendering.templates import Templates
from digest.rendering.view import IssueView, PickView, PictureView


def render_offline(
    view: IssueView,
    *,
    templates: Templates,
    pictures: Sequence[Embedded] = (),
    nonce: str | None = None,
) -> Rendering:
    """Return the issue as a file. Of its pictures it shows those given, in itself, and no other.

    Its links wait for their mirrors like those of a mail. `nonce` is that of `render_issue`. Raises
    RenderingFailed naming headline, template and line.
    """
    refuse_unsafe_links(view)
    markers = Markers(nonce or secrets.token_hex(6))
    inside = {f"cid:{picture.cid}": data_uri(picture) for picture in pictures}

    def source_of(picture: PictureView | None) -> str:
        return inside.get(picture.url, "") if picture is not None else ""

    shown = mirroring.marked(view, markers.slot)
    values = template_values(shown, templates) | {
        "source_of": source_of,
        "whole_html": _whole_html,
        "second_way": mirroring.second_way(view, markers.slot),
    }
    page = markers.split(templates.html("offline.html.j2", values))
    words = (view.language, view.subject, view.preheader)
    return Rendering(OFFLINE, *words, page, (), mirrors=view.mirrors)


def _whole_html(pick: PickView) -> Markup:
    return Markup(pick.whole_html)  # noqa: S704 - cleaned where it came in (curation.cleaning)


def data_uri(picture: Embedded) -> str:
    """Return a picture as an address that holds all of it (RFC 2397)."""
    return f"data:{picture.kind};base64,{base64.b64encode(picture.data).decode()}"


def shown_inside(html: str, pictures: Sequence[Embedded]) -> str:
    """Return a mail's HTML for a browser, which knows no ``cid:``, with its pictures inside it."""
    sources: Mapping[str, str] = {f"cid:{p.cid}": data_uri(p) for p in pictures}
    for name, source in sources.items():
        html = html.replace(name, source)
    return html
