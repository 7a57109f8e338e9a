"""The reference compiler, npm mjml 5, renders the same MJML: both pictures must be one.

Where mrml and the reference differ and we mean to keep the difference, it is taken out of the
reference's HTML here, by name (`reconciled`); the tolerance is for a browser's rounding only.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from tools.judges.reference import Reference
from tools.judges.samples import Sample
from tools.judges.screen import HEIGHT, Scheme, Screen
from tools.judges.verdicts import Findings

TOLERANCE = 0.001  # of all pixels
TOLERATED_HEIGHT = 2  # pixels


@dataclass(frozen=True, slots=True)
class Looking:
    """How a mail is looked at."""

    width: int
    scheme: Scheme = "light"

    def __str__(self) -> str:
        return f"{self.width} px {self.scheme}"


# Two that differ in both: no rule of ours asks for width and scheme together.
LOOKINGS = (Looking(700), Looking(375, "dark"))

# On a phone the reference cuts the columns of a group to whole per cent (33%, so a hundredth of the
# row stays empty); mrml keeps the fraction, which is what the class beside it says. Ours is meant.
GROUP_COLUMN = re.compile(
    r'(class="mj-column-per-(?P<whole>\d+)-(?P<fraction>\d+) mj-outlook-group-fix" '
    r'style="[^"]*?)width:(?!100%)\d+%'
)
# The class of mj-body: the reference gives it to <body>, mrml to the <div> inside. Ours is meant:
# web mail drops <body>, and our dark ground would go with it.
BODY_CLASS = re.compile(r'<body\s+(?P<class>class="[^"]*")(?P<rest>[^>]*>\s*<div)')


def reconciled(reference: str) -> str:
    """Return the reference's HTML with the differences we mean to keep taken out."""
    columns = GROUP_COLUMN.sub(r"\1width:\g<whole>.\g<fraction>%", reference)
    return BODY_CLASS.sub(r"<body\g<rest> \g<class>", columns)


def judge_pictures(
    samples: Sequence[Sample], screen: Screen, reference: Reference, keep: Path | None = None
) -> Findings:
    """Return where each copy looks other than the reference's, whose pictures go to `keep`."""
    copies = reference.copies_of(samples)
    findings: dict[str, list[str]] = {}
    for sample in samples:
        theirs = reconciled(copies[sample.name])
        pairs = zip(pictures_of(sample.html, screen), pictures_of(theirs, screen), strict=True)
        findings[sample.name] = [
            f"{looking}: {fault}"
            for looking, pair in zip(LOOKINGS, pairs, strict=True)
            for fault in _compare(*pair, keep and keep / f"{sample.name} {looking}")
        ]
    return findings


def pictures_of(html: str, screen: Screen) -> list[Image.Image]:
    """Return the whole mail as a picture, in each way of looking at it."""
    pictures: list[Image.Image] = []
    with screen.show(html, width=LOOKINGS[0].width) as page:
        for looking in LOOKINGS:
            page.set_viewport_size({"width": looking.width, "height": HEIGHT})
            page.emulate_media(color_scheme=looking.scheme)
            taken = page.screenshot(full_page=True)
            pictures.append(Image.open(io.BytesIO(taken)).convert("RGB"))
    return pictures


def _compare(ours: Image.Image, theirs: Image.Image, keep: Path | None) -> list[str]:
    faults = differences(ours, theirs)
    if faults and keep:
        ours.save(f"{keep} ours.png")
        theirs.save(f"{keep} reference.png")
    return faults


def differences(ours: Image.Image, theirs: Image.Image) -> list[str]:
    """Return what is more different between two pictures than may be."""
    if abs(ours.height - theirs.height) > TOLERATED_HEIGHT:
        return [f"{ours.height} px high, the reference {theirs.height}"]
    box = (0, 0, min(ours.width, theirs.width), min(ours.height, theirs.height))
    difference = ImageChops.difference(ours.crop(box), theirs.crop(box))
    share = _changed(difference) / (box[2] * box[3])
    if share <= TOLERANCE:
        return []
    return [f"{share:.2%} of the pixels differ, all within {difference.getbbox()}"]


def _changed(difference: Image.Image) -> int:
    """Return how many pixels are not the same in every channel."""
    red, green, blue = difference.split()
    greatest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return sum(greatest.histogram()[1:])
