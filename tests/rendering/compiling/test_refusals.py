"""What is refused before mrml sees it, each with its line and column."""

import time

import mjml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import RenderingFailed
from digest.rendering.compiling.components import BANNED, CHILDREN, DROPPED, KNOWN
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.compiling.refusals import DEPTH_CAP, SIZE_CAP

FRAME = '<mjml lang="en" dir="ltr">{head}<mj-body width="600px">{body}</mj-body></mjml>'
COLUMN = "<mj-section><mj-column>{}</mj-column></mj-section>"
TEXT = COLUMN.format("<mj-text>{}</mj-text>")
HEAD = "<mj-head>{}</mj-head>"


def document(body: str = "", head: str = "") -> str:
    return FRAME.format(head=head, body=body)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("\n<mj-section>\n<mj-column>\n</mj-section>", "line 4, column 1: </mj-section> closes no"),
        ("\n\n<mj-section>", "line 3, column 13: </mj-body> closes no open tag"),
        ("\n </mj-nothing>", "line 2, column 2: </mj-nothing> closes no open tag"),
        ("\n\n<mj-include path='x' />", "line 3, column 1: <mj-include> is not for mails"),
        (f"\n{TEXT.format('a < b')}", "line 2, column 35: this < begins no tag"),
        (TEXT.format("I <3 you"), "this < begins no tag"),
        (TEXT.format("<![CDATA[x]]>"), "this < begins no tag"),
        (TEXT.format("<?xml version='1.0'?>"), "this < begins no tag"),
        (TEXT.format("<p title='x>y</p>"), "this < begins no tag"),
        (TEXT.format("<!-- never closed"), "this < begins no tag"),
        (TEXT.format("<!-- a -- b -->"), "a comment may not have -- inside"),
        (TEXT.format("<!-- a --->"), "a comment may not have -- inside"),
        (TEXT.format("<p class=x>y</p>"), 'attributes of <p> must be written name="value"'),
        (TEXT.format('<p class="x"id="y">z</p>'), 'attributes of <p> must be written name="value"'),
        (TEXT.format('<p class="a" class="b">z</p>'), "class stands twice in <p>"),
        (TEXT.format("<p>x"), "</mj-text> closes no open tag"),
        (TEXT.format("<ul><li>x</ul>"), "</ul> closes no open tag"),
        (TEXT.format("<b><i>x</b></i>"), "</b> closes no open tag"),
        (TEXT.format("x\x00"), r"U\+0000 may not stand in a text"),
        (TEXT.format("x\x0b"), r"U\+000B may not stand in a text"),
        (TEXT.format("x\uffff"), r"U\+FFFF may not stand in a text"),
        (COLUMN.format("words"), "line 1, column 73: words may not stand in <mj-column>"),
        (COLUMN.format("<p>words</p>"), "<p> may not stand in <mj-column>"),
        (COLUMN.format("<mj-section></mj-section>"), "<mj-section> may not stand in <mj-column>"),
        (TEXT.format("<mj-button>x</mj-button>"), "<mj-button> may not stand in <mj-text>"),
        ("<mj-text>x</mj-text>", "<mj-text> may not stand in <mj-body>"),
        ("<mj-foo>x</mj-foo>", "<mj-foo> is not a component the compiler knows"),
        ("<mj-hero></mj-hero>", "<mj-hero> is not for mails: the compiler gets its height wrong"),
        (COLUMN.format('<mj-text mj-class="a b">x</mj-text>'), "of several mj-class"),
        ('<mj-raw position="file-start">x</mj-raw>', "the compiler refuses it"),
    ],
)
def test_refusal_says_where_and_why(body: str, message: str) -> None:
    with pytest.raises(RenderingFailed, match=rf"^MJML .*{message}"):
        compile_mjml(document(body))


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ('<mj-style inline="inline">p{}</mj-style>', "does not inline: write style attributes"),
        ("<mj-html-attributes></mj-html-attributes>", "the compiler does not know it"),
        ('<mj-attributes><mj-class name="a"><mj-text /></mj-class></mj-attributes>', "end with />"),
        ("<mj-attributes><p /></mj-attributes>", "<p> is no component"),
        ("<mj-text>x</mj-text>", "<mj-text> may not stand in <mj-head>"),
    ],
)
def test_refusal_in_the_head(head: str, message: str) -> None:
    with pytest.raises(RenderingFailed, match=message):
        compile_mjml(document(TEXT.format("x"), HEAD.format(head)))


@pytest.mark.parametrize("source", ["", "words", "<p>x</p>", "<mjml></mjml>x", "<mjml />x"])
def test_document_is_one_mjml(source: str) -> None:
    with pytest.raises(RenderingFailed, match="MJML"):
        compile_mjml(source)


def test_mrml_still_lets_pass_what_we_refuse() -> None:
    """When one of these fails, mrml has learnt something and the refusal may go."""
    for body in (
        COLUMN.format("words"),
        COLUMN.format("<mj-section></mj-section>"),
        TEXT.format("<mj-button>x</mj-button>"),
        TEXT.format('<p class="a" class="b">x</p>'),
        COLUMN.format("<mj-foo>x</mj-foo>"),
    ):
        assert "<html" in mjml.mjml2html(document(body), fonts={})


