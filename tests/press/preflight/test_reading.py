"""How a copy is read: pages, style sheets, hosts, titles, and where its bytes are."""

import json
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.curation.titles import is_same_title
from digest.press.preflight import caniemail
from digest.press.preflight.budget import budget_of
from digest.press.preflight.hosts import belongs_to, host_of, is_bare_address, is_private
from digest.press.preflight.page import Image, Link, read_page
from digest.press.preflight.sheets import read_styling

PAGE = """<html lang="en" dir="ltr"><head><title> Fog
&amp; rain</title><style>p{margin:0}</style></head><body bgcolor="#FFF">
<div style="display:none">hidden</div><h1>Fog</h1>
<p style="color:#111;font-size:13px">Thick <b>as</b> <a href="https://a.example/"><img
src="https://a.example/p.jpg" alt="A quay" width="264"> soup</a><!-- a note --> tonight</p>
<!--[if mso]><table><tr><td>Outlook</td></tr></table><![endif]--><img src="x" width="50%">
</body></html>"""


def test_page_is_read_as_a_mail_program_shows_it() -> None:
    page = read_page(PAGE)

    assert (page.language, page.direction, page.title) == ("en", "ltr", "Fog & rain")
    assert page.words == "Fog Thick as soup tonight"
    assert page.headings == (1,)
    assert page.sheets == ("p{margin:0}",)
    assert page.links == (Link("https://a.example/", "soup A quay", pictured=True),)
    assert page.images == (
        Image("https://a.example/p.jpg", "A quay", 264, "soup"),
        Image("x", None, 0, None),
    )
    assert "table" not in page.tags


def test_words_know_how_they_are_set() -> None:
    thick, bold = (
        next(one for one in read_page(PAGE).pieces if one.words.strip() == word)
        for word in ("Thick", "as")
    )

    assert (thick.colour, thick.ground, thick.size, thick.bold) == ("#111111", "#ffffff", 13, False)
    assert bold.bold


@pytest.mark.parametrize("html", ["", "\0", "plain", "<p", "<html>", "<a href=x>" * 300])
def test_broken_page_is_read_as_far_as_it_goes(html: str) -> None:
    assert read_page(html).language == ""


@given(st.text())
def test_no_text_breaks_the_reader(html: str) -> None:
    read_page(html)


@given(st.text())
def test_no_text_breaks_the_reader_of_style(css: str) -> None:
    read_styling((css,), (css,))


def test_style_is_read_from_sheets_and_attributes() -> None:
    css = """/* p{position:fixed} */ @media (max-width:1px) and (prefers-color-scheme:dark){
    .a:hover,td::after{Margin : 0;background:rgb(1,2,3) !important} }
    @supports (display:grid){a{display: grid}} b{content:"}{@x:y"}"""

    found = read_styling((css,), ("color:red;padding:1px",))

    assert found.at_rules == {"@media", "@media (prefers-color-scheme)", "@supports"}
    assert found.pseudos == {":hover", "::after"}
    assert found.properties == {"margin", "background", "display", "content", "color", "padding"}
    assert "display:grid" in found.values
    assert found.functions == {"rgb"}
    assert not found.nested_at


def test_rule_with_an_at_in_another_is_seen() -> None:
    assert read_styling(("@media print{@media screen{p{margin:0}}}",), ()).nested_at


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "10.1.1.1", "::1", "fe80::1", "desk", "a.local", "127.1"]
)
def test_hosts_that_readers_cannot_reach(host: str) -> None:
    assert is_private(host)


@pytest.mark.parametrize("host", ["courier.example", "8.8.8.8", "2606:4700::1111", "курьер.рф"])
def test_hosts_that_they_can(host: str) -> None:
    assert not is_private(host)


def test_host_is_read_without_www_and_port() -> None:
    assert host_of("https://WWW.Courier.Example:8443/a") == "courier.example"
    assert host_of("https://[::1") == ""
    assert is_bare_address("8.8.8.8")
    assert not is_bare_address("10.0.0.1")


def test_host_belongs_to_itself_and_what_is_above_it() -> None:
    assert belongs_to("news.courier.example", ["courier.example"])
    assert not belongs_to("badcourier.example", ["courier.example"])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Fog", "FOG!", True),
        ("Fog", "Rain", False),
        ("Fog over town", "Fog over the town", False),
        ("Dockers go back to work at last", "At last, dockers go back to work", True),
        ("Dockers go back to work", "Teachers go back to work", False),
        ("", "", False),
        ("…", "!", False),
    ],
)
def test_two_headlines_say_the_same(one: str, other: str, same: bool) -> None:
    assert is_same_title(one, other) is same


def test_budget_adds_up_to_the_html_and_names_every_block(table) -> None:
    whole = "<p>The quay was empty.</p>"
    material = table.lay(
        table.view(
            appeal=table.appeal,
            lead=table.pick(1, "Dockers go back", layout="lead", whole_html=whole),
            sections=(
                *table.view().sections,
                table.section("Opinion", 4, table.pick(9, "A view", whole_html=whole)),
            ),
        )
    )

    budget = budget_of(material.largest, material.reader_pages)

    assert sum(share.bytes for share in budget) == len(material.largest.html.encode())
    assert {share.part for share in budget} == {
        *("style sheets", "head, opening note, lead", "greeting", "lead: whole article"),
        *("City hall", "Opinion", "Opinion: whole articles", "appeal", "thanks for members"),
        "quote, numbers, footer",
    }
    assert all(share.bytes > 0 for share in budget)


def test_shipped_data_says_where_it_is_from_and_when() -> None:
    data = json.loads(files("digest.press.preflight").joinpath("caniemail.json").read_text())

    assert "caniemail.com" in data["source"]
    assert data["licence"][0] == "MIT License"
    assert caniemail.data_date() == data["date"] >= "2025-01-01"


def test_allow_list_holds_what_is_safe_and_what_is_needed() -> None:
    assert {"table", "td", "bdi"} <= caniemail.allowed("tags")
    assert not {"video", "meter"} & caniemail.allowed("tags")
    assert caniemail.is_allowed_property("padding-left")
    assert caniemail.is_allowed_property("border-top-color")
    assert caniemail.is_allowed_property("mso-hide")
    assert not caniemail.is_allowed_property("border-image")
    assert not caniemail.is_allowed_property("object-fit")


def test_what_is_forbidden_is_never_allowed_by_being_needed() -> None:
    needed = caniemail.NEEDED

    assert not needed["tags"] & caniemail.FORBIDDEN_TAGS
    assert not needed["properties"] & caniemail.FORBIDDEN_PROPERTIES
