"""An issue set once: stable bytes, known slots, every word of the view, nothing from elsewhere."""

import html
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest

from digest.blocks import BLOCKS, section_block
from digest.errors import RenderingFailed
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import Part, Rendering, render_issue
from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.templates import Templates
from digest.rendering.view import SLOTS, IssueView

Render = Callable[..., Rendering]


def page_of(rendering: Rendering, reader: ReaderValues) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(fill_html(rendering, reader))


def picks_of(view: IssueView) -> list[tuple[str, str]]:
    picks = [view.lead, *(pick for section in view.sections for pick in section.picks)]
    return [(pick.headline, pick.url) for pick in picks if pick]


def test_same_view_gives_the_same_bytes(render: Render, view: IssueView) -> None:
    first, second = render(view), render(view)

    assert first.to_bytes() == second.to_bytes()
    assert first.content_hash == second.content_hash


def test_nonce_leaves_no_trace(render: Render, view: IssueView) -> None:
    assert render(view, nonce="0" * 12) == render(view, nonce="f" * 12)


def test_changed_view_changes_the_hash(render: Render, make_view: Callable[..., IssueView]) -> None:
    assert render(make_view()).content_hash != render(make_view(preheader="Another")).content_hash


def test_rendering_survives_its_bytes(rendering: Rendering) -> None:
    again = Rendering.from_bytes(rendering.to_bytes())

    assert again == rendering
    assert again.content_hash == rendering.content_hash


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"form":2}',
        b'{"form":1,"edition":"full","language":"en","subject":"s","preheader":"",'
        b'"html":[["","password",""]],"text":[]}',
        b'{"form":1,"edition":"full","language":"en","subject":"s","preheader":"",'
        b'"html":[["x"]],"text":[]}',
    ],
)
def test_foreign_bytes_are_refused(stored: bytes) -> None:
    with pytest.raises(RenderingFailed, match="stored rendering"):
        Rendering.from_bytes(stored)


def test_rendering_uses_every_slot_and_block(rendering: Rendering, view: IssueView) -> None:
    for parts in (rendering.html, rendering.text):
        assert {part.slot for part in parts if part.slot} == set(SLOTS)
        sections = {section_block(section.key) for section in view.sections}
        assert {name for part in parts for name in part.blocks} == sections | set(BLOCKS)


def test_every_story_is_in_both_parts(
    rendering: Rendering, view: IssueView, reader: ReaderValues
) -> None:
    page, text = page_of(rendering, reader), fill_text(rendering, reader)
    links = {(a.text_content().strip(), a.get("href")) for a in page.iter("a")}

    assert set(picks_of(view)) <= links
    for headline, url in picks_of(view):
        assert " ".join(headline.split()) in " ".join(text.split())
        assert f"\n{url}\n" in text


def test_words_of_every_script_survive(
    render: Render, script_view: IssueView, reader: ReaderValues
) -> None:
    assert script_view.lead
    headline = script_view.lead.headline

    page = page_of(render(script_view), reader)

    assert page.findtext(".//title") == headline
    assert page.find(".//div[@role='article']").get("aria-label") == headline
    assert page.find(".//img").get("alt") == headline
    assert page.find(".//h2").text_content().strip() == headline


def test_language_and_direction_are_set(
    render: Render, script_view: IssueView, reader: ReaderValues
) -> None:
    page = page_of(render(script_view), reader)
    rtl = script_view.language in {"ar", "fa"}

    assert (page.get("lang"), page.get("dir")) == (script_view.language, "rtl" if rtl else "ltr")


def test_right_to_left_leaves_nothing_left_to_right(
    render: Render, make_view: Callable[..., IssueView], reader: ReaderValues
) -> None:
    source = fill_html(render(make_view(language="ar")), reader)

    assert "direction:ltr" not in source
    assert not re.findall(r'"font-family:[^"]*text-align:left', source)
    assert "italic" not in source
    assert "letter-spacing" not in source


def test_only_the_views_own_resources_are_named(rendering: Rendering, reader: ReaderValues) -> None:
    """Allow-list: namespaces of the doctype, the newsroom's site, the reader's links."""
    found = set(re.findall(r"https?://[^/\"'<> )]+", fill_html(rendering, reader)))

    assert found == {"https://courier.example", "https://letters.example", "http://www.w3.org"}


def test_nothing_active_is_in_the_page(rendering: Rendering, reader: ReaderValues) -> None:
    page = page_of(rendering, reader)
    names = {element.tag for element in page.iter() if isinstance(element.tag, str)}
    attributes = {name for element in page.iter() for name in element.attrib}

    assert not names & {"script", "form", "iframe", "object", "embed", "svg", "link", "video"}
    assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"javascript:|data:|@import|url\(", fill_html(rendering, reader))


def test_markup_in_the_view_stays_text(
    render: Render, make_view: Callable[..., IssueView], reader: ReaderValues
) -> None:
    evil = '"><script>alert(1)</script><mj-text>{{ 7*7 }}'
    view = make_view(subject=evil, newsletter=evil, preheader=evil, tagline=evil, about=evil)

    page = page_of(render(view), reader)

    assert not list(page.iter("script"))
    assert page.findtext(".//title") == evil
    assert page.find(".//h1").text_content() == evil


