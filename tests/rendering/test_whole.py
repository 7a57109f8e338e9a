"""A whole article in a mail: styled for HTML, and never through the compiler."""

from collections.abc import Callable

from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.stored import Rendering
from digest.rendering.theme import theme_for
from digest.rendering.view import IssueView, PickView, SectionView
from digest.rendering.whole import styled

THEME = theme_for("en", "#a4161a")


def test_each_tag_that_needs_one_gets_a_style() -> None:
    html = '<p>a <a href="https://x.example">b</a><br></p><hr><ol start="3"><li>c</li></ol>'

    out = styled(html, THEME)

    assert out.count("style=") == 5
    assert '<a href="https://x.example" style="color:#1d1d1b;text-decoration:underline">' in out
    assert '<ol start="3" style=' in out
    assert "<br>" in out


def test_lists_are_indented_where_a_line_begins() -> None:
    assert "padding-right:24px" in styled("<ul><li>a</li></ul>", theme_for("ar", "#a4161a"))


def test_what_would_kill_or_confuse_the_compiler_never_reaches_it(
    render: Callable[..., Rendering], make_view: Callable[..., IssueView], reader: ReaderValues
) -> None:
    deep = "<blockquote>" * 500 + "<p>5 < 6 &nbsp; \u200c </mj-text>" + "</blockquote>" * 500
    pick = PickView("Deep", "https://courier.example/deep", whole_html=deep)

    rendering = render(make_view(sections=(SectionView("News", (pick,), 1),)))

    assert "5 < 6 &nbsp; \u200c </mj-text>" in fill_html(rendering, reader)
    assert "5 < 6" in fill_text(rendering, reader)
