"""Zip files are read in place, and what they claim is judged before anything is believed."""

import struct
import zipfile
from pathlib import Path

import pytest

from digest.errors import BadInput
from digest.subscribers.transfer.places import Place, find_places

LIST = b"email\nanna@example.org\n"


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.zip"


def test_member_is_read_where_it_is(path: Path) -> None:
    packed(path, {"lists/readers.csv": LIST})
    (place,) = find_places(path)
    with place.opened() as file:
        content = file.read()

    assert (content, place.name, place.size()) == (LIST, "readers.csv", len(LIST))
    assert [each.name for each in path.parent.iterdir()] == ["export.zip"]


def test_only_lists_are_looked_at(path: Path, tmp_path: Path) -> None:
    names = ("a.csv", "B.CSV", "posts/1.html", "__MACOSX/a.csv", ".hidden.csv", "x/.y/z.csv")
    packed(path, dict.fromkeys(names, LIST))
    folder = tmp_path / "folder"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)

    assert [place.member for place in find_places(path)] == ["B.CSV", "a.csv"]
    assert [place.name for place in find_places(folder)] == ["B.CSV", "a.csv"]


@pytest.mark.parametrize(
    "name", ["../readers.csv", "/etc/readers.csv", "a/../../r.csv", "C:\\r.csv", "a\\..\\r.csv"]
)
def test_name_that_leads_outside_is_refused_and_not_repeated(path: Path, name: str) -> None:
    packed(path, {"good.csv": LIST})
    # zipfile mends some names on the way in; the bytes are what an attacker writes
    with zipfile.ZipFile(path, "a") as archive:
        member = zipfile.ZipInfo("x" * len(name))
        archive.writestr(member, LIST)
    path.write_bytes(path.read_bytes().replace(b"x" * len(name), name.encode()))

    with pytest.raises(BadInput, match="file 2 in it has a name that leads outside it") as caught:
        find_places(path)
    assert name not in str(caught.value)


def test_member_that_grows_too_much_is_refused(path: Path) -> None:
    packed(path, {"bomb.csv": b"a@x.org\n" * 2_000_000})

    with pytest.raises(BadInput, match="grows more than 200 times"):
        find_places(path)


def test_member_gives_no_more_than_it_claims(path: Path) -> None:
    packed(path, {"liar.csv": LIST * 1000})
    whole, size = path.read_bytes(), len(LIST) * 1000
    path.write_bytes(whole.replace(struct.pack("<L", size), struct.pack("<L", 100)))
    (place,) = find_places(path)

    with pytest.raises(BadInput, match="damaged"):
        place.digest()


def test_lists_that_are_too_large_together_are_refused(path: Path) -> None:
    packed(path, {"a.csv": LIST, "b.csv": LIST})
    content = bytearray(path.read_bytes())
    at = -1
    for _ in range(2):  # both claim 3 GB, packed as well: only together it is too much
        at = content.index(b"PK\x01\x02", at + 1)
        content[at + 20 : at + 28] = struct.pack("<LL", 3 * 10**9, 3 * 10**9)
    path.write_bytes(content)

    with pytest.raises(BadInput, match="larger than 4 GB unpacked"):
        find_places(path)


def test_locked_member_is_refused(path: Path) -> None:
    packed(path, {"a.csv": LIST})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)

    with pytest.raises(BadInput, match="locked with a password"):
        find_places(path)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"[Content_Types].xml": b"<x/>", "xl/s.csv": LIST}, "spreadsheet"),
        ({"readme.md": b"no list"}, "no list"),
    ],
)
def test_archive_without_lists_is_refused(path: Path, files: dict[str, bytes], what: str) -> None:
    packed(path, files)

    with pytest.raises(BadInput, match=what) as caught:
        find_places(path)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("cut", [10, 60])
def test_archive_that_is_cut_short_is_refused(path: Path, cut: int) -> None:
    packed(path, {"a.csv": LIST})
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(BadInput, match="not a whole zip file"):
        find_places(path)


def test_damaged_member_is_bad_input(path: Path) -> None:
    packed(path, {"a.csv": bytes(range(256)) * 40})
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)

    with pytest.raises(BadInput, match=r"export\.zip, a\.csv: damaged"):
        Place(path, "a.csv").digest()
