"""Where the bytes of a mail go: one row for each section and block, for style, and for the rest."""

from collections import Counter

from digest.blocks import APPEAL, GREETING, THANKS, WHOLE_TEXTS, section_block
from digest.press.preflight.findings import Share
from digest.press.preflight.material import Edition, longest_values
from digest.rendering.markers import Part
from digest.rendering.personalise import html_value
from digest.rendering.view import IssueView

HEAD = "head, opening note, lead"
FOOT = "quote, numbers, footer"
STYLE = "style sheets"
NAMES = {
    GREETING: "greeting",
    APPEAL: "appeal",
    THANKS: "thanks for members",
    WHOLE_TEXTS: "lead: whole article",
}


def budget_of(edition: Edition, site: str) -> tuple[Share, ...]:
    """Return what each part of the HTML takes, in bytes of UTF-8, the reader's values filled in.

    Style comes first, then everything in reading order; the sum is the size of the HTML.
    """
    values = longest_values(site).slots
    sizes: Counter[str] = Counter()
    frame = HEAD
    for part in edition.rendering.html:
        if part.block.startswith("section "):
            frame = FOOT
        text = html_value(part.slot, values) if part.slot else part.text
        sizes[_name(part, edition.view) or frame] += len(text.encode())
    style = sum(len(sheet.encode()) for sheet in edition.page.sheets)
    sizes[HEAD] -= style  # all of it stands there
    return (Share(STYLE, style), *(Share(name, size) for name, size in sizes.items()))


def _name(part: Part, view: IssueView) -> str:
    """Return the block a part belongs to, in an editor's words; empty where it is in none."""
    if not part.blocks:
        return ""
    outermost, *inner = part.blocks
    headings = {section_block(section.key): section.heading for section in view.sections}
    name = NAMES.get(outermost) or headings.get(outermost, outermost)
    return f"{name}: whole articles" if WHOLE_TEXTS in inner else name
