"""What a page that shows a sent issue says of its corrections: a note above it, and its links led
to the right place. The bytes that were sent are never changed; this is put into what is shown.
"""

from collections.abc import Mapping, Sequence

from digest.mirrors import Mirrored, Order
from digest.press.archive.corrected import PastCorrection, repointed, right_links
from digest.rendering.mirroring import changer
from digest.web.archive.issue_page import with_bar
from digest.web.pages import Masthead, Pages


def with_corrections(
    html: str,
    pages: Pages,
    masthead: Masthead,
    corrections: Sequence[PastCorrection],
    order: Order | None = None,
) -> str:
    """Return a page with its corrections, as it is where there are none; `order` are the mirrors
    that were chosen for the issue.
    """
    if not corrections:
        return html
    html = repointed(html, _led(right_links(corrections), order))
    note, _ = pages.render("corrections.html", masthead, corrections=corrections)
    return with_bar(html, note)


def _led(links: Mapping[str, str], chosen: Order | None) -> dict[str, str]:
    """Return the links by way of the mirrors, as the page has them, beside those without."""
    if not chosen:
        return dict(links)
    mirrors = [Mirrored(of, tuple(addresses)) for of, addresses in chosen.items()]
    change = changer(mirrors, lambda of: chosen[of][0])
    led = {wrong: change(right) for wrong, right in links.items()}
    return led | {change(wrong): right for wrong, right in led.items()}
