"""Files that editors bring: streamed into a private folder up to a limit of their route, and gone
again once the request is over. What a file was called, and said to be, is dropped.

A form with a file is multipart/form-data (RFC 7578) and sends its fields before the file, the token
first of all, so that nothing is kept for somebody who was not let in. The file has mode 0600 and is
locked for as long as somebody uses it: what a killed process left behind is nobody's, and removed
when the next file comes.
"""

import fcntl
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.exceptions import HTTPException

from digest.app import App
from digest.errors import BadInput
from digest.web.desk.doors import TOKEN_FIELD, Door, check_token
from digest.web.forms import BODY_MOST, FIELDS_MOST, PostedForm, small_body

MULTIPART = b"multipart/form-data"
FOLDER = "uploads"  # beside the configuration, and private
PREFIX = "upload-"
# How much more than a form may have is read to its end, and not kept: browsers show no answer to
# what they could not send.
DRAINED_MOST = 50_000_000  # bytes


class UploadedFile:
    """A file that somebody brought, open, locked and private. Whoever takes it over discards it."""

    def __init__(self, folder: Path) -> None:
        """Make an empty one in `folder`, which is made when it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path, self._out = _make(folder)
        self.size = 0
        self.is_taken = False

    def write(self, data: bytes) -> None:
        """Add to the file."""
        self._out.write(data)
        self.size += len(data)

    def complete(self) -> None:
        """Let others who open it see everything that was written."""
        self._out.flush()

    def take_over(self) -> "UploadedFile":
        """Keep the file beyond the request that brought it."""
        self.is_taken = True
        return self

    def read(self) -> bytes:
        """Return all of it."""
        return self.path.read_bytes()

    def discard(self) -> None:
        """Remove the file; a second time nothing happens."""
        self.path.unlink(missing_ok=True)
        self._out.close()


def _make(folder: Path) -> tuple[Path, BinaryIO]:
    """Return a new file, open and locked."""
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}"
        out = os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
        fcntl.flock(out, fcntl.LOCK_EX)
        if path.exists():
            return path, out
        out.close()  # somebody took it for a leftover before it was locked


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form with a file sent."""

    form: PostedForm
    file: UploadedFile
    was_chosen: bool = True  # browsers send a file without a name or a byte where none was

    def chosen(self) -> UploadedFile:
        """Return the file; BadInput where none was chosen."""
        if not self.was_chosen:
            raise BadInput("Choose a file first, and send it with this form.")
        return self.file


def upload_folder(instance: App) -> Path:
    """Return where files lie while they come in and are read."""
    return instance.path.resolve().parent / FOLDER


def upload_of(request: Request) -> Upload:
    """Return what a request brought along to a route that takes a file."""
    upload: Upload = request.state.upload
    return upload


class Uploads:
    """Takes the files of one kind of form: up to `most` bytes, into `folder`."""

    def __init__(self, door: Door, folder: Path, most: int) -> None:
        self._door, self._folder, self._most = door, folder, most

    async def take(self, request: Request) -> AsyncIterator[None]:
        """Check and receive a request for FastAPI, and remove the file afterwards unless it was
        taken over.

        403 without the session's token, 413 for a body that is too long, 415 for another kind, 400
        for one that cannot be read.
        """
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != MULTIPART:
            await self._door.has_token(request, await small_body(request))
            raise HTTPException(415)
        if _length(request) > self._most + BODY_MOST + DRAINED_MOST:
            raise self._too_large()
        remove_leftovers(self._folder)
        receiver = _Receiver(request, self._folder)
        try:
            await self._receive(request, receiver, options.get(b"boundary", b""))
            request.state.upload = receiver.upload()
            yield
        finally:
            if receiver.file is not None and not receiver.file.is_taken:
                receiver.file.discard()

    async def _receive(self, request: Request, receiver: "_Receiver", boundary: bytes) -> None:
        received, most = 0, self._most + BODY_MOST
        try:
            parser = receiver.parser(boundary)
            async for piece in request.stream():
                received += len(piece)
                if received <= most:
                    parser.write(piece)
                elif received > most + DRAINED_MOST:
                    break
        except FormParserError as error:
            raise HTTPException(400) from error
        if received > most:
            raise self._too_large()

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The file is larger than {self._most // 1_000_000} MB.")


def _length(request: Request) -> int:
    told = request.headers.get("content-length", "0")
    return int(told) if told.isascii() and told.isdigit() else 0


class _Receiver:
    """The parts of one body as they come: fields, then one file."""

    def __init__(self, request: Request, folder: Path) -> None:
        self._request, self._folder = request, folder
        self._fields: dict[str, list[str]] = {}
        self._field_bytes = 0
        self._header, self._value = bytearray(), bytearray()
        self._disposition = b""
        self._name = ""
        self._text: bytearray | None = None  # of the field that is coming; None: the file
        self._is_named = self._is_whole = False
        self.file: UploadedFile | None = None

    def parser(self, boundary: bytes) -> MultipartParser:
        """Return a parser that tells this receiver what it finds."""
        return MultipartParser(
            boundary,
            {
                "on_header_field": self._add_header,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin,
                "on_part_data": self._add,
                "on_part_end": self._end,
                "on_end": self._complete,
            },
        )

    def upload(self) -> Upload:
        """Return what came; 400 when it was cut off, or when there was no file."""
        if not self._is_whole:
            raise HTTPException(400)
        if self.file is None:
            raise HTTPException(400, "There was no file. Choose a file first.")
        self.file.complete()
        return Upload(PostedForm(self._fields), self.file, self._is_named or self.file.size > 0)

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begin(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._disposition = b""
        if b"filename" not in options:
            self._name = options.get(b"name", b"").decode("utf-8", "replace")
            self._text = bytearray()
            return
        check_token(self._request, PostedForm(self._fields).text(TOKEN_FIELD))
        if self.file is not None:
            raise HTTPException(400, "One file at a time.")
        self._text, self.file = None, UploadedFile(self._folder)
        self._is_named = bool(options[b"filename"])

    def _add(self, data: bytes, start: int, end: int) -> None:
        if self._text is not None:
            self._field_bytes += end - start
            if self._field_bytes > BODY_MOST:
                raise HTTPException(413)
            self._text += data[start:end]
        elif self.file is not None:
            self.file.write(data[start:end])

    def _end(self) -> None:
        if self._text is None:
            return
        values = self._fields.setdefault(self._name, [])
        values.append(self._text.decode("utf-8", "replace"))
        if len(self._fields) > FIELDS_MOST or len(values) > FIELDS_MOST:
            raise HTTPException(400)

    def _complete(self) -> None:
        self._is_whole = True


def remove_leftovers(folder: Path) -> None:
    """Remove files that nobody uses any more: their processes were killed."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError), path.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
