"""Links of a page that was sent, led to the right place, and nothing else of it changed."""

import pytest

from digest.press.archive.corrected import repointed

WRONG, RIGHT = "https://courier.example/a?x=1&y=2", 'https://courier.example/b?q="1"&z=2'
LINKS = {WRONG: RIGHT}
LED = 'href="https://courier.example/b?q=&quot;1&quot;&amp;z=2"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="https://courier.example/a?x=1&amp;y=2">x</a>', f"<a {LED}>x</a>"),
        ("<a class=k href='https://courier.example/a?x=1&y=2'>x</a>", f"<a class=k {LED}>x</a>"),
        ('<A STYLE="a" href="https://courier.example/a?x=1&#38;y=2">', f'<A STYLE="a" {LED}>'),
    ],
)
def test_link_is_found_however_it_is_written(before: str, after: str) -> None:
    assert repointed(before, LINKS) == after


@pytest.mark.parametrize(
    "page",
    [
        '<a href="https://courier.example/a">x</a>',
        '<a href="https://courier.example/a?x=1&amp;y=2#end">x</a>',
        '<img src="https://courier.example/a?x=1&amp;y=2">',
        "<p>https://courier.example/a?x=1&amp;y=2</p>",
        '<link rel="x" href="https://courier.example/a?x=1&amp;y=2">',
        "",
    ],
)
def test_nothing_else_is_touched(page: str) -> None:
    assert repointed(page, LINKS) == page


def test_page_without_corrections_is_the_same_page() -> None:
    page = '<a href="https://courier.example/a?x=1&amp;y=2">x</a>'
    assert repointed(page, {}) is page
