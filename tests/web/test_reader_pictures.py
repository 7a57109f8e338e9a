"""Our own pictures, for everybody: the same for every reader, kept for ever, at no neutral host."""

import pytest

from digest.media.room import Words
from digest.media.store import Shelf
from digest.models import Picture
from tests.media.samples import photo, saved, striped
from tests.web.signing_up import GUARDED, SCHEDULE


def shown_in(house, data: bytes) -> tuple[str, bytes]:
    """Take a picture in; return the path of its print, and its bytes."""
    media = house.app.media
    number, _ = media.take_in(data, Words(), None, house.app.clock.now())
    with house.app.db.read() as session:
        name = session.get_one(Picture, number).shown
    return f"/pictures/{name}", media.store.get(Shelf.PRINTS, name)


def test_picture_is_kept_by_browsers_and_tells_nobody_apart(house) -> None:
    path, data = shown_in(house, photo())

    answer = house.client.get(
        path, headers={"Cookie": "digest_desk=x", "X-Forwarded-For": "9.9.9.9"}
    )

    assert answer.content == data
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "set-cookie" not in answer.headers
    assert "vary" not in answer.headers


def test_clear_picture_is_a_png(house) -> None:
    from PIL import Image

    path, data = shown_in(house, saved(Image.new("RGBA", (300, 200), (1, 2, 3, 90)), "PNG"))

    answer = house.client.get(path)

    assert (answer.headers["content-type"], answer.content) == ("image/png", data)


def test_head_tells_how_large_it_is(house) -> None:
    path, data = shown_in(house, photo())

    answer = house.client.head(path)

    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(data))


@pytest.mark.parametrize(
    "name",
    [
        *("0" * 64 + ".jpg", "0" * 64, "%2e%2e%2fkeys.toml", "..%2f..%2fkeys.toml", "a.jpg"),
        *("0" * 64 + ".svg", "0" * 64 + ".html", "%00", "0" * 64 + ".jpg%0a"),
    ],
)
def test_there_is_nothing_else_under_pictures(house, name: str) -> None:
    shown_in(house, photo())

    answer = house.client.get(f"/pictures/{name}")

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_no_neutral_host_shows_the_newsroom_s_pictures(open_house) -> None:
    """Whoever has a picture of the newsroom's could ask there for it, and know whose host it is."""
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        path, _ = shown_in(house, saved(striped()))

        for host, status in (
            *(("127.0.0.1", 200), ("127.0.0.1:8000", 200), ("pages.neutral.example", 404)),
            *(("pages.neutral.example:443", 404), ("other.example", 404), ("[", 404)),
        ):
            assert house.client.get(path, headers={"Host": host}).status_code == status, host
