"""The files of the media room: two shelves in one folder, every file named by its own content.

No name ever comes from outside: a file is called by the SHA-256 of its bytes, and a name that does
not look like that opens nothing. What is the same has the same name, and is kept once. Originals
show what was cut away, so only prints are for everybody.
"""

import enum
import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from digest.errors import NotFound, Refused

NAME = re.compile(r"[0-9a-f]{64}\.(?:jpg|png)")
KINDS = {"jpg": "image/jpeg", "png": "image/png"}
PRIVATE = 0o700  # of folders; files get what of it is for files


class Shelf(enum.StrEnum):
    """Where a file is: seen by editors alone, or by everybody."""

    ORIGINALS = "originals"
    PRINTS = "prints"


@dataclass(frozen=True, slots=True)
class PictureStore:
    """Owns the files below one folder, which is made with the first of them."""

    folder: Path

    def put(self, shelf: Shelf, data: bytes, kind: str) -> str:
        """Keep a file of a kind (jpg or png) and return its name; Refused when it cannot be
        written.

        Written beside its place and moved there whole: nobody ever reads half of it.
        """
        name = f"{hashlib.sha256(data).hexdigest()}.{kind}"
        place = self._place(shelf, name)
        try:
            place.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            if not place.is_file():
                _write_whole(place, data)
        except OSError as error:
            raise Refused(
                f"The picture cannot be kept: {error.strerror}. Ask your operator to look at the "
                "folder of the media room."
            ) from error
        return name

    def get(self, shelf: Shelf, name: str) -> bytes:
        """Return a file's bytes; NotFound when there is no such file."""
        try:
            return self._place(shelf, name).read_bytes()
        except OSError as error:
            raise NotFound("there is no such picture") from error

    def remove(self, shelf: Shelf, name: str) -> None:
        """Remove a file; harmless when it is gone already."""
        self._place(shelf, name).unlink(missing_ok=True)

    def trouble(self) -> str:
        """Return why nothing could be kept here, empty when it could; writes nothing."""
        here = self.folder
        while not here.exists() and here != here.parent:
            here = here.parent  # what is not there yet is made with the first picture
        if not here.is_dir():
            return f"{here} is no folder"
        shelves = [here, *(self.folder / shelf for shelf in Shelf)]
        shut = [place for place in shelves if place.exists() and not _is_open(place)]
        return f"{shut[0]} cannot be written to" if shut else ""

    def _place(self, shelf: Shelf, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise NotFound("there is no such picture")
        return self.folder / shelf / name


def kind_of(name: str) -> str:
    """Return the content type of a file by its name."""
    return KINDS[name.rpartition(".")[2]]


def _is_open(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _write_whole(place: Path, data: bytes) -> None:
    beside = place.with_name(f".{secrets.token_hex(8)}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
