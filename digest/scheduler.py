"""The daemon: APScheduler as alarm clock, and the loops that never end. It calls verbs and decides
nothing.

Every `tick_seconds` the sender opens what is due; draining, notices, intake and housekeeping are
loops of their own. A second daemon on the same store is harmless, only said in the log.
docs/decisions/0001 says why nothing is kept in the scheduler's own store.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from digest.app import App
from digest.config import MailboxConfig
from digest.correspondence.forgetting import forget_old
from digest.curation.source_list import due_sources
from digest.curation.watches import follow_picks, has_work, list_due
from digest.delivery.next_draft import day_to_follow, follow_up
from digest.editors.audit import note
from digest.errors import Conflict, DigestError
from digest.operations.housekeeping import keep_house_daily
from digest.operations.moved import SchemaWatch
from digest.subscribers.door.requests import list_requests

log = logging.getLogger(__name__)

NOTICE_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0  # between looks whether a day has passed
AFTER_FAILURE_SECONDS = 5.0
FORGET_SECONDS = 3600.0


async def run_scheduler(app: App, stop: asyncio.Event) -> None:
    """Send Fridays until `stop` is set; then let copies in flight end, and return. SchemaUnfit,
    in the same good order, once another program has migrated the database.
    """
    schema = SchemaWatch(app)
    app.check_relays()
    _say_others(app)
    alarm = AsyncIOScheduler(timezone="UTC")
    ticking, tick_seconds = asyncio.Lock(), app.config.scheduler.tick_seconds
    job = alarm.add_job(
        _tick,
        "interval",
        args=[app, ticking],
        seconds=tick_seconds,
        next_run_time=app.clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    alarm.start()
    try:
        await asyncio.gather(
            schema.watch(stop),
            *(
                _for_ever(stop, AFTER_FAILURE_SECONDS, partial(app.sender.drain_relay, name, stop))
                for name in app.sender.relay_names()
            ),
            _for_ever(stop, NOTICE_SECONDS, app.notices.send_waiting),
            _for_ever(stop, NOTICE_SECONDS, partial(asyncio.to_thread, _answer, app)),
            _for_ever(stop, FORGET_SECONDS, partial(asyncio.to_thread, _forget, app)),
            _for_ever(stop, tick_seconds, partial(_follow_clock, app, job)),
            _for_ever(stop, tick_seconds, partial(asyncio.to_thread, _intake, app, stop)),
            _for_ever(stop, tick_seconds, partial(asyncio.to_thread, watch_articles, app, stop)),
            *(
                _for_ever(stop, 60 * each.every_minutes, partial(_read_letters, app, each, stop))
                for each in app.config.mailboxes
            ),
            _for_ever(
                stop,
                HOUSEKEEPING_SECONDS,
                lambda: asyncio.to_thread(keep_house_daily, app, stop.is_set),
            ),
        )
    finally:
        alarm.pause()
        async with ticking:  # shutting down would cancel a tick that runs
            alarm.shutdown(wait=False)
        await asyncio.to_thread(app.stop_beating, "scheduler")
    schema.complain()


async def tick_once(app: App, stop: asyncio.Event | None = None) -> None:
    """Do one round by hand, as a cron entry may: open, drain until nothing is due, read and answer
    readers' letters, send notices, close.

    Once `stop` is set no further copy is begun. BackendDown when the relay cannot be used;
    SchemaUnfit when the database was migrated meanwhile.
    """
    stop, schema = stop or asyncio.Event(), SchemaWatch(app)
    watching = asyncio.create_task(schema.watch(stop))
    try:
        await _open_and_drain(app, stop)
    finally:
        watching.cancel()
    schema.complain()
    for each in app.config.mailboxes:
        await _read_letters(app, each, stop)
    await asyncio.to_thread(_answer, app)
    await app.notices.send_waiting()
    await asyncio.to_thread(_forget, app)
    await asyncio.to_thread(app.sender.close_finished, app.clock.now())
    await asyncio.to_thread(keep_house_daily, app, stop.is_set)
    await asyncio.to_thread(watch_articles, app, stop)


async def _open_and_drain(app: App, stop: asyncio.Event) -> None:
    await asyncio.to_thread(_intake, app, stop)
    await asyncio.to_thread(app.sender.tick)
    await asyncio.to_thread(open_drafts, app)
    await app.sender.drain(stop, until_idle=True)


async def _tick(app: App, ticking: asyncio.Lock) -> None:
    async with ticking:
        try:
            await asyncio.to_thread(app.beat, "scheduler")
            await asyncio.to_thread(app.sender.tick)
            await asyncio.to_thread(open_drafts, app)
        except DigestError as error:
            log.error("tick failed: %s", error)


async def _follow_clock(app: App, job: Job) -> None:
    """Ring at once where the clock was set back; the alarm waits for the old time."""
    tick = timedelta(seconds=app.config.scheduler.tick_seconds)
    if job.next_run_time is not None and job.next_run_time - app.clock.now() > 2 * tick:
        job.modify(next_run_time=app.clock.now())


def _intake(app: App, stop: asyncio.Event) -> None:
    with app.db.read() as session:
        due = [source.id for source in due_sources(session, app.clock.now())]
    for source_id in due:
        if stop.is_set():
            return
        try:
            app.poll_source(source_id)
        except DigestError as error:
            log.warning("source not read: %s", error, extra={"fields": {"source": source_id}})


def watch_articles(app: App, stop: asyncio.Event) -> None:
    """Re-read the pages of picked articles that are due; the drift watch's only work here."""
    now = app.clock.now()
    with app.db.read() as session:
        if not app.config.scheduler.watch_hours or not has_work(session, now):
            return
    with app.db.write() as session:
        follow_picks(session, now)
        due = list_due(session, now)
    for article_id in due:
        if stop.is_set():
            return
        app.reread_article(article_id)


