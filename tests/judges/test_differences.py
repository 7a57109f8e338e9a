"""How two compilers' mails are compared, and in what they still differ."""

import mjml
import pytest
from PIL import Image

from tools.judges import outlook, pictures, words

WHITE, GREY = (255, 255, 255), (254, 255, 255)


def picture(height: int = 100, changed: int = 0) -> Image.Image:
    """Return a white picture, 100 pixels wide, of which some pixels are a shade darker."""
    made = Image.new("RGB", (100, height), WHITE)
    for place in range(changed):
        made.putpixel((place, 0), GREY)
    return made


@pytest.mark.parametrize(("changed", "faults"), [(0, 0), (10, 0), (11, 1)])
def test_pictures_may_differ_in_a_thousandth_of_their_pixels(changed: int, faults: int) -> None:
    assert len(pictures.differences(picture(), picture(changed=changed))) == faults


@pytest.mark.parametrize(("height", "faults"), [(98, 0), (102, 0), (97, 1), (103, 1)])
def test_pictures_may_differ_by_two_pixels_of_height(height: int, faults: int) -> None:
    assert len(pictures.differences(picture(), picture(height=height))) == faults


def test_column_of_a_group_keeps_the_fraction_the_reference_cuts() -> None:
    column = (
        '<div\n class="mj-column-per-33-333 mj-outlook-group-fix" style="direction:ltr;width:{}">'
    )

    assert pictures.reconciled(column.format("33%")) == column.format("33.333%")
    assert pictures.reconciled(column.format("100%")) == column.format("100%")


def test_class_of_the_body_moves_to_the_div_inside() -> None:
    reference = '<body  class="page" style="a">\n <div\n lang="en">'

    assert pictures.reconciled(reference) == '<body style="a">\n <div class="page"\n lang="en">'


def cell(width: str) -> str:
    return f'<!--[if mso | IE]><td class="x" style="width:{width};top:0px" ><![endif]--><p>'


@pytest.mark.parametrize(("width", "alike"), [("243px", True), ("242px", True), ("244px", False)])
def test_outlooks_widths_may_differ_by_rounding(width: str, alike: bool) -> None:
    assert (outlook.differences(cell("242.88px"), cell(width)) == []) is alike


def test_outlook_sees_a_tag_that_the_other_lacks() -> None:
    assert outlook.differences(cell("9px"), "<p>") == ["1 tags, the reference has 0"]


def test_outlook_sees_no_classes_and_no_order_of_styles() -> None:
    other = '<!--[if mso | IE]><td style="top:0px;width:9px;"><![endif]--><img\n width="9" />'

    assert outlook.skeleton(cell("9px") + '<img width="9">') == outlook.skeleton(other)


def test_mrml_still_narrows_the_padded_columns_of_a_group_for_outlook() -> None:
    """The reference writes 200 px; our templates pad the text instead of the column."""
    column = '<mj-column padding="0px 6px"><mj-text>x</mj-text></mj-column>'
    group = f"<mj-section padding='0px'><mj-group>{column * 3}</mj-group></mj-section>"

    compiled = mjml.mjml2html(f"<mjml><mj-body>{group}</mj-body></mjml>", fonts={})

    assert "td style=vertical-align:top;width:188px" in outlook.skeleton(compiled)


PAGE = '<html lang="en"><head><title>t</title></head><body>{}</body></html>'


@pytest.mark.parametrize(
    "other",
    [
        '<a href="https://b.example">x</a>',
        '<a href="https://a.example" title="y">x</a>',
        '<a href="https://a.example">x\u00a0</a>',
        '<a href="https://a.example">x</a><!-- --> y',
        "",
    ],
)
def test_words_find_what_is_told_otherwise(other: str) -> None:
    ours = '<a href="https://a.example">x</a>'

    assert words.differences(PAGE.format(ours), PAGE.format(other))


def test_words_do_not_mind_blanks_styles_and_comments() -> None:
    ours, theirs = '<p style="a">x y</p>', "<!-- c --><p class='b'>\n  x\n y </p>\n"

    assert words.differences(PAGE.format(ours), PAGE.format(theirs)) == []
