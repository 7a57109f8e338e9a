"""Forms that bring a file along: multipart, one file, of a limited size, read as it comes in.

Only routes that ask for an `Upload` take such a body, and only once somebody has signed in: the
dependency stands behind the check of the role. What is too large is not kept; it is read to its
end within reason, because browsers show no answer to what they could not send.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser

from digest.errors import BadInput
from digest.media.darkroom import PICTURE_MOST
from digest.web.forms import FIELDS_MOST, PostedForm, read_form, small_body

MULTIPART = "multipart/form-data"
BESIDE_MOST = 20_000  # bytes of the fields beside the file, and of what holds it all together
FIELD_MOST = 5_000  # bytes of one field
DRAINED_MOST = 60_000_000  # bytes that are read to tell somebody that it was too much
FILE_FIELD = "file"


@dataclass(frozen=True, slots=True)
class UploadedForm:
    """The fields of one post, and the bytes of its file; what the file was called is dropped, and
    so is what it is said to be. `data` is None where no file came along, and `is_whole` is False
    where none could have.
    """

    form: PostedForm
    data: bytes | None = None
    is_whole: bool = True

    def file(self) -> bytes:
        """Return the file; BadInput where none was chosen."""
        if self.data is None:
            raise BadInput("Choose a file first, and send it with this form.")
        return self.data


async def posted_upload(request: Request) -> UploadedForm:
    """Return what a form with a file posts; 413 when it is too long, 400 when it cannot be read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != MULTIPART:
        return UploadedForm(read_form(await small_body(request)), is_whole=False)
    parser = MultiPartParser(
        request.headers,
        _limited(request),
        max_files=1,
        max_fields=FIELDS_MOST,
        max_part_size=FIELD_MOST,
    )
    try:
        parsed = await parser.parse()
    except MultiPartException as error:
        raise HTTPException(400, "This form cannot be read.") from error
    try:
        return await _upload_of(parsed)
    finally:
        await parsed.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """Yield a body up to the most that is taken; of a longer one nothing more, and 413."""
    size, most = 0, PICTURE_MOST + BESIDE_MOST
    async for piece in request.stream():
        size += len(piece)
        if size <= most:
            yield piece
        elif size > DRAINED_MOST:
            break
    if size > most:
        raise HTTPException(413, f"The file is larger than {PICTURE_MOST // 1_000_000} MB.")


async def _upload_of(parsed: FormData) -> UploadedForm:
    fields: dict[str, list[str]] = {}
    data = None
    for name, value in parsed.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif (
            isinstance(value, UploadFile) and name == FILE_FIELD and (value.filename or value.size)
        ):
            data = await value.read()
    return UploadedForm(PostedForm(fields), data)


Upload = Annotated[UploadedForm, Depends(posted_upload)]
