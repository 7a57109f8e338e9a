"""Pictures linked, in the mail, or none; fetched once, refused by headline."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.errors import BadInput, FetchFailed
from digest.press.approval import draft_view
from digest.press.pictures import ALL_MOST, ONE_MOST, embed_pictures, without_pictures
from digest.rendering.view import IssueView, PickView, PictureView, SectionView
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
JPEG, PNG, GIF = b"\xff\xd8\xff\xe0JFIF", b"\x89PNG\r\n\x1a\nIHDR", b"GIF89a"
SITE = "https://courier.example"


def view(*pictures: str, logo: str = "") -> IssueView:
    picks = tuple(
        PickView(f"Story {n}", f"{SITE}/{n}", picture=PictureView(url, "x"))
        for n, url in enumerate(pictures)
    )
    return IssueView(
        *("The Courier", "en", 1, FRIDAY, "s", "", "", "#a4161a", SITE, "12 Quay Street", ""),
        topper=None,
        lead=picks[0] if picks else None,
        sections=(SectionView("News", picks[1:], 1),),
        quote=None,
        numbers=(),
        appeal=None,
        logo=PictureView(logo, "The Courier") if logo else None,
    )


def test_without_pictures_nothing_is_asked_for_and_the_name_stands_for_the_logo() -> None:
    bare = without_pictures(view(f"{SITE}/a.jpg", f"{SITE}/b.jpg", logo=f"{SITE}/l.png"))

    assert bare.logo is None
    assert bare.lead is not None
    assert [pick.picture for pick in (bare.lead, *bare.sections[0].picks)] == [None, None]


def test_each_picture_is_fetched_once_and_named_by_its_bytes() -> None:
    asked: list[str] = []
    files = {f"{SITE}/a.jpg": JPEG, f"{SITE}/b.png": PNG, f"{SITE}/l.gif": GIF}

    def fetch(url: str) -> bytes:
        asked.append(url)
        return files[url]

    given = view(f"{SITE}/a.jpg", f"{SITE}/b.png", f"{SITE}/a.jpg", logo=f"{SITE}/l.gif")
    changed, pictures = embed_pictures(given, fetch, "courier.example")

    assert sorted(asked) == sorted(files)
    assert {(p.kind, p.data) for p in pictures} == {
        *(("image/jpeg", JPEG), ("image/png", PNG), ("image/gif", GIF)),
    }
    first, again = changed.lead, changed.sections[0].picks[1]
    assert first is not None
    assert first.picture == again.picture
    assert first.picture is not None
    assert first.picture.url.startswith("cid:")
    assert first.picture.url.endswith("@courier.example")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg onload=x>", "'Story 0': its picture is no JPEG, PNG or GIF"),
        (b"", "no JPEG"),
        (JPEG + bytes(ONE_MOST), "'Story 0': its picture has 300,008 bytes"),
    ],
)
def test_a_file_that_cannot_be_sent_is_named(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        embed_pictures(view(f"{SITE}/a.jpg"), lambda _url: data, "courier.example")


def test_all_together_may_weigh_so_much() -> None:
    urls = [f"{SITE}/{n}.jpg" for n in range(6)]

    def fetch(url: str) -> bytes:
        return JPEG + url.encode() + bytes(ONE_MOST - 100)

    assert 6 * (ONE_MOST - 100) > ALL_MOST
    with pytest.raises(BadInput, match="the pictures have 1,"):
        embed_pictures(view(*urls), fetch, "courier.example")


def test_a_picture_that_is_gone_is_named_by_its_headline() -> None:
    def fetch(url: str) -> bytes:
        raise FetchFailed(f"{url}: 404")

    with pytest.raises(BadInput, match=r"'Story 0': its picture cannot be fetched: .*404"):
        embed_pictures(view(f"{SITE}/a.jpg"), fetch, "courier.example")


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock) -> Iterator[Newsroom]:
    more = {"alerts =": 'pictures = "embedded"\nalerts ='}
    with open_newsroom(tmp_path, clock, more=more) as opened:
        yield opened


def _with_picture(newsroom: Newsroom) -> str:
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        _, pick, _ = list_picks(session, row.id)[0]
        edit_pick(session, row, pick, {"image_url": f"{SITE}/a.png", "image_alt": "Fog"})
    return issue


def test_the_press_fetches_through_the_guarded_fetch(newsroom: Newsroom) -> None:
    """It refuses this one: the name leads nowhere here, or to a private network."""
    with pytest.raises(BadInput, match="'Headline 0': its picture cannot be fetched"):
        newsroom.approve(_with_picture(newsroom))


def test_an_approved_picture_is_in_every_copy_and_no_address_of_it(newsroom: Newsroom, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = _with_picture(newsroom)
    press = replace(newsroom.press, fetch=lambda _url: PNG)

    mail, headlines, offline = press.render(_view_of(newsroom, issue), newsroom.configured)

    assert [picture.data for picture in mail.pictures] == [PNG]
    assert headlines.pictures == ()
    assert f"{SITE}/a.png" not in "".join(part.text for part in (*mail.html, *offline.html))
    assert "data:image/png;base64," in offline.html[0].text


def _view_of(newsroom: Newsroom, issue: str) -> IssueView:
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
        return draft_view(session, row, newsroom.configured, newsroom.app.clock.now())
