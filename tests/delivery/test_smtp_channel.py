"""What a channel says on the wire, and what it refuses to say."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected
from digest.delivery.smtp.channel import SmtpChannel, stuffed
from digest.delivery.smtp.envelopes import Extensions, envelope_commands
from digest.delivery.smtp.options import SmtpOptions
from digest.delivery.smtp.wire import Wire
from digest.errors import BackendDown
from digest.testing import FaultServer, MailServer

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"


def hear(wire: Wire, data: bytes) -> None:
    """Let a wire read what its server says, as asyncio does."""
    wire.get_buffer(-1)[: len(data)] = data
    wire.buffer_updated(len(data))


async def channel_to(server: FaultServer | MailServer, messages: int = 100) -> SmtpChannel:
    """Open a channel in plaintext."""
    return await SmtpBackend(
        SmtpOptions(
            host="127.0.0.1",
            port=server.port,
            security="none",
            helo_name="news.example",
            messages_per_connection=messages,
        )
    ).open()


def commands_of(envelope: Envelope, *offers: str) -> tuple[Outcome | None, list[bytes]]:
    """Send one copy to a server that offers that; return the outcome and the command lines."""

    async def scenario() -> tuple[Outcome | None, list[bytes]]:
        async with FaultServer(offers=offers) as server:
            channel = await channel_to(server)
            outcome = await channel.stage(envelope, MESSAGE) or await channel.release()
            await channel.close()
            return outcome, server.commands

    return asyncio.run(scenario())


def test_conversation_is_what_the_rfc_asks_for() -> None:
    outcome, commands = commands_of(ENVELOPE)

    assert isinstance(outcome, Accepted)
    assert outcome.queue_id == "F00D"
    assert commands == [
        b"EHLO news.example\r\n",
        b"MAIL FROM:<b+1@news.example>\r\n",
        b"RCPT TO:<reader@readers.example>\r\n",
        b"DATA\r\n",
        b"QUIT\r\n",
    ]


def test_size_is_announced_where_offered() -> None:
    _, commands = commands_of(ENVELOPE, "SIZE 1000")

    assert b"MAIL FROM:<b+1@news.example> SIZE=20\r\n" in commands


def test_copy_larger_than_the_stated_limit_never_touches_the_wire() -> None:
    outcome, commands = commands_of(ENVELOPE, "SIZE 10")

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "size"
    assert [command[:4] for command in commands] == [b"EHLO", b"QUIT"]


def test_international_address_goes_out_where_smtputf8_is_offered() -> None:
    outcome, commands = commands_of(Envelope("b@news.example", "жук@пример.example"), "SMTPUTF8")

    assert isinstance(outcome, Accepted)
    assert b"MAIL FROM:<b@news.example> SMTPUTF8\r\n" in commands
    assert "RCPT TO:<жук@xn--e1afmkfd.example>\r\n".encode() in commands


def test_international_address_never_touches_the_wire_without_smtputf8() -> None:
    outcome, commands = commands_of(Envelope("b@news.example", "жук@readers.example"))

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "smtputf8"
    assert [command[:4] for command in commands] == [b"EHLO", b"QUIT"]


def test_international_domain_alone_needs_no_smtputf8() -> None:
    _, commands = commands_of(Envelope("b@news.example", "reader@straße.example"))

    assert b"RCPT TO:<reader@xn--strae-oqa.example>\r\n" in commands


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_can_smuggle_a_command(local: str, domain: str) -> None:
    """Whatever an address holds, the envelope stays three lines with one pair of brackets each."""
    envelope = Envelope("b@news.example", f"{local}@{domain}")
    commands = envelope_commands(envelope, 1, Extensions(smtputf8=True))

    if not isinstance(commands, Rejected):
        for command in commands:
            assert command.count(b"\r\n") == 1
            assert command.count(b"\r") == command.count(b"\n") == 1
        assert commands[1].count(b"<") == commands[1].count(b">") == 1
        assert b" " not in commands[1].removeprefix(b"RCPT TO:")


def test_broken_sender_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="copy 1: the envelope sender"):
        envelope_commands(Envelope("b@news\r\nRSET", "r@x.example", "1"), 1, Extensions())


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (b"a\nb\r\n", "bare LF"),
        (b"a\rb\r\n", "bare CR"),
        (b"a\n.\nb\r\n", "bare LF"),
        (b"a\r.\rb\r\n", "bare CR"),
        (b"a\r\n.\nb\r\n", "bare LF"),
        (b"\na\r\n", "bare LF"),
        (b"a\r\r\n", "bare CR"),
        (b"a", "end in CRLF"),
        (b"", "end in CRLF"),
        (b"a\xff\r\n", "7-bit"),
    ],
)
def test_message_that_could_end_elsewhere_is_refused(message: bytes, fault: str) -> None:
    with pytest.raises(ValueError, match=f"copy 7: .*{fault}"):
        stuffed(message, "7")


@given(st.lists(st.text("ab. ", max_size=4), min_size=1, max_size=8))
def test_stuffing_is_undone_by_the_receiver_rule(lines: list[str]) -> None:
    """RFC 5321 section 4.5.2: the receiver takes one dot off every line that begins with one."""
    sent = stuffed("".join(f"{line}\r\n" for line in lines).encode(), "1").split(b"\r\n")[:-1]

    assert b"." not in sent
    assert [line.removeprefix(b".").decode() for line in sent] == lines


def test_message_without_leading_dots_is_not_copied() -> None:
    assert stuffed(MESSAGE, "1") is MESSAGE


def test_channel_is_spent_after_its_messages() -> None:
    async def scenario() -> list[bool]:
        usable = []
        async with FaultServer() as server:
            channel = await channel_to(server, messages=2)
            for _ in range(2):
                await channel.stage(ENVELOPE, MESSAGE)
                await channel.release()
                usable.append(channel.usable)
            await channel.close()
        return usable

    assert asyncio.run(scenario()) == [True, False]


def test_release_without_a_staged_copy_is_a_mistake() -> None:
    async def scenario() -> None:
        async with FaultServer() as server:
            channel = await channel_to(server)
            try:
                await channel.release()
            finally:
                await channel.close()

    with pytest.raises(RuntimeError, match="without a staged copy"):
        asyncio.run(scenario())


def test_server_that_speaks_out_of_turn_is_not_mistaken_for_an_answer() -> None:
    """An idle server says 421 before MAIL is written: that is no reply to MAIL."""

    async def scenario() -> bool:
        async with FaultServer() as server:
            channel = await channel_to(server)
            hear(channel._wire, b"421 4.4.2 idle too long\r\n")
            with pytest.raises(BackendDown):
                await channel.stage(ENVELOPE, MESSAGE)
            await channel.close()
            return channel.usable

    assert not asyncio.run(scenario())


def test_reply_that_came_before_the_dot_means_not_accepted() -> None:
    async def scenario() -> tuple[Outcome, list[bytes]]:
        async with FaultServer() as server:
            channel = await channel_to(server)
            await channel.stage(ENVELOPE, MESSAGE)
            hear(channel._wire, b"250 2.0.0 Ok: queued as FAKE\r\n")
            outcome = await channel.release()
            await channel.close()
            return outcome, server.received

    outcome, received = asyncio.run(scenario())

    assert isinstance(outcome, Deferred)
    assert received == []
