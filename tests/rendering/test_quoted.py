"""Quoted-printable pieces: each decodes, any order joins, no line is long or led by a dot."""

import quopri
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.quoted import encode_segment, encode_value

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=300)
LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=300)


def decoded(encoded: bytes) -> str:
    return quopri.decodestring(encoded.replace(b"\r\n", b"\n")).decode()


@given(st.lists(TEXT | LINE, max_size=6))
def test_joined_pieces_decode_to_joined_text(texts: list[str]) -> None:
    assert decoded(b"".join(map(encode_segment, texts))) == "".join(texts)


@given(LINE)
def test_value_decodes_to_itself(value: str) -> None:
    assert decoded(encode_value(value)) == value


@given(TEXT | st.text("=. \tä", max_size=400))
def test_lines_are_short_plain_and_undotted(text: str) -> None:
    encoded = encode_segment(text)
    lines = encoded.split(b"\r\n")

    assert encoded.isascii()
    assert lines[-1] == b""
    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith(b".") or line.endswith((b" ", b"\t"))]
    assert not re.search(rb"=(?!\r\n|[0-9A-F]{2})|(?<!\r)\n|\r(?!\n)", encoded)


@pytest.mark.parametrize("value", [".", ". a", "a=b", " a", "x" * 75, "x" * 76, "." * 200])
def test_value_lines_are_short_and_undotted(value: str) -> None:
    lines = encode_value(value).split(b"\r\n")

    assert max(map(len, lines)) <= 76
    assert not [line for line in lines if line.startswith(b".")]
    assert decoded(encode_value(value)) == value


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_newline_becomes_crlf(newline: str) -> None:
    assert encode_segment(f"a{newline}b{newline}") == b"a\r\nb\r\n"


def test_segment_without_newline_ends_softly() -> None:
    assert encode_segment("a") == b"a=\r\n"
