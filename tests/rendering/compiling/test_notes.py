"""Errors of the compile name template, line and block; the notes that make it so leave no trace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.assets import asset
from digest.errors import RenderingFailed
from digest.rendering.compiling.child import MjmlCompiler
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.compiling.notes import NOTE
from digest.rendering.issue import render_issue, template_values
from digest.rendering.lines import one_line, paragraphs, wrapped
from digest.rendering.markers import Markers
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS, IssueView

SHIPPED = asset("templates") / "email"


def templates_with(folder: Path, **files: str) -> Templates:
    for name, text in files.items():
        (folder / f"{name}.mjml.j2").write_text(text)
    return Templates(folder)


def refusal(templates: Templates, view: IssueView) -> str:
    with pytest.raises(RenderingFailed) as refused:
        render_issue(view, edition="full", templates=templates, compile_mjml=compile_mjml)
    return str(refused.value)


def spoilt(folder: Path, name: str, before: str, after: str) -> Templates:
    """Return templates of which one shipped file has a mistake in it."""
    source = (SHIPPED / f"{name}.mjml.j2").read_text()
    assert before in source
    return templates_with(folder, **{name: source.replace(before, after, 1)})


def line_of(name: str, words: str) -> int:
    source = (SHIPPED / f"{name}.mjml.j2").read_text()
    return source.count("\n", 0, source.index(words)) + 1


@pytest.mark.parametrize(
    ("name", "before", "after", "why"),
    [
        ("_footer", "</mj-column>", "", "</mj-section> closes no open tag"),
        ("_quote", "<mj-text", "<mj-rule", "<mj-rule> is not a component"),
        ("_quote", "<mj-text", "a < b <mj-text", "this < begins no tag"),
        (
            "_appeal",
            "<mj-button",
            '<mj-button title="x"',
            "the compiler drops title of <mj-button>",
        ),
        ("_appeal", "<mj-button", "<mj-button x=1", "attributes of <mj-button> must be written"),
    ],
)
def test_mistake_in_a_part_is_named_by_its_file_and_line(
    tmp_path: Path, view: IssueView, name: str, before: str, after: str, why: str
) -> None:
    said = refusal(spoilt(tmp_path, name, before, after), view)

    where = line_of(name, "</mj-section>" if after == "" else before)
    assert said.startswith(f"template {name}.mjml.j2, line {where}")
    assert why in said


def test_mistake_in_a_block_names_the_block(tmp_path: Path, view: IssueView) -> None:
    said = refusal(spoilt(tmp_path, "_appeal", "<mj-button", '<mj-button title="x"'), view)

    assert ", in block 'appeal': " in said


def test_mistake_in_a_macro_is_named_by_the_macros_file(tmp_path: Path, view: IssueView) -> None:
    said = refusal(spoilt(tmp_path, "_type", "</a></{{ tag }}>", "</{{ tag }}>"), view)

    assert said == (
        f"template _type.mjml.j2, line {line_of('_type', '</a></{{ tag }}>')}: "
        "</h2> closes no open tag: <a> is open"
    )


def test_mistake_in_a_section_names_the_section(tmp_path: Path, view: IssueView) -> None:
    templates = templates_with(tmp_path, _row_briefs="\n\n<mj-section><p></mj-section>\n")

    assert refusal(templates, view) == (
        "template _row_briefs.mjml.j2, line 3, in block 'section 3': "
        "<p> may not stand in <mj-section>"
    )


def test_block_that_is_never_closed_is_named_with_the_template(
    tmp_path: Path, view: IssueView
) -> None:
    templates = templates_with(tmp_path, _quote="<mj-raw>{{ begin('appeal') }}</mj-raw>")

    assert refusal(templates, view).startswith("template issue.mjml.j2: begin of block 'appeal'")


def test_what_kills_the_compiler_is_named_with_the_template(
    tmp_path: Path, view: IssueView
) -> None:
    """Straight into mrml, without the caps that normally stand before it."""
    deep = "<b>" * 60_000 + "</b>" * 60_000
    templates = spoilt(tmp_path, "_quote", "</mj-column>", f"<mj-text>{deep}</mj-text></mj-column>")

    with (
        MjmlCompiler(target="mjml:mjml2html") as bare,
        pytest.raises(RenderingFailed, match=r"template issue\.mjml\.j2: MJML: .* died"),
    ):
        render_issue(view, edition="full", templates=templates, compile_mjml=bare)


@pytest.mark.parametrize("look", LOOKS)
def test_notes_change_no_byte(make_view: Callable[..., IssueView], look: str) -> None:
    """Beside a Jinja that knows nothing of them."""
    templates, view = Templates(), make_view(look=look)
    plain = Environment(
        loader=FileSystemLoader(SHIPPED),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    plain.filters.update(one_line=one_line, paragraphs=paragraphs, wrapped=wrapped)
    markers = Markers("0" * 12)
    values = template_values(view, templates) | {
        "slot": markers.slot,
        "begin": markers.begin,
        "end": markers.end,
        "whole_html": lambda pick: pick.whole_html,
    }

    source = templates.mjml("issue.mjml.j2", values)

    assert source.text == plain.get_template("issue.mjml.j2").render(values)
    assert len(NOTE.findall(source.noted)) > 100


def test_notes_are_where_words_are(tmp_path: Path) -> None:
    templates = templates_with(
        tmp_path, x="one {{ 1 }} two  \n\n   {% if true -%}\n  three\n{%- endif %}\n{{ 4 }}\n"
    )
    source = templates.mjml("x.mjml.j2", {})

    assert source.text == "one 1 two  \n\nthree4\n"
    assert len(NOTE.findall(source.noted)) == 3


def test_empty_macro_stays_empty(tmp_path: Path) -> None:
    templates = templates_with(
        tmp_path,
        x="{% macro m(a) %}{% if a %}words{% endif %}{% endmacro %}{{ 'no' if not m(0) }}",
    )

    assert templates.html("x.mjml.j2", {}) == "no"


def test_values_cannot_bring_notes_in(tmp_path: Path) -> None:
    forged = "\x01\x0e\x02\x0e\x03"

    assert templates_with(tmp_path, x="{{ v }}").mjml("x.mjml.j2", {"v": forged}).text == ""
