"""Every look in every language: nothing of an issue is lost, and the page stays small enough."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import lxml.html
import pytest

from digest.blocks import BLOCKS, section_block
from digest.errors import RenderingFailed
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import Rendering, render_issue
from digest.rendering.personalise import fill_html, fill_text
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS, SLOTS, IssueView, PickView, PictureView
from digest.testing.samples import LANGUAGES, render_sample, sample_reader, sample_view

Render = Callable[..., Rendering]
Samples = dict[tuple[str, str], Rendering]  # by look and language
LOGO = PictureView("https://courier.example/logo.png", "The Courier", "", 280, 60)


@pytest.fixture(scope="module")
def samples() -> Samples:
    return {(look, lang): render_sample(lang, look) for look in LOOKS for lang in LANGUAGES}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sample(samples: Samples, look: str, language: str) -> Rendering:
    return samples[look, language]


def picks_of(view: IssueView) -> list[PickView]:
    assert view.lead
    return [view.lead, *(pick for section in view.sections for pick in section.picks)]


def page_of(rendering: Rendering) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(fill_html(rendering, sample_reader()))


def test_sample_has_twelve_articles_and_every_block(language: str) -> None:
    view = sample_view(language)

    assert len(picks_of(view)) == 12
    assert all((view.topper, view.quote, view.numbers, view.appeal))
    assert any(pick.whole_html for pick in picks_of(view))


def test_html_stays_below_60_kb_with_every_block(sample: Rendering, language: str) -> None:
    assert len(fill_html(sample, sample_reader(language)).encode()) < 60_000


def test_style_sheets_stay_below_12_000_characters(sample: Rendering) -> None:
    sheets = [style.text or "" for style in page_of(sample).iter("style")]

    assert sum(map(len, sheets)) < 12_000
    assert not [sheet for sheet in sheets if re.search(r"@[^{}]*\{[^{}]*@", sheet)]


def test_every_headline_and_link_is_in_both_parts(
    sample: Rendering, look: str, language: str
) -> None:
    page, text = page_of(sample), fill_text(sample, sample_reader(language))
    links = {(" ".join(a.text_content().split()), a.get("href")) for a in page.iter("a")}

    for pick in picks_of(sample_view(language, look)):
        assert (pick.headline, pick.url) in links
        assert pick.headline in " ".join(text.split())
        assert f"\n{pick.url}\n" in text


def test_every_word_of_the_editors_is_in_both_parts(
    sample: Rendering, look: str, language: str
) -> None:
    view = sample_view(language, look)
    shown = " ".join(page_of(sample).text_content().split())
    text = " ".join(fill_text(sample, sample_reader(language)).split())
    assert view.topper
    assert view.quote
    assert view.appeal
    words = [
        *(pick.blurb for pick in picks_of(view)),
        *view.topper.text.split("\n\n"),
        view.quote.text,
        view.appeal.text,
        view.appeal.thanks,
        view.about,
    ]

    assert [part for part in words if " ".join(part.split()) not in shown] == []
    assert [part for part in words if " ".join(part.split()) not in text] == []


def test_every_slot_and_block_is_used(sample: Rendering, look: str, language: str) -> None:
    sections = {section_block(s.key) for s in sample_view(language, look).sections}

    for parts in (sample.html, sample.text):
        assert {part.slot for part in parts if part.slot} == set(SLOTS)
        assert {name for part in parts for name in part.blocks} == sections | set(BLOCKS)


def test_direction_is_that_of_the_language(sample: Rendering, language: str) -> None:
    source = fill_html(sample, sample_reader(language))
    right_to_left = language == "ar"

    assert f'dir="{"rtl" if right_to_left else "ltr"}"' in source
    assert ("direction:ltr" in source) is not right_to_left
    if right_to_left:
        # mrml writes a side on each column; words carry their own.
        assert not re.search(r'"font-family:[^"]*text-align:left', source)
        assert "padding-left:20px" not in source
        assert "italic" not in source
        assert "letter-spacing" not in source


def test_headings_skip_no_level(sample: Rendering) -> None:
    levels = [int(e.tag[1]) for e in page_of(sample).iter("h1", "h2", "h3", "h4")]

    assert levels[:2] == [1, 2]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_pictures_are_described_and_as_many_as_the_look_shows(samples: Samples, look: str) -> None:
    pictures = list(page_of(samples[look, "en"]).iter("img"))

    assert len(pictures) == {"front-page": 7, "quiet-letter": 2, "text-first": 0}[look]
    assert all(picture.get("alt") and int(picture.get("width")) > 0 for picture in pictures)


def test_both_parts_have_the_same_order(samples: Samples, look: str) -> None:
    rendering, view = samples[look, "en"], sample_view("en", look)
    assert view.quote
    assert view.appeal
    landmarks = [
        *(pick.headline for pick in picks_of(view)),
        *(section.heading for section in view.sections),
        view.numbers[0][1],
        view.quote.text,
        view.appeal.heading,
    ]
    shown = " ".join(lxml.html.tostring(page_of(rendering).body, encoding="unicode").split())
    shown = re.sub(r'alt="[^"]*"', "", shown)
    text = " ".join(fill_text(rendering, sample_reader()).split())

    assert sorted(landmarks, key=shown.index) == sorted(landmarks, key=text.index)


@pytest.mark.parametrize("hidden", [{"greeting", "appeal"}, {"thanks", "section 2", "whole texts"}])
def test_page_is_whole_with_blocks_left_out(samples: Samples, look: str, hidden: set[str]) -> None:
    source = fill_html(samples[look, "en"], sample_reader(without=frozenset(hidden)))
    outlook = re.sub(r"<!--\[if mso[^\]]*\]>|<!\[endif\]-->|<!--\[if !mso\]><!-->", "", source)
    browser = re.sub(r"<!--.*?-->", "", source, flags=re.DOTALL)

    for seen in (outlook, browser):
        for tag in ("table", "tr", "td", "div", "p", "h2"):
            assert seen.count(f"<{tag}>") + seen.count(f"<{tag} ") == seen.count(f"</{tag}>")


def test_headlines_edition_has_every_link_and_no_picture(look: str) -> None:
    page = page_of(render_sample("en", look, edition="headlines"))
    links = {a.get("href") for a in page.iter("a")}

    assert {pick.url for pick in picks_of(sample_view())} <= links
    assert not list(page.iter("img"))


def test_looks_differ() -> None:
    assert len({render_sample("en", look).content_hash for look in LOOKS}) == len(LOOKS)


def test_guarded_copy_does_not_say_whom_it_went_to(render: Render, look: str) -> None:
    view = replace(sample_view("en", look), guarded=True, appeal=None)
    rendering = render(view)

    for parts in (rendering.html, rendering.text):
        assert "address" not in {part.slot for part in parts}
        assert "unsubscribe_url" in {part.slot for part in parts}
    assert "This copy went to" not in fill_html(rendering, sample_reader())
    assert "This copy went to" not in fill_text(rendering, sample_reader())


def test_copy_that_is_not_guarded_must_say_it(tmp_path: Path, look: str) -> None:
    (tmp_path / "_footer.mjml.j2").write_text(
        "<mj-section><mj-column><mj-text>{{ slot('unsubscribe_url') }}</mj-text></mj-column>"
        "</mj-section>"
    )

    with pytest.raises(RenderingFailed, match="the HTML part has no address"):
        render_issue(
            sample_view("en", look),
            edition="full",
            templates=Templates(tmp_path),
            compile_mjml=compile_mjml,
        )


def test_logo_stands_for_the_name_and_keeps_a_light_ground(render: Render, look: str) -> None:
    page = page_of(render(replace(sample_view("en", look), logo=LOGO)))
    heading = page.find(".//h1")
    logo = heading.find(".//img")

    assert heading.text_content().strip() == ""
    assert (logo.get("src"), logo.get("alt"), logo.get("width")) == (LOGO.url, LOGO.alt, "280")
    assert "background-color:#f" in logo.get("style")


def test_typeface_is_that_of_the_headlines(render: Render, look: str) -> None:
    view = sample_view("en", look)
    serif = page_of(render(view)).find(".//h3").get("style")
    sans = page_of(render(replace(view, typeface="sans"))).find(".//h3").get("style")

    assert "Helvetica" not in serif
    assert "font-family:Helvetica,Arial,sans-serif" in sans


OWN = (
    "<mj-section><mj-column><mj-text>{}: {{{{ view.lead.url }}}}</mj-text></mj-column></mj-section>"
)


def set_with(folder: Path, look: str) -> str:
    rendering = render_issue(
        sample_view("en", look),
        edition="full",
        templates=Templates(folder),
        compile_mjml=compile_mjml,
    )
    return fill_html(rendering, sample_reader())


def test_own_file_in_a_looks_folder_changes_that_look_only(tmp_path: Path) -> None:
    (tmp_path / "quiet-letter").mkdir()
    (tmp_path / "quiet-letter" / "_lead.mjml.j2").write_text(OWN.format("Ours"))

    assert "Ours: https://courier.example/articles/harbour" in set_with(tmp_path, "quiet-letter")
    assert "Ours" not in set_with(tmp_path, "front-page")


def test_own_file_outside_the_folders_changes_every_look(tmp_path: Path, look: str) -> None:
    (tmp_path / "_lead.mjml.j2").write_text(OWN.format("Ours"))

    assert "Ours: https://courier.example/articles/harbour" in set_with(tmp_path, look)


def test_own_file_of_the_look_wins_over_the_own_shared_one(tmp_path: Path) -> None:
    (tmp_path / "text-first").mkdir()
    (tmp_path / "text-first" / "_lead.mjml.j2").write_text(OWN.format("Of the look"))
    (tmp_path / "_lead.mjml.j2").write_text(OWN.format("Of all"))

    assert "Of the look" in set_with(tmp_path, "text-first")
    assert "Of all" in set_with(tmp_path, "front-page")


def test_mistake_in_a_looks_file_is_named_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "text-first").mkdir()
    (tmp_path / "text-first" / "_lead.mjml.j2").write_text("\n{{ weather }}")

    with pytest.raises(RenderingFailed, match=r"text-first/_lead\.mjml\.j2, line 2: 'weather'"):
        set_with(tmp_path, "text-first")
