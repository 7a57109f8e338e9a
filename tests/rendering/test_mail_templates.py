"""The Jinja environments: escaping, undefined names, overrides, and errors that name the line."""

from pathlib import Path

import pytest

from digest.errors import RenderingFailed
from digest.rendering.templates import Templates


def templates_with(folder: Path, **files: str) -> Templates:
    for name, text in files.items():
        (folder / f"{name}.j2").write_text(text)
    return Templates(folder)


def test_trap_3_mjml_is_escaped_though_its_name_is_not_html(tmp_path: Path) -> None:
    templates = templates_with(tmp_path, x="{{ v }}")

    assert templates.html("x.j2", {"v": "<b> \"'&"}) == "&lt;b&gt; &#34;&#39;&amp;"


def test_text_is_not_escaped(tmp_path: Path) -> None:
    assert templates_with(tmp_path, x="{{ v }}").text("x.j2", {"v": "<b>"}) == "<b>"


def test_override_wins_over_the_shipped_template(tmp_path: Path) -> None:
    (tmp_path / "issue.txt.j2").write_text("ours")

    assert Templates(tmp_path).text("issue.txt.j2", {}) == "ours"


def test_shipped_template_is_used_where_there_is_no_override(tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed, match=r"_masthead\.mjml\.j2|_head\.mjml\.j2|issue\.mjml"):
        Templates(tmp_path).html("issue.mjml.j2", {})


def test_undefined_name_is_an_error_with_template_and_line(tmp_path: Path) -> None:
    templates = templates_with(tmp_path, outer="\n{% include 'inner.j2' %}", inner="\n\n{{ nme }}")

    with pytest.raises(RenderingFailed, match=r"inner\.j2, line 3: 'nme' is undefined"):
        templates.html("outer.j2", {})


def test_syntax_error_names_template_and_line(tmp_path: Path) -> None:
    templates = templates_with(tmp_path, outer="{% include 'bad.j2' %}", bad="\n{% if %}")

    with pytest.raises(RenderingFailed, match=r"bad\.j2, line 2"):
        templates.html("outer.j2", {})


def test_failing_expression_names_template_and_line(tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed, match=r"x\.j2, line 2: division by zero"):
        templates_with(tmp_path, x="\n{{ 1 / 0 }}").text("x.j2", {})


def test_template_that_includes_itself_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed, match=r"x\.j2"):
        templates_with(tmp_path, x="{% include 'x.j2' %}").text("x.j2", {})


def test_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderingFailed, match=r"nowhere\.j2"):
        Templates(tmp_path).html("nowhere.j2", {})


def test_template_outside_the_folders_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()

    with pytest.raises(RenderingFailed):
        Templates(inside).html("../secret.j2", {})


def test_controls_and_noncharacters_are_left_out(tmp_path: Path) -> None:
    dirty = "a\x00b\x0bc\x85d\uffffe\ud800f\tg"

    assert templates_with(tmp_path, x="{{ v }}").text("x.j2", {"v": dirty}) == "abcdef\tg"
