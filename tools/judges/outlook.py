"""What Outlook for Windows lays a mail out by, and no picture of a browser shows: the tables in
conditional comments, and the widths of pictures. They must be the reference compiler's.
"""

import re
from collections.abc import Sequence

from tools.judges.reference import Reference
from tools.judges.samples import Sample
from tools.judges.verdicts import Findings

SEEN = re.compile(
    r"<!--\[if mso[^\]]*\]>(?P<tags>.*?)<!\[endif\]-->|<img\s(?P<img>[^>]*)>", re.DOTALL
)
TAG = re.compile(r"<(?P<tag>/?[\w:]+)(?P<attributes>[^<>]*)>")
ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Two columns of 44 and 56 per cent are 242.88 and 309.12 pixels; the reference rounds.
ROUNDING = 1.0


def judge_outlook(samples: Sequence[Sample], reference: Reference) -> Findings:
    """Return the first place where Outlook sees another layout than the reference's."""
    copies = reference.copies_of(samples)
    return {sample.name: differences(sample.html, copies[sample.name]) for sample in samples}


def differences(ours: str, theirs: str) -> list[str]:
    """Return what differs first between two mails as Outlook sees them; empty when nothing does."""
    pair = skeleton(ours), skeleton(theirs)
    for number, (one, other) in enumerate(zip(*pair, strict=False), start=1):
        if not _alike(one, other):
            return [f"tag {number} is <{one}>, the reference's <{other}>"]
    if len(pair[0]) != len(pair[1]):
        return [f"{len(pair[0])} tags, the reference has {len(pair[1])}"]
    return []


def skeleton(html: str) -> list[str]:
    """Return the tags that only Outlook sees, and each picture's width, in order.

    Classes are left out, since Outlook matches none of ours, and so is the order of attributes.
    """
    tags: list[str] = []
    for seen in SEEN.finditer(html):
        if seen["tags"] is None:
            tags.append(f"img width={dict(ATTRIBUTE.findall(seen['img'])).get('width')}")
        else:
            tags += [_written(tag["tag"], tag["attributes"]) for tag in TAG.finditer(seen["tags"])]
    return tags


def _written(tag: str, attributes: str) -> str:
    found = dict(ATTRIBUTE.findall(attributes))
    found.pop("class", None)
    if "style" in found:
        found["style"] = ";".join(sorted(filter(None, found["style"].split(";"))))
    return " ".join([tag, *(f"{name}={value}" for name, value in sorted(found.items()))])


def _alike(one: str, other: str) -> bool:
    numbers = zip(NUMBER.findall(one), NUMBER.findall(other), strict=False)
    return NUMBER.sub("#", one) == NUMBER.sub("#", other) and all(
        abs(float(a) - float(b)) < ROUNDING for a, b in numbers
    )
