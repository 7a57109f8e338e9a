"""Where an export lies: a file, a member of a zip file, or the files of a folder.

Nothing is ever unpacked: a member is read as a stream, so no name inside an archive becomes a path
of ours (zip-slip), and no plaintext of an address is written anywhere. What a zip file claims about
itself is judged before a byte of it is read; zipfile holds it to the sizes it claims. BadInput
names the file.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from digest.errors import BadInput

MOST_MEMBERS = 20_000  # a Substack export has some files for each post
MOST_UNPACKED = 4_000_000_000  # bytes of all lists together; a million readers are 0.1 to 0.4 GB
MOST_PACKED = 200  # how many times a member may grow; lists grow 3 to 30 times
SMALL = 1_000_000  # bytes that may grow as they like
LISTS = (".csv", ".tsv", ".txt")
ZIP_START = b"PK\x03\x04"
_LOCKED = 0x1  # bit 0 of a member's flags: encrypted


@dataclass(frozen=True, slots=True)
class Place:
    """One text file: `path` on the disk, or the `member` of that name in the zip file there."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Return the name of the file itself, fit to print."""
        return PurePosixPath(self.member or self.path.name).name

    def __str__(self) -> str:
        return f"{self.path}, {self.member}" if self.member else str(self.path)

    def size(self) -> int:
        """Return how many bytes the text has."""
        if not self.member:
            return self.path.stat().st_size
        with _archive(self.path) as archive:
            return archive.getinfo(self.member).file_size

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Yield the bytes; BadInput when they cannot be read or are damaged."""
        try:
            if not self.member:
                with self.path.open("rb") as file:
                    yield file
                return
            with _archive(self.path) as archive, archive.open(self.member) as packed:
                yield cast(BinaryIO, packed)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError) as error:
            raise BadInput(f"{self}: damaged, or packed in a way that is not read") from error
        except OSError as error:
            raise BadInput(f"{self}: cannot be read: {error.strerror}") from error

    def digest(self) -> str:
        """Return the text's SHA-256 in hexadecimal."""
        found = hashlib.sha256()
        with self.opened() as file:
            while block := file.read(1 << 18):
                found.update(block)
        return found.hexdigest()


def find_places(path: Path) -> list[Place]:
    """Return the text files that `path` stands for, in the order of their names: itself, the lists
    in the zip file it is, or those in the folder and the folders below.
    """
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.is_file())
        found = [Place(each) for each in inside if is_list(each.relative_to(path).as_posix())]
    elif is_zip(path):
        found = [Place(path, name) for name in _members(path)]
    else:
        return [Place(path)]
    if not found:
        raise BadInput(f"{path}: no list (.csv) is in it")
    return sorted(found, key=lambda place: (place.member, place.path))


def is_zip(path: Path) -> bool:
    """Tell whether a file begins as zip files do; a spreadsheet does too."""
    try:
        with path.open("rb") as file:
            return file.read(4) == ZIP_START
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error


def is_list(name: str) -> bool:
    """Tell whether a name inside an export is that of a list, and not what systems leave there."""
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return not hidden and name.lower().endswith(LISTS)


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise BadInput(f"{path}: not a whole zip file") from error


def _members(path: Path) -> list[str]:
    """Return the names of the lists in a zip file; BadInput for one that is not to be trusted."""
    with _archive(path) as archive:
        inside = archive.infolist()
    if len(inside) > MOST_MEMBERS:
        raise BadInput(f"{path}: more than {MOST_MEMBERS:,} files are in it")
    if any(each.filename == "[Content_Types].xml" for each in inside):
        raise BadInput(f"{path}: this is a spreadsheet; export the list as CSV")
    lists = [each for each in inside if is_list(each.filename)]
    for number, each in enumerate(inside, 1):
        _check_name(path, number, each.filename)
    for each in lists:
        _check_member(path, each)
    if sum(each.file_size for each in lists) > MOST_UNPACKED:
        raise BadInput(f"{path}: its lists are larger than {MOST_UNPACKED // 10**9} GB unpacked")
    names = [each.filename for each in lists]
    if len(set(names)) < len(names):
        raise BadInput(f"{path}: two of its files have one name")
    return names


def _check_name(path: Path, number: int, name: str) -> None:
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or ".." in parts or "\\" in name or name[1:2] == ":"
    if outside or not name.isprintable():
        raise BadInput(f"{path}: file {number} in it has a name that leads outside it")


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    if member.flag_bits & _LOCKED:
        raise BadInput(f"{path}: it is locked with a password; unpack it first")
    if member.file_size > max(SMALL, MOST_PACKED * member.compress_size):
        raise BadInput(f"{path}: a list in it grows more than {MOST_PACKED} times when unpacked")
