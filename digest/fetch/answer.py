"""What a fetch brings back: plain values, for those who read them and never ask the network."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: the URL after redirects, the status, the headers we use, the body as sent.

    `content_type` is the whole header in lower case, parameters included; absent headers are None.
    `not_modified` means a 304 to the validators we sent; the body is empty then. `served_at` is
    what the server's clock showed (Date), `certificate_ends` when its certificate runs out.
    """

    url: str
    status: int
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False
    served_at: datetime | None = None
    certificate_ends: datetime | None = None
