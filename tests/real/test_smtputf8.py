"""M15 of the message checklist: a local part outside ASCII needs a relay that offers SMTPUTF8 (RFC
6531), and without one ends before the wire.
"""

import asyncio
from datetime import date
from pathlib import Path

from sqlalchemy import select

from digest.clock import SystemClock
from digest.models import Delivery
from digest.scheduler import tick_once
from digest.testing import FaultServer
from digest.testing.newsroom import open_newsroom

ZOE = "zoë@example.org"


async def mailed_to_zoe(folder: Path, *offers: str) -> tuple[FaultServer, str, str]:
    async with FaultServer(offers=offers) as server:
        relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
        with open_newsroom(folder, SystemClock(), relay=relay) as newsroom:
            newsroom.subscribe(ZOE)
            newsroom.ready(date(2026, 11, 27))
            await tick_once(newsroom.app)
            with newsroom.app.db.read() as session:
                row = session.scalars(select(Delivery)).one()
                return server, row.state, row.reason


def test_m15_local_part_outside_ascii_is_never_said_without_smtputf8(tmp_path: Path) -> None:
    server, state, reason = asyncio.run(mailed_to_zoe(tmp_path))

    assert (state, reason) == ("rejected", "smtputf8")
    assert not [command for command in server.commands if command.startswith(b"MAIL")]


def test_m15_local_part_outside_ascii_goes_where_smtputf8_is_offered(tmp_path: Path) -> None:
    server, state, _ = asyncio.run(mailed_to_zoe(tmp_path, "SMTPUTF8"))

    assert state == "accepted"
    [(_, message)] = server.accepted
    assert f"To: <{ZOE}>\r\n".encode() in message
