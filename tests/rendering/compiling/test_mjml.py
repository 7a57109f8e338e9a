"""The hardened compile: golden tests of mrml's traps, and of what we refuse before mrml sees it."""

import html
import re
from importlib.metadata import distribution, distributions

import mjml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderingFailed
from digest.rendering.compiling.armour import armour, unarmour
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.compiling.refusals import DEPTH_CAP, SIZE_CAP

FRAME = '<mjml lang="en" dir="ltr">{head}<mj-body width="600px">{body}</mj-body></mjml>'
TEXT = "<mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section>"
IMAGE = '<mj-section><mj-column><mj-image src="{src}" alt="{alt}" /></mj-column></mj-section>'

# What newsrooms write: French spaces, Persian joins, Thai vowels, niqqud, emoji, combining accents.
AWKWARD = "a\u00a0b\u202fc می\u200cخواهم ที่นี่ שָׁלוֹם ❤\ufe0f 👩\u200d👧 e\u0301 \\n C:\\new \u00ad|"


def document(body: str, head: str = "") -> str:
    return FRAME.format(head=head, body=body)


def raw(body: str, head: str = "") -> str:
    return mjml.mjml2html(document(body, head), fonts={}, disable_comments=True)


def alt_of(page: str) -> str:
    found = re.search(r'alt="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def test_version_is_the_one_the_traps_were_measured_on() -> None:
    assert distribution("mjml-python").version == "1.4.2"


def test_trap_1_mrml_still_corrupts_attributes() -> None:
    page = raw(IMAGE.format(src="a.png", alt="a\u00a0b \\ \u200c"))

    assert r'alt="a\u{a0}b \\ \u{200c}"' in page


def test_trap_1_attributes_survive_the_armour() -> None:
    page = compile_mjml(document(IMAGE.format(src="https://a.example/?x=1&amp;y=2", alt=AWKWARD)))

    assert alt_of(page) == AWKWARD


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_trap_1_any_text_survives_as_attribute(text: str) -> None:
    wanted = re.sub(" +", " ", re.sub("[\ufffe\uffff]", "", text))  # blanks are folded

    page = compile_mjml(document(IMAGE.format(src="a.png", alt=html.escape(text))))

    assert alt_of(page) == wanted


def test_trap_1_newlines_in_a_style_become_blanks() -> None:
    page = compile_mjml(document(TEXT.format('<p style="color:red;\n\t margin:0">x</p>')))

    assert '<p style="color:red; margin:0">x</p>' in page


def test_trap_1_single_quotes_may_hold_double_quotes() -> None:
    page = compile_mjml(
        document(TEXT.format("<a title='say \"no\"' href='https://a.example'>x</a>"))
    )

    assert 'title="say &#34;no&#34;"' in page


def test_trap_2_mrml_still_misreads_a_zero_without_unit() -> None:
    body = '<mj-section padding="0 24px"><mj-column><mj-text>x</mj-text></mj-column></mj-section>'

    assert "width:552px" not in raw(body)


def test_trap_2_zero_gets_its_unit() -> None:
    body = '<mj-section padding="0 24px"><mj-column><mj-text>x</mj-text></mj-column></mj-section>'

    assert "width:552px" in compile_mjml(document(body))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<mj-text padding="0 10px 0.5px 0%" />', 'padding="0px 10px 0.5px 0%"'),
        ('<mj-button inner-padding="0" />', 'inner-padding="0px"'),
        ('<mj-text padding-top="0" />', 'padding-top="0px"'),
        ('<mj-image alt="0 points" />', 'alt="0 points"'),
        ('<td padding="0">', '<td padding="0">'),
        ('<mj-text color="#c0A" />', 'color="#cc00AA"'),
        ('<mj-section border-top="1px solid #abc" />', 'border-top="1px solid #aabbcc"'),
        ('<mj-image alt="#abc" />', 'alt="#abc"'),
    ],
)
def test_armour_rewrites_lengths_and_colours_of_components_only(before: str, after: str) -> None:
    assert after in armour(before)


