"""The same Friday on PostgreSQL: once to everybody, with two senders at work on one store."""

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from digest.app import open_app
from digest.clock import FixedClock
from digest.delivery.outcome import Deferred, Uncertain
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = tuple(f"reader{number}@example.org" for number in range(60))


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock, postgres_url: str) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock, url=postgres_url) as opened:
        opened.subscribe(*READERS)
        yield opened


def reached(newsroom: Newsroom) -> list[str]:
    return sorted(envelope.rcpt_to for envelope, _ in newsroom.backend.accepted)


def test_everybody_gets_one(newsroom: Newsroom, run) -> None:
    issue = newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))

    assert reached(newsroom) == sorted(READERS)
    assert newsroom.state(issue) == "sent"
    assert newsroom.problems(issue) == []


def test_trouble_is_accounted_for(newsroom: Newsroom, clock: FixedClock, run) -> None:
    issue = newsroom.ready(FRIDAY)
    backend = newsroom.backend
    backend.script(lambda e: e.rcpt_to == READERS[3], Deferred(451, "later"), at="stage")
    backend.script(lambda e: e.rcpt_to == READERS[4], Uncertain("no reply"))
    run(tick_once(newsroom.app))

    clock.advance(timedelta(minutes=40))
    run(tick_once(newsroom.app))

    sums = newsroom.sums(issue)
    assert (sums.accepted, sums.uncertain, sums.open) == (59, 1, 0)


def test_two_senders_share_an_issue_without_a_double(
    newsroom: Newsroom, run, tmp_path: Path
) -> None:
    newsroom.ready(FRIDAY)
    with open_app(tmp_path / "config.toml", clock=newsroom.app.clock) as other:
        other._relays["main"] = newsroom.app.relay("main")

        async def both() -> None:
            ticks = (asyncio.to_thread(app.sender.tick) for app in (newsroom.app, other))
            await asyncio.gather(*ticks)
            stop = asyncio.Event()
            await asyncio.gather(
                *(app.sender.drain(stop, until_idle=True) for app in (newsroom.app, other))
            )

        run(both())

    assert reached(newsroom) == sorted(READERS)
