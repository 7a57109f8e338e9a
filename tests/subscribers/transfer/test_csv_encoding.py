"""The encoding is found from the bytes, and damage is told from another encoding."""

from pathlib import Path

import pytest

from digest.errors import BadInput
from digest.subscribers.transfer.csv_encoding import BLOCK_BYTES, find_encoding
from digest.subscribers.transfer.places import Place

TEXT = "email,name\nanna@example.org,Zoë Müller\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "readers.csv"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "cp1252"),
    ],
)
def test_encoding_is_found(path: Path, written: str, found: str) -> None:
    path.write_bytes(TEXT.encode(written))
    encoding, _ = find_encoding(Place(path))

    assert encoding == found
    assert path.read_text(encoding=encoding) == TEXT


def test_windows_1252_is_noted_with_the_row(path: Path) -> None:
    path.write_bytes(TEXT.encode("cp1252"))

    assert find_encoding(Place(path))[1] == (
        "row 2 is not UTF-8: the file was read as Windows-1252",
    )


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b" \r\n \n", "the file is empty"),
        (b"PK\x03\x04" + bytes(99), "spreadsheet"),
        (b"\x1f\x8b\x08" + bytes(99), "gzip"),
        ("email\na@x.org,Žanna Ķirse\n".encode() + b"b@x.org,\xff\n", "row 3: damaged"),
        (b"email\n\x81\x8d\x8f@x.org\n", "row 2: damaged"),
    ],
)
def test_what_is_no_text_is_bad_input_naming_file(path: Path, content: bytes, what: str) -> None:
    path.write_bytes(content)

    with pytest.raises(BadInput, match=what) as caught:
        find_encoding(Place(path))
    assert str(caught.value).startswith(str(path))


def test_missing_file_is_bad_input(path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        find_encoding(Place(path))


def test_letter_cut_in_two_by_a_block_is_still_utf8(path: Path) -> None:
    path.write_bytes(b"x" * (BLOCK_BYTES - 1) + "ē".encode())

    assert find_encoding(Place(path)) == ("utf-8", ())