def open_drafts(app: App) -> None:
    """Open the draft of each newsletter's next slot, once the one before is settled."""
    for configured in app.config.newsletters:
        with app.db.read() as session:
            if day_to_follow(session, configured, app.clock.now()) is None:
                continue  # as nearly always: nobody else's writing waits for that
        try:
            with app.db.write() as session:
                issue = follow_up(session, configured, app.clock.now())
                if issue is not None:
                    name = f"{configured.slug}/{issue.number}"
                    note(session, None, "open draft", name, app.clock.now(), {"by": "scheduler"})
        except Conflict as error:  # another daemon was faster
            log.info("draft not opened: %s", error)


async def _read_letters(app: App, mailbox: MailboxConfig, stop: asyncio.Event) -> None:
    try:
        await asyncio.to_thread(app.mailbox_reader(mailbox).read_new, stop.is_set)
    except DigestError as error:
        log.warning("mailbox not read: %s", error)


def _answer(app: App) -> None:
    """Answer what readers asked for; what writes to them is loaded only when somebody has."""
    with app.db.read() as session:
        if not list_requests(session, 1):
            return
    from digest.correspondence.requests import answer_requests

    answer_requests(app.db, app.correspondent, app.clock)


def _forget(app: App) -> None:
    forget_old(app.db, app.clock)


async def _for_ever(
    stop: asyncio.Event, pause: float, work: Callable[[], Awaitable[object]]
) -> None:
    """Repeat work with a pause between, whatever it raises: one bad round must not end the
    daemon.
    """
    while not stop.is_set():
        try:
            await work()
        except Exception:
            log.exception("a round failed and is tried again")
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue


def _say_others(app: App) -> None:
    recently = app.clock.now() - timedelta(seconds=3 * app.config.scheduler.tick_seconds)
    others = app.list_alive("scheduler", recently)
    if others:
        log.warning(
            "another scheduler is alive on this store; the two share the work",
            extra={"fields": {"others": len(others)}},
        )
