"""Pictures of the media room in what is sent and kept: linked, inside, or not there at all; and
always without asking a network.
"""

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.errors import BadInput
from digest.media.addresses import address_of
from digest.media.room import Words
from digest.media.store import Shelf
from digest.models import Picture
from digest.press.pictures import FILE_MOST, embed_own
from digest.rendering.mirroring import shown
from digest.testing.newsroom import Newsroom, open_newsroom
from tests.media.samples import photo
from tests.press.test_pictures import JPEG, view

FRIDAY = date(2026, 11, 27)
SITE = "http://127.0.0.1:8000"
Open = Callable[..., AbstractContextManager[Newsroom]]


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Open:
    """Open a newsroom with these lines more in its newsletter."""

    def open_with(more: str = "") -> AbstractContextManager[Newsroom]:
        return open_newsroom(tmp_path, clock, more={"alerts =": f"{more}\nalerts ="})

    return open_with


def illustrated(newsroom: Newsroom, site: str = SITE) -> tuple[str, str, bytes]:
    """Draft an issue whose lead has a picture of ours; return its name, the picture's address and
    its bytes.
    """
    issue, app = newsroom.draft(FRIDAY), newsroom.app
    number, _ = app.media.take_in(photo(), Words("A quay"), None, app.clock.now())
    with app.db.write() as session:
        name = session.get_one(Picture, number).shown
        row = find_issue(session, issue)
        _, pick, _ = list_picks(session, row.id)[0]
        url = address_of(site, name)
        edit_pick(session, row, pick, {"image_url": url, "image_alt": "A quay"})
    return issue, url, app.media.store.get(Shelf.PRINTS, name)


def text_of(rendering) -> str:
    return "".join(part.text for part in rendering.html)


def inside(data: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def test_linked_picture_is_linked_in_mails_and_inside_the_offline_file(opened: Open) -> None:
    with opened() as newsroom:
        issue, url, data = illustrated(newsroom)
        mail, _headlines, offline = newsroom.app.press.render(
            _view(newsroom, issue), newsroom.configured
        )

    assert f'src="{url}"' in text_of(mail)
    assert mail.pictures == ()
    assert inside(data) in text_of(offline)
    assert url not in text_of(offline)


def test_picture_of_somebody_else_is_not_in_the_offline_file(opened: Open) -> None:
    with opened() as newsroom:
        issue, _, _ = illustrated(newsroom, "https://elsewhere.example")
        offline = newsroom.app.press.render(_view(newsroom, issue), newsroom.configured)[-1]

    assert "<img" not in text_of(offline)


def test_embedded_picture_comes_from_the_room_without_a_network(opened: Open) -> None:
    """The address leads nowhere here, and to a private network that may not be asked."""
    with opened('pictures = "embedded"') as newsroom:
        issue, url, data = illustrated(newsroom)
        mail, _headlines, offline = newsroom.app.press.render(
            _view(newsroom, issue), newsroom.configured
        )

    assert [picture.data for picture in mail.pictures] == [data]
    assert url not in text_of(mail)
    assert inside(data) in text_of(offline)


def test_embedded_picture_that_was_removed_is_named_by_its_headline(opened: Open) -> None:
    with opened('pictures = "embedded"') as newsroom:
        issue, url, _ = illustrated(newsroom)
        newsroom.app.media.store.remove(Shelf.PRINTS, url.rpartition("/")[2])

        with pytest.raises(
            BadInput, match=r"'Headline 0': its picture .* was removed from the media room"
        ):
            newsroom.app.press.render(_view(newsroom, issue), newsroom.configured)


def test_no_picture_stays_no_picture(opened: Open) -> None:
    with opened('pictures = "none"') as newsroom:
        issue, _, _ = illustrated(newsroom)
        renderings = newsroom.app.press.render(_view(newsroom, issue), newsroom.configured)

    assert not any(
        "/pictures/" in text_of(each) or "data:image" in text_of(each) for each in renderings
    )


def test_guarded_copy_has_it_inside_and_links_none(opened: Open) -> None:
    site = "https://pages.neutral.example"
    guarded = (
        f'pictures = "embedded"\nguarded = true\nguarded_names = ["zebra"]\npublic_url = "{site}"'
    )
    with opened(guarded) as newsroom:
        issue, _, data = illustrated(newsroom, site)
        mail, *_ = newsroom.app.press.render(_view(newsroom, issue), newsroom.configured)

    assert [picture.data for picture in mail.pictures] == [data]
    assert "/pictures/" not in text_of(mail)


def test_linked_picture_goes_by_the_mirror_of_the_pages(opened: Open) -> None:
    mirror = "https://post.example"
    with opened(f'mirrors = [{{ of = "pages", at = ["{mirror}"] }}]') as newsroom:
        issue, url, _ = illustrated(newsroom)
        mail, *_ = newsroom.app.press.render(_view(newsroom, issue), newsroom.configured)

    name = url.rpartition("/")[2]
    assert url not in text_of(mail)
    assert f'src="{mirror}/pictures/{name}"' in text_of(shown(mail, None))
    assert f'src="{url}"' in text_of(shown(mail, {"pages": [SITE]}))


def test_offline_file_takes_so_much_and_no_more() -> None:
    heavy = JPEG + b"\0" * (FILE_MOST // 2)
    given = view(*(f"{SITE}/{n}" for n in "abc"))

    _, pictures = embed_own(given, lambda url: heavy + url.encode(), "courier.example")

    assert len(pictures) == 1


def _view(newsroom: Newsroom, issue: str):
    from digest.press.approval import draft_view

    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
        return draft_view(session, row, newsroom.configured, newsroom.app.clock.now())
