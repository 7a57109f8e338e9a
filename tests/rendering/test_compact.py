"""What a compiled page can do without, and what must stay."""

import pytest

from digest.rendering.compiling.compact import compact
from digest.rendering.compiling.mjml import compile_mjml


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<!--[if mso | IE]><tr><![endif]--><!--[if mso | IE]><td>", "<!--[if mso]><tr><td>"),
        ("<table><tbody><tr></tr></tbody></table>", "<table><tr></tr></table>"),
        ('<table class="card-outlook" width="600">', '<table width="600">'),
        ('style="background:#ffffff;background-color:#ffffff;"', 'style="background:#ffffff;"'),
        ('<p style="margin:0px;">', '<p style="margin:0px">'),
        ('<div class="mj-outlook-group-fix mj-column-px-9">', '<div class="mj-column-px-9">'),
        ("a<!--[if lte mso 11]><style></style><![endif]-->\nb", "ab"),
    ],
)
def test_markup_that_says_nothing_is_left_out(written: str, kept: str) -> None:
    assert compact(written) == kept


@pytest.mark.parametrize(
    "html",
    [
        'style="background:#ffffff;background-color:#000000"',
        "<!--[if mso]><noscript><![endif]--> text <!--[if mso]><td><![endif]-->",
        "<p>&lt;tbody&gt; style=&#34;a;&#34;</p>",
        '<a href="https://a.example/?q=x;">x</a>',
        "<p>a;</p>",
    ],
)
def test_everything_else_stays(html: str) -> None:
    assert compact(html) == html


def test_nothing_is_left_to_do_after_once() -> None:
    html = compile_mjml(
        "<mjml><mj-body><mj-section css-class='a'><mj-column><mj-text>x;</mj-text></mj-column>"
        "</mj-section></mj-body></mjml>"
    )

    assert compact(html) == html
