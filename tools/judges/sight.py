"""The judges that look: axe-core on what a reader can perceive, and whether anything sticks out.

axe judges in light and in dark. Two of its rules are off, because a mail is no page: `region` and
`landmark-one-main` want landmarks that mail programs drop or have themselves.
"""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from tools.judges.node_side import module_text
from tools.judges.samples import Sample
from tools.judges.screen import HEIGHT, SCHEMES, Screen
from tools.judges.verdicts import Findings

AXE = "axe-core/axe.min.js"
RUN_AXE = """() => axe.run(document, {
  resultTypes: ['violations'],
  rules: {'region': {enabled: false}, 'landmark-one-main': {enabled: false}},
})"""
WIDTH = 700
PHONES = (320, 375)
STICKING_OUT = """() => [...document.body.querySelectorAll('p, h1, h2, h3, li, a, img')]
  .map((e) => [e.getBoundingClientRect(), e.outerHTML.slice(0, 120)])
  .filter(([box]) => box.width && (box.right > innerWidth + 1 || box.left < -1))
  .map(([_, written]) => written)"""


def judge_access(samples: Sequence[Sample], screen: Screen) -> Findings:
    """Return axe-core's violations of each copy, light and dark, the small ones too."""
    engine = module_text(AXE)
    return {sample.name: _violations(sample, screen, engine) for sample in samples}


def _violations(sample: Sample, screen: Screen, engine: str) -> list[str]:
    found: list[str] = []
    with screen.show(sample.html, width=WIDTH) as page:
        page.evaluate(engine)
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            violations = page.evaluate(RUN_AXE)["violations"]
            found += [_in_words(scheme, violation) for violation in violations]
    return found


def _in_words(scheme: str, violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    places = "; ".join(node["html"][:160] for node in nodes[:3])
    return f"{scheme}, {violation['impact']}: {violation['id']}, {len(nodes)} times: {places}"


def judge_width(samples: Sequence[Sample], screen: Screen) -> Findings:
    """Return what is wider than a phone in each copy, and what it wants from the network."""
    return {sample.name: _too_wide(sample, screen) for sample in samples}


def _too_wide(sample: Sample, screen: Screen) -> list[str]:
    found: list[str] = []
    with screen.show(sample.html, width=PHONES[0]) as page:
        for width in PHONES:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            found += _scrolls(page, width)
            found += [f"{width} px: sticks out: {part}" for part in page.evaluate(STICKING_OUT)]
        return found + [f"asks for {url}" for url in screen.asked]


def _scrolls(page: Page, width: int) -> list[str]:
    needed = page.evaluate("document.scrollingElement.scrollWidth")
    return [f"{width} px: scrolls sideways, {needed} px wide"] if needed > width else []
