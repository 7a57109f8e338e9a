"""Issues under way, watched from browsers: read once for all who watch, told as server-sent events
(HTML Living Standard, section 9.2).

A stream ends when the issue is sent, when its session is over, and when the server stops.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from zoneinfo import ZoneInfo

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import SQLAlchemyError

from digest.app import App
from digest.delivery.progress import Progress, copies_per_minute, expected_end, read_progress
from digest.editors.sessions import find_signed
from digest.errors import DigestError
from digest.models import Issue, IssueState, Newsletter
from digest.web.desk.pages import DeskPages
from digest.web.guard import describe

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between readings of an issue
SHARE = 4  # a reading takes at most a fifth of the time, however many rows there are
POINTS = 90  # readings that are remembered for the pace
MOST_STREAMS = 60
MOST_OF_ONE = 6  # streams of one session
NOTHING_NEW = ":\n\n"  # a comment: the line is alive


@dataclass(frozen=True, slots=True)
class Seen:
    """One reading of an issue, and the part of a page that shows it, the same for everybody."""

    number: int  # of the reading, from 1
    progress: Progress
    html: str


@dataclass(slots=True)
class _Watched:
    """What is remembered of an issue that is looked at."""

    points: deque[tuple[datetime, int]] = field(default_factory=lambda: deque(maxlen=POINTS))
    last: Seen | None = None
    read_at: float = 0.0  # on the clock of the machine
    took: float = 0.0
    guard: Lock = field(default_factory=Lock)
    # Of the streams: touched in the event loop alone.
    secrets: list[str] = field(default_factory=list)
    over: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    reader: asyncio.Task[None] | None = None

    @property
    def pause(self) -> float:
        return max(EVERY, SHARE * self.took)

    def tell(self) -> None:
        told, self.news = self.news, asyncio.Event()
        told.set()


class Watching:
    """Reads issues for the pages and the streams; keeps the last reading of each."""

    def __init__(self, instance: App, pages: DeskPages) -> None:
        self._instance = instance
        self._pages = pages
        self._issues: dict[int, _Watched] = {}
        self._guard = Lock()
        self._ended = asyncio.Event()

    def look(self, issue: Issue) -> Seen:
        """Return the last reading of an issue; a new one where that is old, or the issue has begun,
        been paused or ended since. There is one reading at a time: who comes meanwhile waits.
        """
        watched = self._watched(issue.id)
        with watched.guard:
            last = watched.last
            young = time.monotonic() - watched.read_at < watched.pause
            if last is None or not young or not last.progress.is_of(issue):
                last = self._read(issue.id, watched)
            return last

    def read(self, issue_id: int) -> Seen:
        """Return a new reading of an issue."""
        watched = self._watched(issue_id)
        with watched.guard:
            return self._read(issue_id, watched)

    def _watched(self, issue_id: int) -> _Watched:
        with self._guard:
            return self._issues.setdefault(issue_id, _Watched())

    def _read(self, issue_id: int, watched: _Watched) -> Seen:
        app, began = self._instance, time.monotonic()
        with app.db.read() as session:
            issue = session.get_one(Issue, issue_id)
            slug = session.get_one(Newsletter, issue.newsletter_id).slug
            configured = app.config.newsletter(slug)
            progress = read_progress(session, configured, issue_id, app.clock.now())
        watched.points.append((progress.at, progress.settled))
        pace = copies_per_minute(list(watched.points))
        html = self._pages.part(
            "_progress.html",
            progress=progress,
            pace=pace,
            end=expected_end(progress, pace),
            alive=progress.mood != "sending" or app.hears_scheduler(),
            zone=ZoneInfo(configured.schedule.timezone),
        )
        watched.last = Seen(watched.last.number + 1 if watched.last else 1, progress, html)
        watched.read_at = time.monotonic()
        watched.took = watched.read_at - began
        return watched.last

    def has_room(self, secret: str) -> bool:
        """Whether one more stream may be opened, and by this session."""
        streams = [each for watched in list(self._issues.values()) for each in watched.secrets]
        full = len(streams) >= MOST_STREAMS or streams.count(secret) >= MOST_OF_ONE
        return not (full or self._ended.is_set())

    async def events(self, issue_id: int, secret: str) -> AsyncIterator[str]:
        """Yield an issue's readings as events, as soon as each is there, until the stream ends."""
        if not self.has_room(secret):
            return
        watched = self._watched(issue_id)
        watched.secrets.append(secret)
        last: Seen | None = None
        stale: Seen | None = None
        try:
            if watched.reader is None or watched.reader.done():
                stale = watched.last  # of the last one who looked, whenever that was
                watched.reader = asyncio.create_task(self._keep_reading(issue_id, watched))
            while not self._ended.is_set() and secret not in watched.over:
                news, seen, done = watched.news, watched.last, watched.reader.done()
                if seen is not None and seen is not last and seen is not stale:
                    yield NOTHING_NEW if last and last.html == seen.html else event_of(seen.html)
                    last = seen
                if done:
                    return
                await news.wait()
        finally:
            watched.secrets.remove(secret)

    async def _keep_reading(self, issue_id: int, watched: _Watched) -> None:
        """Read for as long as somebody watches and the issue is being sent."""
        try:
            while watched.secrets and not self._ended.is_set():
                seen = await run_in_threadpool(self.read, issue_id)
                watched.over = await run_in_threadpool(self._list_over, set(watched.secrets))
                if seen.progress.state is not IssueState.SENDING:
                    return
                watched.tell()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), watched.pause)
        except (DigestError, SQLAlchemyError) as error:
            log.error("a stream of progress ends: %s", describe(error))
        finally:
            # Once this task is done: who is told looks whether it is.
            asyncio.get_running_loop().call_soon(watched.tell)

    def _list_over(self, secrets: set[str]) -> set[str]:
        """Return the secrets whose session is over."""
        app, now = self._instance, self._instance.clock.now()
        with app.db.read() as session:
            return {s for s in secrets if find_signed(session, app.sealer, s, now) is None}

    def close(self) -> None:
        """End every stream; called in the event loop."""
        self._ended.set()
        for watched in list(self._issues.values()):
            watched.tell()


def event_of(html: str) -> str:
    """Return a part of a page as one event."""
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
