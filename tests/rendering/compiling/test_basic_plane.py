"""Every character of the Basic Multilingual Plane, and some beyond, through every component we
use: in attributes and in words.

Each batch of characters stands at once in all places of one document; lxml reads back what a mail
program would.
"""

import html
import re

import lxml.html
import pytest

from digest.rendering.compiling.mjml import compile_mjml

BATCH = 0x1800
# Not controls, surrogates and the two non-characters; a blank of ASCII would be folded.
PLANE = [n for n in range(0x21, 0xFFFE) if not (0x7F <= n <= 0x9F or 0xD800 <= n <= 0xDFFF)]
BEYOND = [*range(0x1F000, 0x1FB00), *range(0x20000, 0x20400), *range(0xE0100, 0xE01F0), 0x10FFFD]
BATCHES = [
    "".join(map(chr, codes[start : start + BATCH]))
    for codes in (PLANE, BEYOND)
    for start in range(0, len(codes), BATCH)
]

NOT_IN_NAMES = r"""[\s"'&<>;:\\/(){}]"""  # they have a meaning in a class or a style
READ = ("title", "div", "a", "td", "p", "h2")  # what has words in it
LINK = "https://a.example/?q="
DOCUMENT = """<mjml lang="en" dir="ltr"><mj-head>
<mj-title>{words}</mj-title><mj-preview>{words}</mj-preview>
<mj-attributes><mj-all font-family="{family}" /><mj-class name="c" css-class="{word}" />
</mj-attributes></mj-head><mj-body css-class="{word}">
<mj-raw><div title="{value}" data-k="raw">{words}</div></mj-raw>
<mj-wrapper css-class="{word}"><mj-section css-class="{word}"><mj-group css-class="{word}">
<mj-column css-class="{word}"><mj-text css-class="{word}">
<h2 title="{value}" style="font-family:'{style}'"><a href="{link}" title="{value}">{words}</a></h2>
<img src="{link}" alt="{value}"></mj-text>
<mj-image src="{link}" alt="{value}" title="{value}" href="{link}" css-class="{word}" />
<mj-button href="{link}" css-class="{word}">{words}</mj-button>
<mj-divider css-class="{word}" /><mj-spacer css-class="{word}" />
<mj-table css-class="{word}"><tr><td title="{value}">{words}</td></tr></mj-table>
<mj-social><mj-social-element src="{link}" href="{link}" alt="{value}">{words}</mj-social-element>
</mj-social></mj-column></mj-group></mj-section></mj-wrapper></mj-body></mjml>"""


@pytest.fixture(scope="module", params=range(len(BATCHES)), ids=lambda n: f"{ord(BATCHES[n][0]):X}")
def batch(request: pytest.FixtureRequest) -> str:
    return BATCHES[request.param]


@pytest.fixture(scope="module")
def page(batch: str) -> lxml.html.HtmlElement:
    escaped = html.escape(batch)
    plain = re.sub(NOT_IN_NAMES, "", batch)
    source = DOCUMENT.format(
        words=escaped,
        value=escaped,
        word=plain,
        style=plain,
        family=html.escape(f"'{plain}'"),
        link=f"{LINK}{escaped}",
    )
    return lxml.html.fromstring(compile_mjml(source))


def test_plane_is_whole() -> None:
    assert len(PLANE) == 65_536 - 0x21 - 33 - 0x800 - 2
    assert "".join(BATCHES).startswith("".join(map(chr, PLANE)))


@pytest.mark.parametrize("name", ["alt", "title"])
def test_values_survive(batch: str, page: lxml.html.HtmlElement, name: str) -> None:
    values = [element.get(name) for element in page.iter() if element.get(name) is not None]

    assert len(values) >= 3
    assert set(values) == {batch}


def test_links_and_sources_survive(batch: str, page: lxml.html.HtmlElement) -> None:
    links = [element.get(name) for element in page.iter() for name in ("href", "src")]

    assert {link for link in links if link} == {LINK + batch}
    assert len([link for link in links if link]) == 8


def test_label_survives(batch: str, page: lxml.html.HtmlElement) -> None:
    assert page.find(".//div[@role='article']").get("aria-label") == batch


def test_words_survive(batch: str, page: lxml.html.HtmlElement) -> None:
    texts = [element.text for element in page.iter(*READ)]
    said = [text.strip() for text in texts if text and text.strip()]

    # Title, preview, raw, headline, button, table, social.
    assert len(said) == 7
    assert set(said) == {batch.strip()}


def test_classes_and_fonts_survive(batch: str, page: lxml.html.HtmlElement) -> None:
    plain = re.sub(NOT_IN_NAMES, "", batch)
    classes = [element.get("class") or "" for element in page.iter()]
    styles = [element.get("style") or "" for element in page.iter()]

    assert len([name for name in classes if plain in name]) >= 10
    assert all(plain in name for name in classes if plain[:9] in name)
    assert len([style for style in styles if "font-family" in style]) >= 4
    assert all(f"'{plain}'" in style for style in styles if "font-family" in style)
