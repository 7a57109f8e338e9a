"""Group 1: what the compile left behind, and the slots a copy cannot do without."""

import re
from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check

LEFTOVERS = re.compile(
    r"</?mj[a-z-]*|\\u\{[0-9a-f]+\}|\{\{|\{%|Zq[0-9a-f]{12}x[a-z]{3}x"
    r"|(?<=>)\s*(?:None|undefined)\s*(?=<)|(?<==\")(?:None|undefined)(?=\")"
)
NEEDED = ("unsubscribe_url",)
NEEDED_UNLESS_GUARDED = ("address",)


@check("leftover", Level.BLOCK, "Template code or compiler debris is left in the mail.")
def leftover(material: Material) -> Iterator[Said]:
    """A mark that an editor typed is for `placeholder` to judge."""
    written = " ".join(_written(material))
    for edition in material.editions:
        for found in sorted(set(LEFTOVERS.findall(edition.html + edition.text))):
            if found.strip() not in written:
                yield Said(f"{found.strip()!r} stands in the mail: a template is wrong")


def _written(material: Material) -> Iterator[str]:
    view = material.view
    yield from (view.subject, view.preheader, view.tagline, view.about)
    yield from (section.heading for section in view.sections)
    yield from (word for pair in view.numbers for word in pair)
    if view.topper:
        yield from (view.topper.text, view.topper.signed)
    if view.quote:
        yield from (view.quote.text, view.quote.who)
    for pick in material.picks:
        yield from (pick.headline, pick.blurb, pick.kicker, pick.byline, pick.whole_html)


@check("slot-missing", Level.BLOCK, "A place that every reader's copy fills is missing.")
def slot_missing(material: Material) -> Iterator[Said]:
    """The compile refuses this too; stored bytes and own templates are looked at again."""
    needed = NEEDED if material.view.guarded else (*NEEDED, *NEEDED_UNLESS_GUARDED)
    for edition in material.editions:
        for kind, parts in (("HTML", edition.rendering.html), ("text", edition.rendering.text)):
            there = {part.slot for part in parts if not part.block}
            for slot in needed:
                if slot not in there:
                    yield Said(f"the {kind} part has no {slot} that every reader gets")
