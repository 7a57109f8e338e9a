"""The daemon: APScheduler as alarm clock, and the loops that never end. It calls verbs and decides
nothing.

Every `tick_seconds` the sender opens what is due; draining, notices, intake and housekeeping are
loops of their own, each of which says as it goes that it still turns: whoever started the daemon
hears that all of them do (`operations.watching`). A second daemon on the same store is harmless,
only said in the log. docs/decisions/0001 says why nothing is kept in the scheduler's own store.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from digest.app import App
from digest.config import MailboxConfig
from digest.correspondence.forgetting import forget_old
from digest.curation.source_list import due_sources
from digest.curation.watches import follow_picks, has_work, list_due
from digest.delivery.ballast import is_full
from digest.delivery.feedback.upkeep import take_all_refusals
from digest.delivery.next_draft import day_to_follow, follow_up
from digest.editors.audit import note
from digest.errors import BackendDown, Conflict, DigestError
from digest.logs import bound
from digest.operations.housekeeping import Stopped, keep_house_daily
from digest.operations.moved import SchemaWatch
from digest.operations.watching.marks import mailbox_mark, mailboxes
from digest.operations.watching.notifier import Notifier
from digest.operations.watching.ping import Ping, Ticks, wants_ping
from digest.operations.watching.pulses import Pulse, Pulses, unwatched
from digest.operations.watching.watch import Watcher
from digest.subscribers.door.requests import list_requests

log = logging.getLogger(__name__)

NOTICE_SECONDS = 1.0
HOUSEKEEPING_SECONDS = 600.0  # between looks whether a day has passed
AFTER_FAILURE_SECONDS = 5.0
FORGET_SECONDS = 3600.0
REFUSALS_SECONDS = 60.0
THREADS = 32
WATCH_SECONDS = 60.0
FIRST_LOOKS = 0.2  # seconds between looks whether the first tick is done
PING_LOOK_SECONDS = 5.0  # between looks whether it is time for one
# How long a loop may be silent. A relay may take ten minutes for one reply; a source, or a round of
# the others, is done much sooner.
RELAY_PATIENCE = 1200.0
PATIENCE = 600.0


async def run_scheduler(
    app: App, stop: asyncio.Event, notifier: Notifier | None = None, pulses: Pulses | None = None
) -> None:
    """Send Fridays until `stop` is set; then let copies in flight end, and return. `notifier` hears
    when the first tick is done, and from then on that all loops turn. SchemaUnfit, in the same good
    order, once another program has migrated the database.
    """
    schema = SchemaWatch(app)
    app.check_relays()
    _say_others(app)
    # As many as there are loops, so that none waits for a thread behind slow sources and mailboxes.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))
    pulses = pulses or Pulses(app.clock.monotonic)
    alarm = AsyncIOScheduler(timezone="UTC")
    ticking, tick_seconds = asyncio.Lock(), app.config.scheduler.tick_seconds
    ticks, tick_pulse = Ticks(), pulses.expect("tick", PATIENCE + tick_seconds)
    job = alarm.add_job(
        _tick,
        "interval",
        args=[app, ticking, ticks, tick_pulse],
        seconds=tick_seconds,
        next_run_time=app.clock.now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    alarm.start()
    signs = asyncio.create_task(_say_signs(stop, notifier or Notifier(None), pulses, ticks))
    try:
        await asyncio.gather(
            schema.watch(stop),
            *_list_loops(app, stop, job, pulses),
            *_list_watching(app, stop, pulses, ticks),
        )
    finally:
        alarm.pause()
        async with ticking:  # shutting down would cancel a tick that runs
            alarm.shutdown(wait=False)
        await asyncio.to_thread(app.stop_beating, "scheduler")
        signs.cancel()
    schema.complain()


def _list_loops(
    app: App, stop: asyncio.Event, job: Job, pulses: Pulses
) -> Iterator[Awaitable[None]]:
    """Yield every loop that does a Friday's work."""
    tick_seconds = app.config.scheduler.tick_seconds

    def loop(
        name: str, pause: float, work: Callable[[Pulse], Awaitable[object]], patience: float
    ) -> Awaitable[None]:
        beat = pulses.expect(name, patience + pause)
        return _for_ever(stop, pause, name, partial(work, beat), beat)

    def in_thread(work: Callable[[Stopped], object]) -> Callable[[Pulse], Awaitable[object]]:
        return lambda beat: asyncio.to_thread(work, _asking(stop, beat))

    for name in app.sender.relay_names():
        drain = partial(_drain, app, name, stop)
        yield loop(f"drain {name}", AFTER_FAILURE_SECONDS, drain, RELAY_PATIENCE)
    yield loop("notices", NOTICE_SECONDS, app.notices.send_waiting, RELAY_PATIENCE)
    yield loop("answers", NOTICE_SECONDS, in_thread(lambda _: _answer(app)), PATIENCE)
    yield loop("forgetting", FORGET_SECONDS, in_thread(lambda _: _forget(app)), PATIENCE)
    yield loop("clock", tick_seconds, lambda _: _follow_clock(app, job), PATIENCE)
    yield loop("intake", tick_seconds, in_thread(partial(_intake, app)), PATIENCE)
    yield loop("articles", tick_seconds, in_thread(partial(watch_articles, app)), PATIENCE)
    for slug, each in mailboxes(app).items():
        read = in_thread(partial(_read_letters, app, each))
        yield loop(f"mailbox {slug}", 60 * each.every_minutes, read, RELAY_PATIENCE)
    yield loop("refusals", REFUSALS_SECONDS, in_thread(partial(_refused, app)), PATIENCE)
    house = in_thread(partial(keep_house_daily, app))
    yield loop("housekeeping", HOUSEKEEPING_SECONDS, house, PATIENCE)