@pytest.mark.parametrize(
    ("name", "attribute"), [(name, a) for name in sorted(DROPPED) for a in sorted(DROPPED[name])]
)
def test_attribute_that_mrml_drops_is_refused(name: str, attribute: str) -> None:
    """In the defaults, where every component may stand."""
    head = HEAD.format(f'<mj-attributes><{name} {attribute}="zq" /></mj-attributes>')

    assert "zq" not in mjml.mjml2html(document(TEXT.format("x"), head), fonts={})
    with pytest.raises(RenderingFailed, match=f"the compiler drops {attribute} of <{name}>"):
        compile_mjml(document(TEXT.format("x"), head))


@pytest.mark.parametrize("name", sorted(BANNED))
def test_banned_component_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(RenderingFailed, match=f"<{name}> is not for mails: {BANNED[name]}"):
        compile_mjml(document(f"<{name}></{name}>"))


def test_every_component_of_the_table_compiles_where_it_may_stand() -> None:
    tested = {"mj-all", "mj-class", *CHILDREN["mjml"], *CHILDREN["mj-head"], *CHILDREN["mj-body"]}
    content = "".join(f"<{name}></{name}>" for name in sorted(CHILDREN["mj-column"] - {"mj-raw"}))
    tested |= CHILDREN["mj-column"] | {"mjml", "mj-column", "mj-group", "mj-social-element"}
    social = '<mj-social><mj-social-element src="https://a.example/i.png">x</mj-social-element>'
    section = "<mj-section><mj-group><mj-column>{}</mj-column></mj-group></mj-section>"
    head = (
        "<mj-title>x</mj-title><mj-preview>x</mj-preview><mj-style>p{}</mj-style><mj-raw></mj-raw>"
        '<mj-breakpoint width="480px" /><mj-font name="F" href="https://a.example/f" />'
        '<mj-attributes><mj-all padding="0px" /><mj-class name="a" color="#000000" />'
        "</mj-attributes>"
    )
    body = f"<mj-wrapper>{section.format(content + social + '</mj-social>')}</mj-wrapper><mj-raw />"

    page = compile_mjml(document(body, HEAD.format(head)))

    assert page.startswith("<!doctype html>")
    assert tested == KNOWN


@pytest.mark.parametrize("depth", [DEPTH_CAP - 5, DEPTH_CAP + 1, 20_000])
def test_depth_is_capped(depth: int) -> None:
    nested = "<b>" * depth + "</b>" * depth

    if depth < DEPTH_CAP:
        assert compile_mjml(document(TEXT.format(nested))).count("<b>") == depth
    else:
        with pytest.raises(RenderingFailed, match=f"more than {DEPTH_CAP} tags nested"):
            compile_mjml(document(TEXT.format(nested)))


def test_size_is_capped() -> None:
    with pytest.raises(RenderingFailed, match="1,000,000"):
        compile_mjml(document(TEXT.format("x" * SIZE_CAP)))


def test_lone_surrogate_is_refused() -> None:
    with pytest.raises(RenderingFailed, match="Unicode"):
        compile_mjml(document(TEXT.format("\ud800")))


@pytest.mark.parametrize(
    "text",
    [
        "<!--[if mso | IE]><td><![endif]-->x<!--[if mso]></td><![endif]-->",
        "<!--[if !mso]><!-->x<!--<![endif]-->",
        "<br>x<br/><img src='a.png' alt='a>b'>",
        "<td nowrap>x</td >",
        "<p\n class = 'y'\n>x &amp; y & z &nbsp; > </p>",
    ],
)
def test_what_mails_need_passes(text: str) -> None:
    assert "x" in compile_mjml(document(TEXT.format(text)))


PIECES = st.lists(
    st.sampled_from(
        [
            "<",
            ">",
            "<b>",
            "</b>",
            "<!--",
            "-->",
            '"',
            "'",
            "=",
            "/",
            "p ",
            "<mj-text>",
            "</mj-text>",
        ]
    ),
    max_size=40,
).map("".join)


@given(PIECES)
def test_whatever_is_refused_is_refused_with_its_place(text: str) -> None:
    """What passes our checks mrml compiles, so nobody has to read an error without a line."""
    try:
        page = compile_mjml(document(TEXT.format(text)))
    except RenderingFailed as refused:
        assert "line 1, column" in str(refused)  # noqa: PT017 - either way is right
    else:
        assert "<html" in page


@pytest.mark.parametrize(
    "piece",
    ["<", "<p a='b' ", "<p a=\"' ", "<p '", "<!--", "<!-- --", "<!-", "<b>", "</b>", "<b/>"],
)
def test_broken_documents_take_no_longer_than_their_length(piece: str) -> None:
    """A quadratic look at this much of it would take minutes."""
    started = time.process_time()
    with pytest.raises(RenderingFailed):
        compile_mjml(document(TEXT.format(piece * (900_000 // len(piece)) + "</")))

    assert time.process_time() - started < 10
