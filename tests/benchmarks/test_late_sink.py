"""The late relay: pure conversations, wherever the bytes are cut."""

import pytest

from benchmarks.late_sink import Conversation

BODY = b"Subject: one\r\n\r\nDATA\r\n..\r\n.\r\n"


def test_group_of_commands_is_answered_one_by_one() -> None:
    said = Conversation().hear(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")

    assert [line[:3] for line in said.splitlines()] == [b"250", b"250", b"354"]


@pytest.mark.parametrize("cut", range(1, len(BODY)))
def test_body_is_answered_once_wherever_it_is_cut(cut: int) -> None:
    conversation = Conversation()
    conversation.hear(b"DATA\r\n")

    said = conversation.hear(BODY[:cut]) + conversation.hear(BODY[cut:] + b"MAIL FROM:<>\r\n")

    assert said == 2 * b"250 2.0.0 Ok\r\n"


def test_command_cut_in_two_is_one_command() -> None:
    conversation = Conversation()

    assert conversation.hear(b"QU") == b""
    assert conversation.hear(b"IT\r\n") == b"221 2.0.0 Bye\r\n"
