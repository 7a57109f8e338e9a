"""Group 9: the text part, which some readers see alone."""

import re
from collections import Counter
from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Edition, Material
from digest.press.preflight.registry import Said, check

# Scripts that write no blanks between words are compared by their letters: a line ends anywhere.
UNPARTED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{UNPARTED}]|[^\W{UNPARTED}]+")
ADDRESS = re.compile(r"(?:https?|mailto):\S+")
LEAST_SIMILAR = 0.6
LEAST_SHARE = 0.05  # of the HTML's bytes


@check("text-missing", Level.BLOCK, "There is no text part.")
def text_missing(material: Material) -> Iterator[Said]:
    """Not a word of it."""
    if not all(WORD.search(ADDRESS.sub("", edition.text)) for edition in material.editions):
        yield Said("the text part is empty")


@check("text-links", Level.BLOCK, "An article's address is missing from the text part.")
def text_links(material: Material) -> Iterator[Said]:
    """Of every pick that the edition shows."""
    for edition in material.editions:
        lead = (edition.view.lead,) if edition.view.lead else ()
        for pick in (*lead, *(one for section in edition.view.sections for one in section.picks)):
            if pick.url not in edition.text:
                yield Said("the text part does not have the article's address", pick.headline)


@check("text-thin", Level.WARN, "The HTML is nearly all markup, as in spam.")
def text_thin(material: Material) -> Iterator[Said]:
    """Visible words are less than 5 % of its bytes."""
    edition = material.largest
    share = len(edition.page.words.encode()) / max(1, len(edition.html.encode()))
    if share < LEAST_SHARE:
        yield Said(f"only {share:.1%} of the HTML are words: add blurbs or an opening note")


@check("text-differs", Level.BLOCK, "HTML and text do not say the same.")
def text_differs(material: Material) -> Iterator[Said]:
    """Less than 60 % of the visible words are in both; filters call that R_PARTS_DIFFER."""
    for edition in material.editions:
        similar = similarity(edition)
        if similar < LEAST_SIMILAR:
            yield Said(f"HTML and text have only {similar:.0%} of their words in common")


def similarity(edition: Edition) -> float:
    """Return the share of words that both parts have, 0 to 1, addresses left out."""
    html, text = _words(edition.page.words), _words(edition.text)
    both = (html & text).total()
    return 2 * both / max(1, html.total() + text.total())


def _words(text: str) -> Counter[str]:
    return Counter(WORD.findall(ADDRESS.sub(" ", text).casefold()))
