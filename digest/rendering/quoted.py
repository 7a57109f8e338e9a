"""Quoted-printable in pieces that fit: fixed text is encoded once, a reader's value each time.

Every piece begins at the start of a line and ends with a line break, soft or hard, so pieces
encoded apart may be joined in any order (RFC 2045, section 6.7). A line never begins with a dot, so
nothing needs dot-stuffing on its way through SMTP; there are no tabs and no two spaces in a row, so
the bytes are already what DKIM's relaxed form makes of them (RFC 6376, 3.4.4). It knows no slots
and no headers.
"""

import re

WIDTH = 75  # characters before the "=" of a soft break; RFC 2045 allows 76 with it
SOFT = b"=\r\n"
HARD = b"\r\n"
DOT = ord(".")

# All but single spaces and visible ASCII without the equals sign.
ENCODED = re.compile(rb"[^ !-<>-~]|(?<= ) ")
PLAIN_VALUE = re.compile(r"[!-\-/-<>-~](?: ?[!-<>-~]){0,37}")
# What is the same in plain text, in HTML and in quoted-printable. A value of this kind is also what
# links are made of.
SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9_~/:@+-][A-Za-z0-9._~/:@+-]*")
NEWLINE = re.compile(r"\r\n?|\n")


def encode_segment(text: str) -> bytes:
    """Return fixed text encoded; a newline becomes CRLF, a last line without one ends softly."""
    *lines, last = NEWLINE.split(text)
    encoded = [_wrap(_trailing_blank_encoded(_escape(line))) + HARD for line in lines]
    if last:
        encoded.append(_wrap(_escape(last)) + SOFT)
    return b"".join(encoded)


def encode_value(value: str) -> bytes:
    """Return a slot's value (one line, not empty) encoded, ending in a soft break."""
    if PLAIN_VALUE.fullmatch(value):
        return value.encode("ascii") + SOFT
    return _wrap(_escape(value)) + SOFT


def encode_same(value: str) -> bytes:
    """Return a value that matches SAME_EVERYWHERE encoded, as encode_value would, only faster."""
    data = value.encode("ascii")
    if len(data) <= WIDTH:
        return data + SOFT
    if len(data) <= 2 * WIDTH and data[WIDTH] != DOT:  # as nearly every link is
        return data[:WIDTH] + SOFT + data[WIDTH:] + SOFT
    return _wrap(data) + SOFT


def _escape(line: str) -> bytes:
    return ENCODED.sub(lambda m: b"=%02X" % m[0][0], line.encode())


def _trailing_blank_encoded(line: bytes) -> bytes:
    return line[:-1] + b"=20" if line.endswith(b" ") else line


def _wrap(line: bytes) -> bytes:
    """Return an escaped line with soft breaks, none inside an ``=XX`` and no line led by a dot."""
    pieces, start = [], 0
    while start < len(line):
        lead = b"=2E" if line[start] == ord(".") else b""
        end = _cut(line, start, WIDTH - 2 if lead else WIDTH)
        pieces.append(lead + line[start + 1 : end] if lead else line[start:end])
        start = end
    return SOFT.join(pieces)


def _cut(line: bytes, start: int, width: int) -> int:
    """Return where a line of that width, begun at `start`, may break."""
    end = min(start + width, len(line))
    if end < len(line):
        escape = line.rfind(b"=", max(start + 1, end - 2), end)
        return escape if escape > 0 else end
    return end
