"""Links by way of mirrors: slots when an issue is set, addresses when its audience is frozen."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest

from digest.errors import Refused, RenderingFailed
from digest.mirrors import Mirrored
from digest.rendering.issue import Part, Rendering
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.mirroring import changer, fold, rest_behind, shown
from digest.rendering.offline import render_offline
from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.stored import Embedded
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS, SLOTS, IssueView

Render = Callable[..., Rendering]
HOST = "courier.example"
ORIGINAL = f"https://{HOST}"
FIRST, SECOND = "https://m1.example/a&b;c", "https://m2.example"
ARTICLES = Mirrored(HOST, (FIRST, SECOND, ORIGINAL))
PAGES = Mirrored("pages", ("https://p1.example", "https://p2.example"))
# Where money goes, mail is written and the reader signed up; none of it is mirrored.
STAYS = re.compile(r"https://courier\.example/give/\w+|\w+@courier\.example|at courier\.example\.")


@pytest.fixture(scope="module", params=LOOKS)
def mirrored_view(request: pytest.FixtureRequest, view: IssueView) -> IssueView:
    return replace(view, look=request.param, mirrors=(ARTICLES,))


@pytest.mark.parametrize(
    ("url", "changed"),
    [
        (f"{ORIGINAL}/2026/strike?a=1&b#c", "M/2026/strike?a=1&b#c"),
        (ORIGINAL, "M"),
        (f"{ORIGINAL}/", "M/"),
        (f"{ORIGINAL}?a=1", "M/?a=1"),
        (f"{ORIGINAL}#a", "M/#a"),
        ("http://courier.example/a", "M/a"),
        ("https://www.courier.example/a", "M/a"),
        ("HTTPS://WWW.Courier.Example/A", "M/A"),
        ("https://courier.example:443/a", "M/a"),
        ("http://courier.example:80/a", "M/a"),
        ("See https://courier.example.", "See M."),
        (
            '<a href="https://courier.example/a">https://courier.example/a</a>',
            '<a href="M/a">M/a</a>',
        ),
    ],
)
def test_host_is_changed_alone_and_in_a_text(url: str, changed: str) -> None:
    assert changer([ARTICLES], lambda _: "M")(url) == changed


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://courier.example.org/a",
            "https://courier.examples/a",
            "https://courier.example-x",
        ),
        *(
            "https://www2.courier.example/a",
            "https://a.courier.example",
            "https://xcourier.example",
        ),
        *("https://courier.example:8443/a", "https://courier.example:4430/a"),
        *("https://courier.example@evil.example/", "https://courier.example:80@evil.example/"),
        *("https://www.www.courier.example/", "https://other.example/?u=courier.example"),
        *("mailto:desk@courier.example", "cid:a@courier.example", "courier.example/a", ""),
    ],
)
def test_another_host_port_or_kind_stays(url: str) -> None:
    assert changer([ARTICLES], lambda _: "M")(url) == url


def test_name_in_its_own_letters_is_the_same_host() -> None:
    change = changer([Mirrored("xn--e1afmkfd.example", ("https://m.example",))], lambda of: of[:4])

    assert change("https://пример.example/a https://xn--e1afmkfd.example/b") == "xn--/a xn--/b"


def test_host_below_another_has_mirrors_of_its_own() -> None:
    both = [Mirrored("courier.example", ("A",)), Mirrored("sport.courier.example", ("B",))]

    change = changer(both, lambda of: of.split(".")[0].upper())

    assert (
        change("https://sport.courier.example/x https://courier.example/y") == "SPORT/x COURIER/y"
    )


def test_pages_are_no_host_of_articles() -> None:
    assert changer([PAGES], lambda _: "M")("https://pages/ https://p1.example") == (
        "https://pages/ https://p1.example"
    )


def test_rest_is_what_a_mirror_must_have_too() -> None:
    assert rest_behind(f"{ORIGINAL}/a?b", ARTICLES) == "/a?b"
    assert rest_behind(ORIGINAL, ARTICLES) == ""
    assert rest_behind("https://other.example/a", ARTICLES) is None


@pytest.mark.parametrize("edition", ["full", "headlines"])
def test_no_link_leads_to_a_mirrored_host(
    render: Render, mirrored_view: IssueView, reader: ReaderValues, edition: str
) -> None:
    rendering = render(mirrored_view, edition)

    filled = fold(rendering, {HOST: [FIRST, SECOND]})
    for page in (fill_html(filled, reader), fill_text(filled, reader)):
        assert HOST not in STAYS.sub("", page)
    assert f'href="{html.escape(FIRST)}/dockers?a=1&amp;b=2"' in fill_html(filled, reader)
    assert f"\n{FIRST}/dockers?a=1&b=2\n" in fill_text(filled, reader)


def test_every_mirrored_place_is_a_slot(render: Render, mirrored_view: IssueView) -> None:
    rendering = render(mirrored_view)

    stored = rendering.to_bytes().decode()
    value = json.loads(stored)
    assert HOST not in STAYS.sub("", "".join(text for text, _, _ in value["html"] + value["text"]))
    assert {part.slot for part in (*rendering.html, *rendering.text)} - {"", *SLOTS} == {
        f"mirror:{HOST}",
        f"mirror2:{HOST}",
    }


def test_pictures_logo_and_whole_texts_lead_by_the_mirror(
    render: Render, mirrored_view: IssueView, reader: ReaderValues
) -> None:
    photo = mirrored_view.lead.picture  # type: ignore[union-attr]
    assert photo is not None
    logo = replace(photo, url=f"{ORIGINAL}/logo.png", width=300)

    page = fill_html(
        fold(render(replace(mirrored_view, logo=logo)), {HOST: [SECOND, FIRST]}), reader
    )

    for place in ("src", "href"):
        assert f'{place}="{ORIGINAL}' not in STAYS.sub("", page)
    if mirrored_view.look != "text-first":  # which shows none
        assert f'src="{SECOND}/p.jpg"' in page
    assert f'src="{SECOND}/logo.png"' in page
    assert f'<a href="{SECOND}/rota" ' in page
    assert f'href="{SECOND}/privacy"' in page


def test_by_way_of_the_original_the_mail_is_what_it_was(
    render: Render, mirrored_view: IssueView
) -> None:
    only = replace(mirrored_view, mirrors=(Mirrored(HOST, (ORIGINAL,)),))

    folded = fold(render(only), {HOST: [ORIGINAL]})

    assert folded == render(replace(mirrored_view, mirrors=()))


def test_whole_text_keeps_its_slots_in_its_block(render: Render, mirrored_view: IssueView) -> None:
    rendering = render(mirrored_view)

    inside = [part for part in rendering.html if part.blocks[-1:] == ("whole texts",)]
    assert [part.slot for part in inside if part.slot] == [f"mirror:{HOST}"]
    assert "/rota" in "".join(part.text for part in inside)


@pytest.mark.parametrize("language", ["en", "ar", "ru"])
def test_second_mirror_is_printed_in_the_footer(
    render: Render, mirrored_view: IssueView, reader: ReaderValues, language: str
) -> None:
    rendering = render(replace(mirrored_view, language=language))

    filled = fold(rendering, {HOST: [FIRST, SECOND]})
    page, text = fill_html(filled, reader), fill_text(filled, reader)
    assert page.count(f'href="{SECOND}"') == 1
    assert f'<bdi dir="ltr"><a href="{SECOND}"' in page
    assert text.count(f"\n{SECOND}\n") == 1


def test_second_of_the_pages_shows_this_very_issue(
    render: Render, mirrored_view: IssueView, reader: ReaderValues
) -> None:
    rendering = render(replace(mirrored_view, mirrors=(ARTICLES, PAGES), public_id="abc"))

    text = fill_text(shown(rendering, {"pages": ["https://p2.example"]}), reader)

    assert "\nhttps://p1.example/i/abc\n" in text
    assert f"\n{SECOND}\n" not in text


def test_single_address_prints_no_second(
    render: Render, mirrored_view: IssueView, reader: ReaderValues
) -> None:
    one = replace(mirrored_view, mirrors=(Mirrored(HOST, (SECOND,)),))

    filled = fold(render(one), {HOST: [SECOND]})

    assert "do not open, try" not in fill_html(filled, reader)
    assert "do not open, try" not in fill_text(filled, reader)


def test_offline_file_leads_by_the_mirror_and_says_the_second(
    templates: Templates, mirrored_view: IssueView
) -> None:
    rendering = render_offline(mirrored_view, templates=templates)

    page = "".join(part.text for part in fold(rendering, {HOST: [FIRST, SECOND]}).html)
    assert HOST not in STAYS.sub("", page)
    assert f'href="{html.escape(FIRST)}/rota"' in page
    assert f'<a href="{SECOND}" dir="ltr">{SECOND}</a>' in page
    assert rendering.mirrors == (ARTICLES,)


def test_offline_file_without_mirrors_is_one_piece(templates: Templates, view: IssueView) -> None:
    assert len(render_offline(view, templates=templates).html) == 1


def test_nonce_leaves_no_trace_offline_either(
    templates: Templates, mirrored_view: IssueView
) -> None:
    first, second = (
        render_offline(mirrored_view, templates=templates, nonce=digit * 12) for digit in "0f"
    )

    assert first.to_bytes() == second.to_bytes()


def test_list_is_in_the_hash_and_the_choice_is_not(
    render: Render, mirrored_view: IssueView
) -> None:
    less = replace(mirrored_view, mirrors=(Mirrored(HOST, (FIRST, SECOND)),))

    one, other = render(mirrored_view), render(less)

    assert one.html == other.html
    assert one.content_hash != other.content_hash


@pytest.mark.parametrize("pictures", [(), (Embedded("a@b", "image/png", b"x"),)])
def test_rendering_with_mirrors_survives_its_bytes(
    render: Render, mirrored_view: IssueView, pictures: tuple[Embedded, ...]
) -> None:
    rendering = replace(
        render(replace(mirrored_view, mirrors=(PAGES, ARTICLES))), pictures=pictures
    )

    assert json.loads(rendering.to_bytes())["form"] == 3
    assert Rendering.from_bytes(rendering.to_bytes()) == rendering


def test_rendering_without_mirrors_keeps_its_form(rendering: Rendering) -> None:
    value = json.loads(rendering.to_bytes())

    assert value["form"] == 1
    assert "mirrors" not in value


@pytest.mark.parametrize(
    "change",
    [
        {"mirrors": []},
        {"mirrors": [["other.example", [SECOND]]]},
        {"mirrors": [[HOST]]},
        {"mirrors": 3},
        {"html": [["", "mirror:Courier", ""]]},
        {"html": [["", "mirror3:pages", ""]]},
        {"form": 4},
    ],
)
def test_stored_slot_without_its_list_is_refused(
    render: Render, mirrored_view: IssueView, change: dict[str, Any]
) -> None:
    stored = json.loads(render(mirrored_view).to_bytes()) | change

    with pytest.raises(RenderingFailed, match="stored rendering"):
        Rendering.from_bytes(json.dumps(stored).encode())


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {HOST: []},
        {HOST: ["https://evil.example", FIRST]},
        {HOST: [FIRST, "https://evil.example"]},
        {HOST: [f"{FIRST}/", SECOND]},
        {HOST: [FIRST]},  # the footer has a place for a second
        {"pages": [FIRST, SECOND]},
    ],
)
def test_address_that_nobody_approved_is_refused(
    render: Render, mirrored_view: IssueView, chosen: dict[str, list[str]]
) -> None:
    with pytest.raises(Refused):
        fold(render(mirrored_view), chosen)


def test_list_that_is_no_link_is_refused_as_well() -> None:
    odd = 'https://m.example/"><script>'
    rendering = Rendering("full", "en", "s", "p", (Part(slot=f"mirror:{HOST}"),), ())
    rendering = replace(rendering, mirrors=(Mirrored(HOST, (odd,)),))

    with pytest.raises(Refused):
        fold(rendering, {HOST: [odd]})


def test_copy_carries_the_chosen_address_through_quoted_printable(
    render: Render, mirrored_view: IssueView, reader: ReaderValues, letterhead: Letterhead, clock
) -> None:
    chosen = {HOST: ["https://m1.example/a&b;c", SECOND]}
    copy = CopyPress(fold(render(mirrored_view), chosen), letterhead).build(
        reader,
        to="zoe@example.net",
        message_id=f"<{'a' * 26}@b.example>",
        date=clock.now(),
        unsubscribe_url="https://letters.example/u/t",
    )

    message = message_from_bytes(copy, policy=default)
    page, text = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[union-attr]
    assert f'href="{html.escape(FIRST)}/dockers?a=1&amp;b=2"' in page
    assert f"{FIRST}/dockers?a=1&b=2" in text
    assert max(map(len, copy.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 76


def test_folded_rendering_has_no_piece_more_than_one_without_mirrors(
    render: Render, mirrored_view: IssueView
) -> None:
    only = replace(mirrored_view, mirrors=(Mirrored(HOST, (SECOND,)),))

    folded, plain = shown(render(only), None), render(replace(only, mirrors=()))

    assert len(folded.html) == len(plain.html)
    assert len(folded.text) == len(plain.text)
