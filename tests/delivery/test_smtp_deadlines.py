"""A deadline is one for the whole reply, and nothing that has come in time is thrown away."""

import asyncio
import time

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.outcome import Accepted, Outcome, Uncertain
from digest.delivery.smtp.options import SmtpOptions, Timeouts
from digest.testing import FaultServer, MailServer

ENVELOPE = Envelope("b+1@news.example", "reader@readers.example", "1")
MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
PATIENCE = Timeouts(connect=5, reply=5, mail=5, rcpt=5, data=5, block=5, dot=0.4, quit=1)


async def release_one(port: int, pause: float = 0) -> Outcome:
    """Try one copy; stop the whole process for a while once its dot is written."""
    options = SmtpOptions(host="127.0.0.1", port=port, security="none", timeouts=PATIENCE)
    channel = await SmtpBackend(options).open()
    try:
        assert await channel.stage(ENVELOPE, MESSAGE) is None
        outcome = asyncio.ensure_future(channel.release())
        await asyncio.sleep(0)
        time.sleep(pause)  # nothing else may run meanwhile
        return await outcome
    finally:
        await channel.close()


def test_reply_that_drips_in_does_not_move_the_deadline() -> None:
    async def scenario() -> tuple[Outcome, float]:
        async with FaultServer("dot", "too slow", pace=0.05) as server:
            began = time.monotonic()
            return await release_one(server.port), time.monotonic() - began

    outcome, seconds = asyncio.run(scenario())

    assert isinstance(outcome, Uncertain)
    assert seconds < 1.2  # the whole reply takes 1.6


def test_reply_that_came_while_this_process_was_paused_is_read() -> None:
    with MailServer() as server:
        outcome = asyncio.run(release_one(server.port, pause=0.8))

    assert isinstance(outcome, Accepted)
