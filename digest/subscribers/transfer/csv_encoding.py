"""In which encoding a text file from anywhere is written: found out from its bytes, never from its
name.

Reads the file and nothing else. BadInput, naming file and row, when no encoding fits.
"""

import codecs
import re
from io import TextIOWrapper

from digest.errors import BadInput
from digest.subscribers.transfer.places import Place

BLOCK_BYTES = 1 << 18
LONGEST_LINE = 64_000  # characters looked at in one go

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_KINDS = (
    (b"PK\x03\x04", "a spreadsheet or ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"%PDF", "a PDF file"),
)
_STRAY_BYTE = re.compile("[\udc80-\udcff]")
_UNUSED_IN_1252 = re.compile("[\udc81\udc8d\udc8f\udc90\udc9d]")


class NoList(BadInput):
    """A readable file that is no list of addresses: in an export of many files nothing is amiss."""


def find_encoding(place: Place) -> tuple[str, tuple[str, ...]]:
    """Return the encoding (UTF-8, UTF-16 or Windows-1252) and remarks for the operator."""
    with place.opened() as file:
        start = file.read(4096)
    if not start.strip():
        raise NoList(f"{place}: the file is empty")
    for mark, kind in _OTHER_KINDS:
        if start.startswith(mark):
            raise BadInput(f"{place}: this is {kind}; export the list as CSV")
    for mark, encoding in _BOMS:
        if start.startswith(mark):
            return encoding, ()
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le", ("read as UTF-16",)
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be", ("read as UTF-16",)
    return _utf8_or_1252(place)


def _utf8_or_1252(place: Place) -> tuple[str, tuple[str, ...]]:
    if _is_utf8(place):
        return "utf-8", ()
    letters, strays, row, fits_1252 = _count_strays(place)
    if letters > strays or not fits_1252:
        raise BadInput(f"{place}: row {row}: damaged text, neither UTF-8 nor Windows-1252")
    return "cp1252", (f"row {row} is not UTF-8: the file was read as Windows-1252",)


def _is_utf8(place: Place) -> bool:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    with place.opened() as file:
        try:
            while block := file.read(BLOCK_BYTES):
                decode(block)
            decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _count_strays(place: Place) -> tuple[int, int, int, bool]:
    """Return true UTF-8 letters, stray bytes, the first row with one, and whether Windows-1252
    knows them all.

    Letters outnumbering strays mean a damaged UTF-8 file; read as Windows-1252 its names would turn
    to rubbish.
    """
    letters = strays = first = 0
    fits_1252 = True
    with place.opened() as raw, TextIOWrapper(raw, "utf-8", "surrogateescape") as file:
        for row, text in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), 1):
            found = 0 if text.isascii() else len(_STRAY_BYTE.findall(text))
            letters += len(text) - len(text.encode("ascii", "ignore")) - found
            strays += found
            first = first or (row if found else 0)
            fits_1252 = fits_1252 and not _UNUSED_IN_1252.search(text)
    return letters, strays, first, fits_1252