def test_every_picture_has_a_description_and_a_width(
    rendering: Rendering, reader: ReaderValues
) -> None:
    pictures = list(page_of(rendering, reader).iter("img"))

    assert len(pictures) == 5
    assert all(picture.get("alt") and int(picture.get("width")) > 0 for picture in pictures)


def test_headings_skip_no_level(rendering: Rendering, reader: ReaderValues) -> None:
    page = page_of(rendering, reader)
    levels = [int(e.tag[1]) for e in page.iter("h1", "h2", "h3", "h4")]

    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_only_the_preheader_is_hidden(rendering: Rendering, reader: ReaderValues) -> None:
    page = page_of(rendering, reader)
    hidden = [e.text for e in page.iter() if "display:none" in (e.get("style") or "")]

    assert hidden == ["The strike is over; what 38 pages say."]


def test_unsubscribe_link_is_near_the_top_and_in_the_footer(
    rendering: Rendering, reader: ReaderValues
) -> None:
    source = fill_html(rendering, reader)
    link = html.escape(reader.slots["unsubscribe_url"])

    assert source.encode().index(link.encode()) < 20_000
    assert source.rindex(link) > len(source) * 0.9


def test_address_is_kept_left_to_right(rendering: Rendering, reader: ReaderValues) -> None:
    assert '<bdi dir="ltr"><strong>zoe+news@example.net</strong></bdi>' in fill_html(
        rendering, reader
    )


def test_footer_names_who_why_where_and_whom_to_correct(
    rendering: Rendering, reader: ReaderValues
) -> None:
    for filled in (fill_html(rendering, reader), fill_text(rendering, reader)):
        for words in (
            "Owned by 900 of its readers.",
            "You signed up at courier.example.",
            "12 Quay Street, Example Town",
            "corrections@courier.example",
            "https://courier.example/privacy",
        ):
            assert words in filled


@pytest.mark.parametrize("hidden", [set(), {"greeting"}, {"appeal"}, {"greeting", "appeal"}])
def test_page_is_whole_with_any_blocks_left_out(
    rendering: Rendering, reader: ReaderValues, hidden: set[str]
) -> None:
    """Tables balance for browsers and, inside the conditional comments, for Outlook."""
    source = fill_html(rendering, ReaderValues(reader.slots, frozenset(hidden)))
    outlook = re.sub(r"<!--\[if mso[^\]]*\]>|<!\[endif\]-->|<!--\[if !mso\]><!-->", "", source)
    browser = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)

    for view in (outlook, browser):
        for tag in ("table", "tr", "td", "div"):
            assert view.count(f"<{tag}>") + view.count(f"<{tag} ") == view.count(f"</{tag}>")


def test_headlines_edition_has_stories_without_pictures(
    render: Render, view: IssueView, reader: ReaderValues
) -> None:
    page = page_of(render(view, edition="headlines"), reader)
    links = {a.get("href") for a in page.iter("a")}

    assert {url for _, url in picks_of(view)} <= links
    assert not list(page.iter("img"))


def test_bare_issue_renders(
    render: Render, make_view: Callable[..., IssueView], reader: ReaderValues
) -> None:
    bare = make_view(
        topper=None,
        lead=None,
        sections=(),
        quote=None,
        numbers=(),
        appeal=None,
        about="",
        tagline="",
        corrections_address="",
        privacy_url="",
    )

    assert "The Harbour Courier" in fill_text(render(bare), reader)


def test_style_sheets_stay_below_gmails_limit(rendering: Rendering, reader: ReaderValues) -> None:
    sheets = [style.text or "" for style in page_of(rendering, reader).iter("style")]

    assert sum(map(len, sheets)) < 12_000


def test_text_lines_keep_the_measure(rendering: Rendering, reader: ReaderValues) -> None:
    lines = fill_text(rendering, reader).splitlines()

    assert [line for line in lines if len(line) > 72 and not line.startswith("https://")] == []


def test_unknown_edition_is_refused(render: Render, view: IssueView) -> None:
    with pytest.raises(RenderingFailed, match="edition 'long'"):
        render(view, edition="long")


def test_unsafe_link_is_refused_by_headline(
    render: Render, make_view: Callable[..., IssueView]
) -> None:
    with pytest.raises(RenderingFailed, match="privacy policy"):
        render(make_view(privacy_url="javascript:x"))


def test_template_without_unsubscribe_link_is_refused(tmp_path: Path, view: IssueView) -> None:
    (tmp_path / "issue.txt.j2").write_text("Hello {{ slot('address') }}")

    with pytest.raises(RenderingFailed, match="the text part has no unsubscribe_url"):
        render_issue(view, edition="full", templates=Templates(tmp_path), compile_mjml=compile_mjml)


def test_template_with_a_mistyped_slot_is_refused_with_its_line(
    tmp_path: Path, view: IssueView
) -> None:
    (tmp_path / "issue.txt.j2").write_text("{{ slot('adress') }}")

    with pytest.raises(RenderingFailed, match=r"issue\.txt\.j2, line 1: there is no slot 'adress'"):
        render_issue(view, edition="full", templates=Templates(tmp_path), compile_mjml=compile_mjml)


def test_parts_of_one_kind_are_joined(rendering: Rendering) -> None:
    pairs = pairwise(rendering.html)

    assert not [(a, b) for a, b in pairs if not (a.slot or b.slot) and a.block == b.block]
    assert Part() not in rendering.html
