"""Replies are read however they are cut up, and nothing else passes for one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.smtp.replies import BadReply, Reply, ReplyParser, queue_id


def replies_in(*pieces: bytes) -> list[Reply]:
    """Feed the pieces one by one; return the replies."""
    parser = ReplyParser()
    for piece in pieces:
        parser.feed(piece)
    return list(parser.replies)


def test_several_replies_in_one_segment_are_told_apart() -> None:
    replies = replies_in(b"250 2.1.0 Ok\r\n550-5.1.1 no\r\n550 such user\r\n354 go on\r\n")

    assert [(reply.code, reply.text) for reply in replies] == [
        (250, "2.1.0 Ok"),
        (550, "5.1.1 no such user"),
        (354, "go on"),
    ]


@given(st.lists(st.integers(1, 60), max_size=6))
def test_cutting_the_stream_changes_nothing(cuts: list[int]) -> None:
    stream = b"250-one\r\n250 two\r\n421\r\n250 three\r\n"
    edges = [0, *sorted(cuts), len(stream)]

    pieces = [stream[start:end] for start, end in pairwise(edges)]

    assert replies_in(*pieces) == replies_in(stream)


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello\r\n",
        b"25\r\n",
        b"2500 ok\r\n",
        b"650 ok\r\n",
        b"\r\n",
        b"250-one\r\n251 two\r\n",
        b"250 " + b"x" * 3000,
        b"250 " + b"x" * 3000 + b"\r\n",
        b"250-x\r\n" * 200,
        b"250 x\r\n" * 50,
    ],
)
def test_anything_else_is_bad(garbage: bytes) -> None:
    with pytest.raises(BadReply):
        replies_in(garbage)


def test_replies_before_garbage_stay_readable() -> None:
    parser = ReplyParser()

    with pytest.raises(BadReply):
        parser.feed(b"250 ok\r\nnonsense\r\n")

    assert [reply.code for reply in parser.replies] == [250]


def test_text_holds_no_address_and_no_control_character() -> None:
    (reply,) = replies_in(b"550 5.1.1 <reader@readers.example>\x1b[2J \xff unknown\r\n")

    assert "@" not in reply.text
    assert reply.text.isprintable()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.0.0 Ok: queued as 4XyZ1k2Qz9", "4XyZ1k2Qz9"),
        ("OK id=1rBcDe-000Abc-2F", "1rBcDe-000Abc-2F"),
        ("2.0.0 3ATKx1 Message accepted for delivery", "3ATKx1"),
        ("2.6.0 <x> [InternalId=123456, Hostname=MX.example] Queued mail for delivery", "123456"),
        ("2.0.0 OK  1700000000 d9443c01a7336-1cf1 - gsmtp", "d9443c01a7336-1cf1"),
        ("ok 1700000000 qp 4711", "1700000000 qp 4711"),
        ("Message Queued (3F2A-77.1)", "3F2A-77.1"),
        ("Ok 0100018c1a2b3c4d-5e6f-000000", "0100018c1a2b3c4d-5e6f-000000"),
        ("OK", ""),
        ("2.0.0 Thanks", ""),
    ],
)
def test_queue_id_is_read_from_the_common_forms(text: str, expected: str) -> None:
    assert queue_id(text) == expected
