"""The media room on both databases: taken in once, cut anew, found, used, removed."""

import hashlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.curation.board_changes import change_pick
from digest.curation.inbox import add_article
from digest.curation.issues import find_issue, move_issue, new_issue
from digest.curation.picks import find_pick, pick_article
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput, NotFound, Refused
from digest.media.addresses import address_of, name_in
from digest.media.darkroom import Darkroom
from digest.media.room import (
    MediaRoom,
    Words,
    change_picture,
    cut_of,
    fill_words,
    find_by_print,
    find_cut,
    find_picture,
    list_prints,
)
from digest.media.shapes import Cut, Shape
from digest.media.store import PictureStore, Shelf
from digest.media.uses import list_pictures, list_uses
from digest.models import Editor, IssueState, Newsletter, Picture, PicturePrint, Role, Section
from tests.media.samples import colour_of, opened, photo, saved, striped

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
SITE = "https://digest.example"
ADA = Words("A quay", "Photo: Ada Holm", "ours")


@pytest.fixture
def room(any_db: Database, tmp_path: Path) -> MediaRoom:
    return MediaRoom(any_db, PictureStore(tmp_path / "media"), Darkroom())


def picture_of(room: MediaRoom, picture_id: int) -> Picture:
    with room.db.read() as session:
        return find_picture(session, picture_id)


def files(room: MediaRoom) -> set[str]:
    return {path.name for path in room.store.folder.rglob("*") if path.is_file()}


def test_picture_is_kept_with_its_words(room: MediaRoom) -> None:
    data = photo(1500, 1000)

    picture_id, is_new = room.take_in(data, ADA, None, NOW, "https://courier.example/a.jpg")

    kept = picture_of(room, picture_id)
    assert is_new
    assert (kept.alt, kept.credit, kept.rights) == ("A quay", "Photo: Ada Holm", "ours")
    assert (kept.width, kept.height, kept.kind) == (1500, 1000, "jpg")
    assert (kept.source_url, kept.created_at) == ("https://courier.example/a.jpg", NOW)
    assert kept.digest == hashlib.sha256(data).hexdigest()
    assert cut_of(kept) == Cut()
    assert len(room.store.get(Shelf.ORIGINALS, kept.original)) == kept.size
    assert opened(room.store.get(Shelf.PRINTS, kept.shown)).size == (1200, 800)


def test_same_bytes_are_the_same_picture(room: MediaRoom) -> None:
    data = photo()
    first, _ = room.take_in(data, ADA, None, NOW)

    again, is_new = room.take_in(data, Words("Something else"), None, NOW)

    assert (again, is_new) == (first, False)
    assert picture_of(room, first).alt == "A quay"


def test_same_pixels_in_another_file_are_the_same_picture(room: MediaRoom) -> None:
    first, _ = room.take_in(saved(striped(), "PNG"), ADA, None, NOW)

    assert room.take_in(saved(striped(), "PNG", dpi=(9, 9)), ADA, None, NOW) == (first, False)
    assert len(files(room)) == 2


