"""The file that knows how far the database of this place has come; outside of it and its backups.

Two heads and a row for each of some processes, all of fixed length and with a check sum, written in
place: a power cut tears one of them at most, and the file keeps its inode, by which a copy of it is
known. It holds a random secret, a count, and for each process the last dot that it was allowed; no
word about a reader.
"""

import hashlib
import json
import os
import secrets
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.errors import ConfigError

HEAD_BYTES, HEADS = 512, 2
ROW_BYTES, ROWS = 128, 32  # a process takes one by chance; far more than ever send at once
BYTES = HEADS * HEAD_BYTES + ROWS * ROW_BYTES


@dataclass(frozen=True, slots=True)
class LastDot:
    """The last dot that a process was allowed: the row, and the lease under which it was."""

    issue_id: int
    delivery_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class Marker:
    """What the file says, and where it was found: a copy has another inode or another path."""

    secret: str
    count: int
    instance: str  # the database's own random name; empty before anything was sent
    found_at: str
    dots: Sequence[LastDot] = ()

    @property
    def is_used(self) -> bool:
        """Whether a database was ever sent from here."""
        return bool(self.instance or self.dots)

    def home_in(self, database: str) -> str:
        """Return what this place is called in a database, which has a name of its own where it is
        a server's.
        """
        text = "\n".join((self.secret, self.found_at, database))
        return hashlib.sha256(text.encode()).hexdigest()[:24]


class MarkerFile:
    """Owns one file; made with the first use. ConfigError where it cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._row = secrets.randbelow(ROWS)  # of this process

    def read(self) -> Marker | None:
        """Return what the file says; None where there is none, or only rubbish."""
        try:
            with self.path.open("rb") as file:
                data = file.read(BYTES)
                found = os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from error
        heads = [_unpack(data[n * HEAD_BYTES : (n + 1) * HEAD_BYTES]) for n in range(HEADS)]
        whole = [head for head in heads if head is not None]
        if not whole:
            return None
        head = max(whole, key=lambda each: int(each["count"]))
        start = HEADS * HEAD_BYTES
        rows = (_unpack(data[n : n + ROW_BYTES]) for n in range(start, BYTES, ROW_BYTES))
        dots = [LastDot(row["issue"], row["delivery"], row["epoch"]) for row in rows if row]
        where = f"{found.st_ino} {self.path.resolve()}"
        return Marker(head["secret"], int(head["count"]), head["instance"], where, dots)

    def make(self) -> Marker:
        """Return what the file says; one with a new secret where there was none."""
        found = self.read()
        if found is not None:
            return found
        head = {"secret": secrets.token_hex(16), "count": 0, "instance": ""}
        data = _pack(head, HEAD_BYTES) + b"\n" * (BYTES - HEAD_BYTES)
        beside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                self.path.unlink()  # rubbish
            try:
                os.link(beside, self.path)  # fails where another process was faster
            except FileExistsError:
                pass
            finally:
                beside.unlink()
        except OSError as error:
            raise self._trouble(error) from error
        made = self.read()
        if made is None:
            raise ConfigError(f"{self.path}: cannot be read again after it was written")
        return made

    def advance(self, marker: Marker, *, count: int, instance: str) -> None:
        """Have a count on the disk that the database has committed."""
        head = {"secret": marker.secret, "count": count, "instance": instance}
        self._write(_pack(head, HEAD_BYTES), count % HEADS * HEAD_BYTES, forced=True)

    def witness(self, dot: LastDot) -> None:
        """Write down a dot that was just allowed.

        Not forced to the disk: a process that is killed loses nothing by that, and a power cut no
        more than the last moments.
        """
        row = {"issue": dot.issue_id, "delivery": dot.delivery_id, "epoch": dot.epoch}
        self._write(_pack(row, ROW_BYTES), HEADS * HEAD_BYTES + self._row * ROW_BYTES)

    def forget(self) -> None:
        """Forget every dot: somebody has decided what becomes of them."""
        self._write(b"\n" * (ROWS * ROW_BYTES), HEADS * HEAD_BYTES, forced=True)

    def _write(self, data: bytes, place: int, *, forced: bool = False) -> None:
        """Write in place; opened anew each time, for the file may have been replaced."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)
            try:
                os.pwrite(descriptor, data, place)
                if forced:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._trouble(error) from error

    def _trouble(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"{self.path}: {error.strerror}: this file says where the database is sent from;"
            " storage.home names a place for it that can be written to and stays"
        )


def _pack(values: Mapping[str, object], size: int) -> bytes:
    text = json.dumps(values, separators=(",", ":"))
    line = f"{zlib.crc32(text.encode()):08x} {text}".encode()
    return line.ljust(size - 1) + b"\n"


def _unpack(data: bytes) -> dict[str, Any] | None:
    crc, _, text = data.rstrip().partition(b" ")
    try:
        if int(crc, 16) != zlib.crc32(text):
            return None
        values: dict[str, Any] = json.loads(text)
    except ValueError:
        return None
    return values
