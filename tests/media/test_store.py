"""Files by their content: whole, private, under no name from outside."""

import hashlib
import os
import stat
import threading
from pathlib import Path

import pytest

from digest.errors import NotFound, Refused
from digest.media.store import PictureStore, Shelf, kind_of

NAME = "a" * 64 + ".jpg"


@pytest.fixture
def store(tmp_path: Path) -> PictureStore:
    return PictureStore(tmp_path / "media")


def files(store: PictureStore) -> list[str]:
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


def test_file_is_named_by_its_content_and_kept_once(store: PictureStore) -> None:
    names = {store.put(Shelf.PRINTS, b"pixels", "jpg") for _ in range(2)}

    assert names == {hashlib.sha256(b"pixels").hexdigest() + ".jpg"}
    assert store.get(Shelf.PRINTS, *names) == b"pixels"
    assert files(store) == [*names]


def test_shelves_are_apart(store: PictureStore) -> None:
    name = store.put(Shelf.ORIGINALS, b"pixels", "png")

    with pytest.raises(NotFound):
        store.get(Shelf.PRINTS, name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../keys.toml", "/etc/passwd", "..%2fkeys.toml", "a/../../keys.toml"),
        *(NAME + "\n", NAME + "/", "./" + NAME, NAME.upper(), "A" + NAME[1:], NAME[1:]),
        *(NAME.replace("jpg", "svg"), NAME.replace("jpg", "html"), "a" * 64, f"x/{NAME}"),
        *("٣" * 64 + ".jpg", "\0" + NAME, NAME + "\0", "a" * 5_000, "C:\\keys.toml"),
    ],
)
@pytest.mark.parametrize("does", ["get", "remove"])
def test_no_other_name_opens_or_removes_anything(store: PictureStore, name: str, does: str) -> None:
    (store.folder.parent / "keys.toml").write_text("secret")
    store.put(Shelf.PRINTS, b"pixels", "jpg")

    with pytest.raises(NotFound):
        getattr(store, does)(Shelf.PRINTS, name)

    assert (store.folder.parent / "keys.toml").exists()
    assert len(files(store)) == 1


def test_nobody_else_may_look(store: PictureStore) -> None:
    before = os.umask(0)
    try:
        name = store.put(Shelf.ORIGINALS, b"pixels", "jpg")
    finally:
        os.umask(before)

    path = store.folder / Shelf.ORIGINALS / name
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_removed_file_is_gone_and_may_be_removed_again(store: PictureStore) -> None:
    name = store.put(Shelf.PRINTS, b"pixels", "jpg")

    store.remove(Shelf.PRINTS, name)
    store.remove(Shelf.PRINTS, name)

    assert files(store) == []


def test_writers_of_the_same_file_leave_one_whole_file(store: PictureStore) -> None:
    data = os.urandom(300_000)
    writers = [
        threading.Thread(target=store.put, args=(Shelf.PRINTS, data, "jpg")) for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    [name] = files(store)
    assert store.get(Shelf.PRINTS, name) == data


def test_what_cannot_be_written_is_told_and_leaves_nothing(store: PictureStore) -> None:
    store.folder.mkdir()
    (store.folder / Shelf.PRINTS).write_text("in the way")

    with pytest.raises(Refused, match="Ask your operator"):
        store.put(Shelf.PRINTS, b"pixels", "jpg")

    assert files(store) == [Shelf.PRINTS]


def test_trouble_is_told_and_nothing_is_made(store: PictureStore) -> None:
    assert store.trouble() == ""
    assert not store.folder.exists()

    store.folder.write_text("in the way")
    assert "is no folder" in store.trouble()
    assert "is no folder" in PictureStore(store.folder / "deeper").trouble()


def test_shelf_that_is_no_folder_is_trouble(store: PictureStore) -> None:
    store.folder.mkdir()
    (store.folder / Shelf.PRINTS).write_text("in the way")

    assert "cannot be written to" in store.trouble()


def test_kind_is_that_of_the_name() -> None:
    assert [kind_of(NAME), kind_of("a" * 64 + ".png")] == ["image/jpeg", "image/png"]