def test_trap_3_mrml_still_pastes_the_title_into_an_attribute() -> None:
    page = raw(TEXT.format("x"), '<mj-head><mj-title>a" onload="b</mj-title></mj-head>')

    assert r'aria-label="a\" onload=\"b"' in page


def test_trap_3_title_cannot_leave_its_attribute() -> None:
    title = 'a" onload="b \u00a0 می\u200cخ \\ end'

    page = compile_mjml(
        document(TEXT.format("x"), f"<mj-head><mj-title>{title}</mj-title></mj-head>")
    )

    assert html.unescape(re.findall(r'aria-label="([^"]*)"', page)[0]) == title


def test_trap_4_deep_nesting_is_refused_before_it_kills() -> None:
    nested = "<b>" * 20_000 + "</b>" * 20_000

    with pytest.raises(
        RenderingFailed, match=f"line 1, column \\d+: more than {DEPTH_CAP} tags nested"
    ):
        compile_mjml(document(TEXT.format(nested)))


def test_nesting_below_the_cap_passes() -> None:
    nested = "<b>" * (DEPTH_CAP - 6) + "</b>" * (DEPTH_CAP - 6)

    assert compile_mjml(document(TEXT.format(nested))).count("<b>") == DEPTH_CAP - 6


def test_trap_5_no_other_package_owns_the_import_name() -> None:
    owners = [d.metadata["Name"] for d in distributions() if d.metadata["Name"] == "mjml"]

    assert owners == []


def test_size_is_capped() -> None:
    with pytest.raises(RenderingFailed, match="1,000,000"):
        compile_mjml(document(TEXT.format("x" * SIZE_CAP)))


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(RenderingFailed, match="Unicode"):
        compile_mjml(document(TEXT.format("\ud800")))


def test_unclosed_document_names_the_line_of_the_open_tag() -> None:
    with pytest.raises(RenderingFailed, match="line 2, column 1: <mj-body> is never closed"):
        compile_mjml("<mjml>\n<mj-body>")


def test_newline_in_an_attribute_keeps_later_line_numbers() -> None:
    body = TEXT.format('<p style="a:b;\nc:d">x</p>') + '\n<mj-include path="x" />'

    with pytest.raises(RenderingFailed, match="line 3, column 1: "):
        compile_mjml(document(body))


def test_unknown_component_is_refused_by_name() -> None:
    with pytest.raises(RenderingFailed, match="<mj-foo> is not a component"):
        compile_mjml(document("<mj-foo>x</mj-foo>"))


def test_nothing_is_fetched_from_google() -> None:
    assert "fonts.googleapis" in mjml.mjml2html(document(TEXT.format("x")))
    assert "googleapis" not in compile_mjml(document(TEXT.format("x")))


def test_comments_go_and_outlook_conditionals_stay() -> None:
    page = compile_mjml(document(TEXT.format("x<!-- secret -->")))

    assert "secret" not in page
    assert "<!--[if mso" in page


def test_image_without_alt_gets_an_empty_one() -> None:
    body = '<mj-section><mj-column><mj-image src="a.png" /></mj-column></mj-section>'

    assert "alt=" not in raw(body)
    assert '<img alt=""' in compile_mjml(document(body))


def test_stray_vertical_align_is_removed() -> None:
    body = (
        '<mj-section><mj-column><mj-button href="https://a.example">x</mj-button>'
        "</mj-column></mj-section>"
    )

    assert ' vertical-align="' in raw(body)
    assert ' vertical-align="' not in compile_mjml(document(body))


def test_text_with_debug_escapes_of_its_own_passes() -> None:
    assert r"\u{a0}" in compile_mjml(document(TEXT.format(r"Rust writes \u{a0}")))


@pytest.mark.parametrize("kept", ["&#34;", "&#60;", "&#160;", "&#173;", "&#55357;", "&#9999999;"])
def test_unarmour_leaves_markup_blanks_and_nonsense(kept: str) -> None:
    assert unarmour(kept) == kept


def test_unarmour_leaves_text_that_only_looks_like_a_reference() -> None:
    assert unarmour("&amp;#8204;") == "&amp;#8204;"