def _list_watching(
    app: App, stop: asyncio.Event, pulses: Pulses, ticks: Ticks
) -> Iterator[Awaitable[None]]:
    """Yield the loops that watch the others."""
    look = partial(asyncio.to_thread, Watcher(app, pulses).look)
    yield _for_ever(stop, WATCH_SECONDS, "watching", look)
    if wants_ping(app):
        ping = partial(asyncio.to_thread, Ping(app, ticks, pulses).send)
        yield _for_ever(stop, PING_LOOK_SECONDS, "ping", ping)


async def _say_signs(stop: asyncio.Event, notifier: Notifier, pulses: Pulses, ticks: Ticks) -> None:
    """Say that the start is over, and then that every loop turns, for as long as that is so; at the
    end that replies are waited for, until it is cancelled.
    """
    said_ready, said_silent = False, list[str]()
    while not stop.is_set():
        if ticks.ended is not None and not said_ready:
            notifier.ready()
            said_ready = True
        silent = pulses.silent()
        if silent and silent != said_silent:
            log.error("a loop hangs", extra={"fields": {"loops": ", ".join(silent)}})
        said_silent = silent
        if not silent:
            notifier.alive()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), notifier.interval if said_ready else FIRST_LOOKS)
    notifier.stopping()
    while True:
        notifier.alive()
        await asyncio.sleep(notifier.interval)


async def tick_once(app: App, stop: asyncio.Event | None = None) -> None:
    """Do one round by hand, as a cron entry may: open, drain until nothing is due, read and answer
    readers' letters, send notices, close.

    Once `stop` is set no further copy is begun. BackendDown when the relay cannot be used, once all
    the rest is done: somebody has to be told of it. SchemaUnfit when the database was migrated
    meanwhile.
    """
    stop, schema = stop or asyncio.Event(), SchemaWatch(app)
    watching = asyncio.create_task(schema.watch(stop))
    down = None
    try:
        await _open_and_drain(app, stop)
    except BackendDown as error:
        down = error
    finally:
        watching.cancel()
    schema.complain()
    for each in app.config.mailboxes:
        await asyncio.to_thread(_read_letters, app, each, stop.is_set)
    await asyncio.to_thread(_answer, app)
    await app.notices.send_waiting()
    await asyncio.to_thread(_forget, app)
    await asyncio.to_thread(_refused, app, stop.is_set)
    await asyncio.to_thread(app.sender.close_finished, app.clock.now())
    await asyncio.to_thread(keep_house_daily, app, stop.is_set)
    await asyncio.to_thread(watch_articles, app, stop.is_set)
    await asyncio.to_thread(Watcher(app).look)
    await app.notices.send_waiting()
    if wants_ping(app):
        ticks = Ticks(app.clock.monotonic(), good=down is None)
        await asyncio.to_thread(Ping(app, ticks, Pulses(app.clock.monotonic)).send)
    if down is not None:
        raise down