def test_same_picture_brought_by_two_at_once_is_one(room: MediaRoom) -> None:
    data, found = photo(), []

    def bring() -> None:
        found.append(room.take_in(data, ADA, None, NOW))

    askers = [threading.Thread(target=bring) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert len({picture_id for picture_id, _ in found}) == 1
    assert [is_new for _, is_new in found].count(True) == 1


def test_address_is_asked_once(room: MediaRoom) -> None:
    asked: list[str] = []
    data = photo()

    def fetch(url: str) -> bytes:
        asked.append(url)
        return data

    found = [
        room.take_from("https://courier.example/a b.jpg", fetch, ADA, None, NOW) for _ in range(2)
    ]

    assert asked == ["https://courier.example/a%20b.jpg"]
    assert found == [(found[0][0], True), (found[0][0], False)]


@pytest.mark.parametrize("url", ["", "quay.jpg", "javascript:alert(1)", "file:///etc/passwd"])
def test_what_is_no_address_is_asked_nothing(room: MediaRoom, url: str) -> None:
    def fetch(url: str) -> bytes:
        raise AssertionError(url)

    with pytest.raises(BadInput, match="whole address"):
        room.take_from(url, fetch, ADA, None, NOW)


def test_nothing_is_kept_of_what_is_no_picture(room: MediaRoom) -> None:
    with pytest.raises(BadInput):
        room.take_in(b"<svg/>", ADA, None, NOW)

    assert files(room) == set()
    with room.db.read() as session:
        assert list_pictures(session).pictures == []


def test_words_become_lines_of_a_length(room: MediaRoom) -> None:
    words = Words(" A\n quay\0\t", "x" * 5_000)

    kept = picture_of(room, room.take_in(photo(), words, None, NOW)[0])

    assert kept.alt == "A quay"
    assert len(kept.credit) <= 1_000


def test_another_cut_is_another_print_made_once(room: MediaRoom) -> None:
    picture_id, _ = room.take_in(saved(striped(2700, 600)), ADA, None, NOW)

    names = [room.print(picture_id, cut, NOW) for cut in (Cut(0, 50), Cut(100, 50), Cut(0, 50))]

    assert names[0] == names[2] != names[1]
    colours = [colour_of(opened(room.store.get(Shelf.PRINTS, name))) for name in names]
    assert colours == ["red", "blue", "red"]
    with room.db.read() as session:
        assert find_cut(session, picture_id, names[1]) == Cut(100, 50)
        assert find_cut(session, picture_id, "x") is None
        found = find_by_print(session, names[1])
        assert found is not None
        assert found.id == picture_id
        assert len(list_prints(session, picture_id)) == 3


def test_print_of_no_picture_is_not_found(room: MediaRoom) -> None:
    with pytest.raises(NotFound):
        room.print(99, Cut(), NOW)


def test_change_is_kept(room: MediaRoom) -> None:
    picture_id, _ = room.take_in(saved(striped(2700, 600)), Words(), None, NOW)
    cut = Cut(10, 20, Shape.WHOLE)
    shown = room.print(picture_id, cut, NOW)

    with room.db.write() as session:
        change_picture(find_picture(session, picture_id), ADA, cut, shown)

    kept = picture_of(room, picture_id)
    assert (kept.alt, kept.credit, kept.rights) == (ADA.alt, ADA.credit, ADA.rights)
    assert (cut_of(kept), kept.shown) == (cut, shown)


def test_words_are_filled_in_only_where_there_are_none(room: MediaRoom) -> None:
    picture_id, _ = room.take_in(photo(), Words(alt="A quay"), None, NOW)

    with room.db.write() as session:
        fill_words(find_picture(session, picture_id), "Another", "Ada Holm")

    kept = picture_of(room, picture_id)
    assert (kept.alt, kept.credit) == ("A quay", "Ada Holm")


# Where it is used.


class House:
    """A newsletter with one issue of one pick, and how to give that a picture."""

    def __init__(self, room: MediaRoom) -> None:
        self.room = room
        with room.db.write() as session:
            editor = Editor(
                **{"name_sealed": b"x", "address_sealed": b"x", "address_index": b"x" * 32},
                **{"role": Role.EDITOR, "created_at": NOW},
            )
            newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
            session.add_all([editor, newsletter])
            session.flush()
            section = Section(newsletter_id=newsletter.id, heading="News", position=1)
            session.add(section)
            session.flush()
            issue = new_issue(session, newsletter, slot_date=None, now=NOW)
            found = FoundArticle(url="https://courier.example/1", title="Fog")
            article = add_article(session, found, now=NOW)
            pick_article(session, issue, article, section)
            self.editor_id, self.article_id = editor.id, article.id

    def give(self, url: str, site: str = SITE) -> None:
        """Give the pick a print by its name, or no picture."""
        with self.room.db.write() as session:
            issue = find_issue(session, "weekly/1")
            pick = find_pick(session, issue, self.article_id)
            changes = {"image_url": address_of(site, url) if url else ""}
            change_pick(session, issue, self.editor_id, pick, changes, NOW)

    def remove(self, picture_id: int) -> None:
        """Remove a picture."""
        with self.room.db.write() as session:
            self.room.remove(session, picture_id)

    def places(self, picture_id: int) -> list[str]:
        """Return where a picture is used."""
        with self.room.db.read() as session:
            return [use.place for use in list_uses(session, list_prints(session, picture_id))]


@pytest.fixture
def house(room: MediaRoom) -> House:
    return House(room)


def test_used_picture_stays(room: MediaRoom, house: House) -> None:
    picture_id, _ = room.take_in(photo(), ADA, None, NOW)
    house.give(picture_of(room, picture_id).shown)

    assert house.places(picture_id) == ["weekly/1"]
    with pytest.raises(Refused, match="used in weekly/1"):
        house.remove(picture_id)
    assert len(files(room)) == 2


def test_older_cut_and_another_host_are_uses_as_well(room: MediaRoom, house: House) -> None:
    picture_id, _ = room.take_in(saved(striped(2700, 600)), ADA, None, NOW)
    house.give(room.print(picture_id, Cut(3, 3), NOW), "https://old.example/letters")

    assert house.places(picture_id) == ["weekly/1"]


def test_what_can_be_undone_is_a_use_until_the_issue_goes(room: MediaRoom, house: House) -> None:
    picture_id, _ = room.take_in(photo(), ADA, None, NOW)
    house.give(picture_of(room, picture_id).shown)
    house.give("")
    assert house.places(picture_id) == ["weekly/1, where a change can still be undone"]

    with room.db.write() as session:
        move_issue(session, find_issue(session, "weekly/1").id, to=IssueState.CANCELLED)

    house.remove(picture_id)
    assert files(room) == set()


def test_logo_is_a_use(room: MediaRoom, house: House) -> None:
    picture_id, _ = room.take_in(photo(), ADA, None, NOW)
    with room.db.write() as session:
        url = address_of(SITE, picture_of(room, picture_id).shown)
        newsletter = session.query(Newsletter).one()
        newsletter.furniture = {"logo": {"url": url, "width": 300, "height": 48}}

    assert house.places(picture_id) == ["the furniture of weekly"]


def test_unused_picture_is_removed_with_all_its_files(room: MediaRoom, house: House) -> None:
    picture_id, _ = room.take_in(saved(striped(2700, 600)), ADA, None, NOW)
    room.print(picture_id, Cut(0, 0), NOW)

    house.remove(picture_id)

    assert files(room) == set()
    with room.db.read() as session:
        assert session.query(PicturePrint).count() == 0
    with pytest.raises(NotFound):
        house.remove(picture_id)


def test_print_that_two_pictures_share_stays_for_the_other(room: MediaRoom, house: House) -> None:
    """The middle of both is the same; what was cut away is not."""
    wide, wider = (saved(_alike(width), "PNG") for width in (1000, 1100))
    first, second = (room.take_in(data, ADA, None, NOW)[0] for data in (wide, wider))
    assert picture_of(room, first).shown == picture_of(room, second).shown

    house.remove(first)

    assert room.store.get(Shelf.PRINTS, picture_of(room, second).shown)
    house.remove(second)
    assert files(room) == set()


def _alike(width: int):
    image = striped(width, 400)
    image.paste((9, 9, 9), (0, 0, width, 400))
    return image


def test_picture_can_be_taken_in_again_after_it_was_removed(room: MediaRoom, house: House) -> None:
    data = photo()
    house.remove(room.take_in(data, ADA, None, NOW)[0])

    picture_id, is_new = room.take_in(data, ADA, None, NOW)

    assert is_new
    assert room.store.get(Shelf.PRINTS, picture_of(room, picture_id).shown)


# Which there are.


@pytest.fixture
def many(room: MediaRoom) -> Callable[..., list[int]]:
    def bring(*words: Words) -> list[int]:
        with room.db.write() as session:
            rows = [
                Picture(
                    **{"digest": f"{n:064}", "original": f"{n:064}.jpg", "shown": f"{n:064}.jpg"},
                    **{"kind": "jpg", "width": 9, "height": 9, "size": 9, "shape": "3:2"},
                    **{"focus_x": 50, "focus_y": 50, "source_url": "", "source_digest": ""},
                    **{"alt": each.alt, "credit": each.credit, "rights": each.rights},
                    created_at=NOW,
                )
                for n, each in enumerate(words)
            ]
            session.add_all(rows)
            session.flush()
            return [row.id for row in rows]

    return bring


def test_pictures_come_by_pages_newest_first(room: MediaRoom, many) -> None:
    ids = many(*(Words(f"Picture {n}") for n in range(5)))

    with room.db.read() as session:
        first = list_pictures(session, most=2)
        second = list_pictures(session, most=2, before=first.older)
        last = list_pictures(session, most=2, before=second.older)

    pages = [[picture.id for picture in page.pictures] for page in (first, second, last)]
    assert pages == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert last.older == 0


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("quay", [0]),
        ("ПРИСТАНЬ", [1]),
        ("holm photo", [2, 0]),
        ("agency", [1]),
        ("%", []),
        ("quay holm", [0]),
        ("quay agency", []),
        ("\0", []),
    ],
)
def test_pictures_are_found_by_their_words(room: MediaRoom, many, search, found) -> None:
    ids = many(
        Words("A quay", "Photo: Ada Holm"),
        Words("Пристань", rights="an Agency"),
        Words("Fog", "photo: ada holm"),
    )

    with room.db.read() as session:
        shown = [picture.id for picture in list_pictures(session, search=search).pictures]

    assert shown == [ids[n] for n in found]


# Addresses.


@pytest.mark.parametrize("site", [SITE, "https://letters.example/weekly", "http://127.0.0.1:8000"])
def test_address_leads_back_to_its_name(site: str) -> None:
    name = "a" * 64 + ".jpg"

    assert name_in(address_of(site, name), [SITE, "https://letters.example/weekly", site]) == name


@pytest.mark.parametrize(
    "url",
    [
        *("", SITE, f"{SITE}/pictures/", f"{SITE}/pictures/x.jpg"),
        "https://evil.example/pictures/" + "a" * 64 + ".jpg",
        f"{SITE}/pictures/" + "a" * 64 + ".jpg?reader=1",
        f"{SITE}/pictures/../" + "a" * 64 + ".jpg",
        f"{SITE}.evil.example/pictures/" + "a" * 64 + ".jpg",
    ],
)
def test_what_is_none_of_ours_has_no_name(url: str) -> None:
    assert name_in(url, [SITE]) is None
