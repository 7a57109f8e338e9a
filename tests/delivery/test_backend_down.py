"""A relay that cannot be used says with which reply."""

import asyncio

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.smtp.options import SmtpOptions
from digest.errors import BackendDown
from digest.testing.faults import FaultServer

ENVELOPE = Envelope("letters@courier.example", "jane@example.org", "1")


async def one_copy(phase: str, fault: str) -> None:
    async with FaultServer(phase, fault) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.port, security="none")
        channel = await SmtpBackend(options).open()
        try:
            await channel.stage(ENVELOPE, b"Subject: x\r\n\r\nbody\r\n")
        finally:
            await channel.close()


@pytest.mark.parametrize(
    ("phase", "fault", "code"),
    [
        ("banner", "421", 421),
        ("banner", "554", 554),
        ("ehlo", "550", 550),
        ("mail", "421", 421),
        ("mail", "550", 550),
        ("banner", "close", 0),
        ("rcpt", "reset", 0),
    ],
)
def test_backend_down_carries_the_code_of_the_reply(phase: str, fault: str, code: int) -> None:
    with pytest.raises(BackendDown) as caught:
        asyncio.run(one_copy(phase, fault))

    assert caught.value.code == code
