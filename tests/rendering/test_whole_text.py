"""A whole article as plain text: its structure kept, its links below."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.cleaning import safe_html
from digest.rendering.lines import MEASURE, columns
from digest.rendering.whole_text import as_text

SITE = "https://courier.example"


@pytest.mark.parametrize(
    ("cleaned", "text"),
    [
        ("<p>One\nline.</p><p>Two &amp; <em>three</em>.</p>", "One line.\n\nTwo & three."),
        ("words without a tag", "words without a tag"),
        ("<h2>Head</h2><p>Text</p>", "Head\n\nText"),
        ("<p>a<br>b</p>", "a\nb"),
        ("<p>a</p><hr><p>b</p>", "a\n\n* * *\n\nb"),
        ("<ul><li>a</li><li><p>b</p><p>c</p></li></ul><p>d</p>", "– a\n– b\n\n  c\n\nd"),
        ('<ol start="9"><li>a</li><li>b</li></ol>', "9. a\n10. b"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "– a\n  – b\n– c"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>c</p>", "    a\n\n    b\n\nc"),
        ("<ul><li></li></ul><p>a</p>", "a"),
        ("", ""),
    ],
)
def test_structure_is_kept(cleaned: str, text: str) -> None:
    assert as_text(cleaned) == text


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (f'<a href="{SITE}/a?b=1&amp;c=2">there</a>.', f"there\u00a0[1].\n\n[1] {SITE}/a?b=1&c=2"),
        (f'<a href="{SITE}">{SITE}</a>', SITE),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example"),
        ('<a href="mailto:a@b.example">us</a>', "us\u00a0[1]\n\n[1] a@b.example"),
        (f'<a href="{SITE}"></a>x', "x"),
        ("<a>x</a>", "x"),
    ],
)
def test_links_stand_below_where_the_words_do_not_say_them(link: str, text: str) -> None:
    assert as_text(f"<p>{link}</p>") == text


def test_same_address_has_one_number() -> None:
    text = as_text(
        f'<p><a href="{SITE}/a">a</a> <a href="{SITE}/b">b</a> <a href="{SITE}/a">c</a></p>'
    )

    assert text == f"a\u00a0[1] b\u00a0[2] c\u00a0[1]\n\n[1] {SITE}/a\n[2] {SITE}/b"


def test_deep_lists_stay_inside_the_measure() -> None:
    text = as_text("<ul><li>" * 40 + "word " * 40 + "</li></ul>" * 40)

    assert max(map(columns, text.split("\n"))) <= MEASURE


@given(
    st.lists(
        st.sampled_from(
            [
                *("<p>", "</p>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<br>", "<hr>"),
                *("<blockquote>", "</blockquote>", f'<a href="{SITE}">', "</a>", "<h2>", "</h2>"),
                *("word", "港の労働者", " and ", "&nbsp;", "\n", "سلام"),
            ]
        ),
        max_size=60,
    ).map("".join)
)
def test_any_article_comes_out_tidy(markup: str) -> None:
    text = as_text(safe_html(markup, SITE))

    assert "\n\n\n" not in text
    assert text == text.strip("\n")
    assert [line for line in text.split("\n") if line != line.rstrip(" ")] == []
