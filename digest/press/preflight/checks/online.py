"""What only the outside can say: dead links, heavy pictures, articles that have changed since they
were picked. Says nothing when nobody was asked.
"""

from collections.abc import Iterator

from digest.curation.canonical import canonical_url
from digest.press.preflight.findings import Level
from digest.press.preflight.hosts import host_of
from digest.press.preflight.material import Answer, Material
from digest.press.preflight.page import Image
from digest.press.preflight.registry import Said, check
from digest.press.preflight.wording import is_within

GONE = frozenset({404, 410})
HEAVY, HEAVY_TOGETHER = 200_000, 800_000  # bytes
WIDE = 1_300  # pixels; narrow pictures fill a phone's width, so twice what is shown is too little


@check("link-dead", Level.BLOCK, "A link or picture is gone.")
def link_dead(material: Material) -> Iterator[Said]:
    """404 and 410."""
    for url, answer in _answers(material):
        if answer.status in GONE:
            yield Said(f"{url[:80]} is gone: {answer.problem}", material.headline_of(url))


@check("link-unanswered", Level.WARN, "A link or picture did not answer, or refused us.")
def link_unanswered(material: Material) -> Iterator[Said]:
    """It may refuse programs only, so have a look yourself."""
    for url, answer in _answers(material):
        if answer.problem and answer.status not in GONE:
            yield Said(f"look at it yourself: {answer.problem}", material.headline_of(url))


@check("drift-title", Level.NOTE, "An article has another headline than when it was picked.")
def drift_title(material: Material) -> Iterator[Said]:
    """The article's, not the editor's; a few words more or less are no other headline."""
    for pick in material.picks:
        answer, facts = (material.answers or {}).get(pick.url), material.articles.get(pick.url)
        if answer is None or facts is None or not (answer.title and facts.title):
            continue
        if not is_within(answer.title, facts.title):
            yield Said(f"its page now says {answer.title[:120]!r}", pick.headline)


@check("drift-address", Level.NOTE, "An article has moved to another address.")
def drift_address(material: Material) -> Iterator[Said]:
    """On another host or path; http to https is no move."""
    for pick in material.picks:
        answer = (material.answers or {}).get(pick.url)
        places = {_place(pick.url), _place(material.original_of(pick.url))}  # a mirror names both
        if answer and answer.url and _place(answer.url) not in places:
            yield Said(f"it is at {answer.url[:120]} now", pick.headline)


def _place(url: str) -> tuple[str, str]:
    canonical = canonical_url(url)
    return host_of(canonical), canonical.partition("://")[2].partition("/")[2].rstrip("/")


@check("picture-heavy", Level.WARN, "Pictures take long on a slow line.")
def picture_heavy(material: Material) -> Iterator[Said]:
    """One of more than 200 KB, or all together more than 800 KB."""
    together = 0
    for image, answer in _pictures(material):
        together += answer.size
        if answer.size > HEAVY:
            size = f"{answer.size / 1000:,.0f} KB; {HEAVY // 1000} are the most"
            yield Said(f"the picture has {size}", material.headline_of(image.url))
    if together > HEAVY_TOGETHER:
        yield Said(
            f"all pictures have {together / 1000:,.0f} KB; {HEAVY_TOGETHER // 1000} are many"
        )


@check("picture-scaled", Level.WARN, "A picture is stretched, or much larger than shown.")
def picture_scaled(material: Material) -> Iterator[Said]:
    """Narrower than it is shown, or wider than twice that and than any screen asks for."""
    for image, answer in _pictures(material):
        if not answer.width or not image.width:
            continue
        if not image.width <= answer.width <= max(2 * image.width, WIDE):
            yield Said(
                f"the picture is {answer.width} px wide and shown at {image.width}: "
                f"{2 * image.width} are right",
                material.headline_of(image.url),
            )


def _answers(material: Material) -> Iterator[tuple[str, Answer]]:
    answers = material.answers or {}
    yield from ((url, answers[url]) for url in material.web_links() if url in answers)


def _pictures(material: Material) -> Iterator[tuple[Image, Answer]]:
    """Yield each picture once, as wide as it is shown at most, with what came back for it."""
    widest: dict[str, Image] = {}
    for edition in material.editions:
        for image in edition.page.images:
            if image.url not in widest or image.width > widest[image.url].width:
                widest[image.url] = image
    for url, image in widest.items():
        answer = (material.answers or {}).get(url)
        if answer is not None and not answer.problem:
            yield image, answer
