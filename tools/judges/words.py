"""What a reader is told and where a click leads, which no picture shows: texts, descriptions,
addresses, languages and roles, in the order of the page. They must be the reference compiler's.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from tools.judges.reference import Reference
from tools.judges.samples import Sample
from tools.judges.verdicts import Findings

BLANKS = re.compile(r"[ \t\r\n]+")
TOLD = ("alt", "aria-label", "aria-roledescription", "dir", "href", "lang", "role", "src", "title")


def judge_words(samples: Sequence[Sample], reference: Reference) -> Findings:
    """Return the first place where a copy says something else than the reference's."""
    copies = reference.copies_of(samples)
    return {sample.name: differences(sample.html, copies[sample.name]) for sample in samples}


def differences(ours: str, theirs: str) -> list[str]:
    """Return what two mails say differently, the first such place only."""
    for one, other in zip_longest(words_of(ours), words_of(theirs), fillvalue="nothing"):
        if one != other:
            return [f"{one!r}, the reference {other!r}"]
    return []


def words_of(html: str) -> Iterator[str]:
    """Yield everything a mail says, blanks joined."""
    page = document_fromstring(html)
    yield f"title {page.findtext('.//title')}"
    yield from _said_by(page, ("lang", "dir"))
    body = page.find("body")
    for step, element in etree.iterwalk(body, events=("start", "end", "comment")):
        if step == "start":
            yield from _said_by(element, TOLD)
            yield from _one_line(element.text)
        elif element is not body:
            yield from _one_line(element.tail)


def _said_by(element: HtmlElement, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        if name in element.attrib:
            yield f"{element.tag} {name}={element.attrib[name]}"


def _one_line(text: str | None) -> Iterator[str]:
    """Yield the text, if there is any; no-break spaces are no blanks."""
    if line := BLANKS.sub(" ", text or "").strip(" "):
        yield line
