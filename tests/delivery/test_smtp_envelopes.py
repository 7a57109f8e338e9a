"""What the envelope of a copy asks for where delivery reports (RFC 3461) are offered."""

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted
from digest.delivery.smtp.envelopes import Extensions, envelope_commands, envid, path
from digest.delivery.smtp.options import SmtpOptions
from digest.testing import FaultServer

MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")  # RFC 3461 section 4


def envelope(reference: str = "delivery 123") -> Envelope:
    return Envelope("b@gazette.example", "jane@example.org", reference)


def heard(*offers: str, dsn: bool = True, reference: str = "delivery 123") -> list[bytes]:
    """Send one copy to a server that offers that; return its MAIL and RCPT lines."""

    async def scenario() -> list[bytes]:
        async with FaultServer(offers=offers) as server:
            options = SmtpOptions(host="127.0.0.1", port=server.port, security="none", dsn=dsn)
            channel = await SmtpBackend(options).open()
            assert await channel.stage(envelope(reference), MESSAGE) is None
            assert isinstance(await channel.release(), Accepted)
            await channel.close()
            return [line for line in server.commands if line[:4] in {b"MAIL", b"RCPT"}]

    return asyncio.run(scenario())


def test_reports_on_failure_and_delay_are_asked_for_under_the_copys_name() -> None:
    assert heard("DSN", "SIZE") == [
        b"MAIL FROM:<b@gazette.example> SIZE=20 RET=HDRS ENVID=d123\r\n",
        b"RCPT TO:<jane@example.org> NOTIFY=FAILURE,DELAY\r\n",
    ]


@pytest.mark.parametrize(("offers", "dsn"), [((), True), (("DSN",), False), (("DSNX",), True)])
def test_reports_are_not_asked_for_where_not_offered_or_not_wanted(
    offers: tuple[str, ...], dsn: bool
) -> None:
    assert heard(*offers, dsn=dsn) == [
        b"MAIL FROM:<b@gazette.example>\r\n",
        b"RCPT TO:<jane@example.org>\r\n",
    ]


def test_copy_without_a_name_asks_for_reports_all_the_same() -> None:
    assert heard("DSN", reference="")[0] == b"MAIL FROM:<b@gazette.example> RET=HDRS\r\n"


def test_body_is_never_announced_as_eightbit() -> None:
    assert b"BODY" not in b"".join(heard("8BITMIME"))


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("delivery 123", "d123"),
        ("notice 7", "n7"),
        ("proof", "proof"),
        ("a+b = c", "a+2Bb+20+3D+20c"),
        ("é", "+C3+A9"),
        ("jane@example.org", ""),
        ("x" * 101, ""),
        ("", ""),
    ],
)
def test_envid_is_short_and_names_nobody(reference: str, name: str) -> None:
    assert envid(reference) == name


@given(st.text(max_size=60))
def test_envid_is_xtext_whatever_the_reference(reference: str) -> None:
    name = envid(reference)

    assert XTEXT.fullmatch(name)
    assert len(name) <= 100


def test_what_a_server_offers_is_read() -> None:
    offered = {"dsn": "", "8bitmime": "", "size": "1000", "pipelining": ""}

    assert Extensions.from_ehlo(offered) == Extensions(
        pipelining=True, size_offered=True, size=1000, dsn=True, eightbit=True
    )
    assert not Extensions.from_ehlo(offered, dsn=False).dsn


def test_report_of_a_report_has_an_empty_sender() -> None:
    commands = envelope_commands(Envelope("", "jane@example.org"), 1, Extensions())

    assert commands == (b"MAIL FROM:<>\r\n", b"RCPT TO:<jane@example.org>\r\n", b"DATA\r\n")


@pytest.mark.parametrize(
    "address", ["jane@example.org", "b+1.tok=x@news.example", "x" * 64 + "@" + "y" * 189]
)
def test_plain_address_goes_out_as_it_is(address: str) -> None:
    assert path(address) == address


@pytest.mark.parametrize(
    "address",
    ["", "jane", "@example.org", "a@b@c", "a b@c", "a@b>", "a@b\r\n", "x" * 64 + "@" + "y" * 190],
)
def test_what_is_no_address_is_none(address: str) -> None:
    assert path(address) is None