async def _open_and_drain(app: App, stop: asyncio.Event) -> None:
    await asyncio.to_thread(_intake, app, stop.is_set)
    await asyncio.to_thread(app.sender.tick)
    await asyncio.to_thread(open_drafts, app)
    await app.sender.drain(stop, until_idle=True)


async def _tick(app: App, ticking: asyncio.Lock, ticks: Ticks, beat: Pulse) -> None:
    async with ticking:
        good = False
        try:
            for step in (
                partial(app.beat, "scheduler"),
                app.sender.tick,
                partial(open_drafts, app),
            ):
                await asyncio.to_thread(step)
                beat()
            good = True
        except DigestError as error:
            log.error("tick failed: %s", error)
        finally:
            beat()
            ticks.end(app.clock.monotonic(), good=good)


async def _follow_clock(app: App, job: Job) -> None:
    """Ring at once where the clock was set back; the alarm waits for the old time."""
    tick = timedelta(seconds=app.config.scheduler.tick_seconds)
    if job.next_run_time is not None and job.next_run_time - app.clock.now() > 2 * tick:
        job.modify(next_run_time=app.clock.now())


def _asking(stop: asyncio.Event, beat: Pulse) -> Stopped:
    """Return what tells a long work whether to end; that it asks is a sign of life."""

    def stopped() -> bool:
        beat()
        return stop.is_set()

    return stopped


def _intake(app: App, stopped: Stopped) -> None:
    with app.db.read() as session:
        due = [source.id for source in due_sources(session, app.clock.now())]
    for source_id in due:
        if stopped():
            return
        try:
            app.poll_source(source_id)
        except DigestError as error:
            log.warning("source not read: %s", error, extra={"fields": {"source": source_id}})


def watch_articles(app: App, stopped: Stopped) -> None:
    """Re-read the pages of picked articles that are due; the drift watch's only work here."""
    now = app.clock.now()
    with app.db.read() as session:
        if not app.config.scheduler.watch_hours or not has_work(session, now):
            return
    with app.db.write() as session:
        follow_picks(session, now)
        due = list_due(session, now)
    for article_id in due:
        if stopped():
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


def _read_letters(app: App, mailbox: MailboxConfig, stopped: Stopped) -> None:
    if _is_held(app):
        return  # the mailbox may be another instance's, which would miss what we take out
    try:
        app.mailbox_reader(mailbox).read_new(stopped)
        app.note(mailbox_mark(mailbox), "")
    except DigestError as error:
        log.warning("mailbox not read: %s", error)


async def _drain(app: App, relay: str, stop: asyncio.Event, beat: Pulse) -> None:
    """Drain through one relay; a disk that is full gets its ballast back at once."""
    try:
        await app.sender.drain_relay(relay, stop, beat=beat)
    except Exception as error:
        if is_full(error):
            await asyncio.to_thread(app.ballast.release)
        raise


def _is_held(app: App) -> bool:
    with app.db.read() as session:
        return app.home.hold(session) is not None


def _answer(app: App) -> None:
    """Answer what readers asked for; what writes to them is loaded only when somebody has."""
    with app.db.read() as session:
        # What was asked before the database was copied, another instance may have answered.
        hold = app.home.hold(session)
        since = hold.since if hold else None
        if not list_requests(session, 1, since):
            return
    from digest.correspondence.requests import answer_requests

    answer_requests(app.db, app.correspondent, app.clock, since=since)


def _forget(app: App) -> None:
    forget_old(app.db, app.clock)


def _refused(app: App, stopped: Stopped) -> None:
    """Let refusals of the session count against addresses, as bounces do."""
    take_all_refusals(app.db, app.feedback_rules, app.clock, stopped)


async def _for_ever(
    stop: asyncio.Event,
    pause: float,
    name: str,
    work: Callable[[], Awaitable[object]],
    beat: Pulse = unwatched,
) -> None:
    """Repeat work with a pause between, whatever it raises: one bad round must not end the
    daemon.
    """
    while not stop.is_set():
        try:
            with bound(loop=name):
                await work()
        except Exception:
            log.exception("a round failed and is tried again", extra={"fields": {"loop": name}})
        beat()
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
