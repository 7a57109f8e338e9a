"""An issue that was sent is sent once more, to nobody, and what differs is said."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from digest.clock import FixedClock, SystemClock
from digest.errors import BadInput, NotFound, Refused
from digest.models import StoredRendering
from digest.operations.housekeeping import shrink
from digest.operations.replay.replaying import Replay, as_text, differences, replay
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

READERS = tuple(f"reader{number}@example.org" for number in range(5))


def again(newsroom: Newsroom, issue: str | None = None) -> Replay:
    return replay(newsroom.app, issue, lambda _done, _total: None)


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, run: Any
) -> Iterator[Newsroom]:
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path / "room", clock, **url) as opened:
        opened.subscribe(*READERS)
        opened.ready(date(2026, 11, 27))
        run(tick_once(opened.app))
        yield opened


def test_replay_sends_the_same_copies_to_nobody(newsroom: Newsroom, clock: FixedClock) -> None:
    app, before = newsroom.app, newsroom.sums("weekly")
    newsroom.unsubscribe(READERS[0])  # who has left since got a copy then
    taken = len(newsroom.backend.accepted)

    done = again(newsroom)

    assert (done.name, done.expected, done.accepted, done.problems) == ("weekly/1", 5, 5, [])
    assert [(each.name, each.copies) for each in done.editions] == [("full", 5)]
    assert newsroom.sums("weekly") == before
    assert len(newsroom.backend.accepted) == taken
    assert all("example.org" not in each for each in as_text(done).split('"'))

    second = again(newsroom, "weekly/1")
    assert differences(second, as_text(done)) == {}
    changed = next(iter(done.copies))
    other = {**done.copies, changed: replace(done.copies[changed], body="other", headers={})}
    found = differences(second, as_text(replace(done, copies=other)))
    assert found["body"] == 1
    assert found["subject"] == 1
    with pytest.raises(BadInput):
        differences(second, "{}")
    with pytest.raises(BadInput, match="was replayed"):
        differences(second, json.dumps({"format": 1, "issue": "weekly/9", "copies": {}}))

    with app.db.write() as session:
        session.execute(update(StoredRendering).values(issue_version=99))
    assert "not those that were approved" in again(newsroom).problems[0]
    clock.advance(timedelta(days=15))
    shrink(app, 1, lambda: False)
    with pytest.raises(Refused, match="shrunk"):
        again(newsroom, "weekly/1")


def test_nothing_is_replayed_where_nothing_was_sent(tmp_path: Path) -> None:
    with open_newsroom(tmp_path, SystemClock()) as room:
        with pytest.raises(NotFound, match="nothing to replay"):
            again(room)
        issue = room.draft()
        with pytest.raises(Refused, match="only what was sent"):
            again(room, issue)
