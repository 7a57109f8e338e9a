"""A web page that is one article: its metadata, in whatever encoding it comes.

The order of encodings is that of the HTML standard (section 13.2.3.2): byte order mark, header,
``<meta>``, then UTF-8 when the bytes are valid in it and windows-1252 otherwise.
"""

import codecs
import re
from typing import ClassVar

from digest.curation.metadata import ReadPage, read_page
from digest.curation.sources.base import SourceResult
from digest.errors import BadInput
from digest.fetch import Fetched, shown

HTML_TYPES = {"text/html", "application/xhtml+xml"}
LOOKS_LIKE_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta)\b", re.IGNORECASE)
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
# What the standard maps to windows-1252 is mostly that; Python is stricter.
WINDOWS = {"iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"}


class PageSource:
    """Reads a page; the page is the article."""

    accept: ClassVar[str] = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"

    def read(self, fetched: Fetched) -> SourceResult:
        """Return the page as one article; BadInput when it is not HTML or has no headline."""
        return SourceResult((read_fetched(fetched).article,))


def read_fetched(fetched: Fetched) -> ReadPage:
    """Return a fetched page as one article, with its pictures; BadInput when it is not HTML or has
    no headline.
    """
    kind = (fetched.content_type or "").partition(";")[0].strip()
    if kind not in HTML_TYPES and (kind or not LOOKS_LIKE_HTML.search(fetched.body[:2000])):
        raise BadInput(
            f"{shown(fetched.url)}: not a web page (content type: {kind or 'none given'})"
        )
    return read_page(decode_page(fetched), fetched.url)


def decode_page(fetched: Fetched) -> str:
    """Return the page's text; bytes that mean nothing in its encoding become U+FFFD."""
    body = fetched.body
    for mark, encoding in MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    head = body[:2048].decode("latin-1")
    for declared in (*CHARSET.findall(fetched.content_type or ""), *CHARSET.findall(head)):
        encoding = "windows-1252" if declared.lower() in WINDOWS else declared
        try:
            return body.decode(encoding, "replace")
        except (LookupError, ValueError):
            continue
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace")
