"""Relaxed canonical form (RFC 6376, 3.4.2 and 3.4.4): what a relay may change and a hash forgives.

Bytes with CRLF line ends only, as they go over the wire. It hashes nothing.
"""

import re

CRLF = b"\r\n"
PERHAPS_TOO_MUCH = re.compile(rb" [ \r]")  # one quick look for two blanks, or one at a line's end


def is_canonical(body: bytes) -> bool:
    """Return whether a body is in relaxed form already; may say no to one with a lone CR."""
    if b"\t" in body or PERHAPS_TOO_MUCH.search(body):
        return False
    return not body or (body.endswith(CRLF) and body != CRLF and not body.endswith(CRLF * 2))


def canonical_body(body: bytes) -> bytes:
    """Return the body in relaxed form; a last line without CRLF is given one."""
    if is_canonical(body):
        return body
    if not body.endswith(CRLF):
        body += CRLF
    body = _single_blanks(body).replace(b" \r\n", CRLF)
    end = len(body)
    while body.endswith(CRLF, 0, end):
        end -= len(CRLF)
    return body[:end] + CRLF if end else b""


def canonical_fields(head: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """Return the names of a head's fields, as they are spelled, and beside them the values in
    relaxed form; the last of each is empty.
    """
    unfolded = head.replace(b"\t", b" ").replace(b"\r\n ", b" ")
    lines = [line.partition(b":") for line in _single_blanks(unfolded).split(CRLF)]
    return tuple([name for name, _, _ in lines]), [value.strip(b" ") for _, _, value in lines]


def _single_blanks(text: bytes) -> bytes:
    """Return the text with every run of tabs and spaces as one space."""
    text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    return text
