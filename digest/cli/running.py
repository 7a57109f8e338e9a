"""``digest run``, ``scheduler``, ``web``, ``tick`` and ``status``: the parts that send and
serve.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.cli.supervise import Supervisor, end_with_supervisor, own_command
from digest.cli.terminal import console, local_time, opened, print_table, progress_bar, say
from digest.config import NewsletterConfig, WebConfig
from digest.curation.issues import find_issue_on, list_issues, list_sending
from digest.curation.newsletters import find_newsletter
from digest.delivery.home.guard import WHAT_TO_DO
from digest.delivery.ledger.sums import Sums, count_sums
from digest.delivery.next_draft import last_settled, next_due
from digest.errors import BackendDown, ConfigError
from digest.models import Issue, Newsletter
from digest.operations.moved import SchemaWatch
from digest.operations.reception import Mood, Reception, count_reception
from digest.operations.watching.alerts import ALERTS
from digest.operations.watching.notifier import Notifier
from digest.operations.watching.troubles import list_troubles
from digest.scheduler import run_scheduler, tick_once
from digest.subscribers.audience import audience_count

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LOOK_BACK = 200  # issues of all newsletters; more than ever are under way at once
GOODBYE_SECONDS = 5  # what an open connection gets before the web process ends


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("status")(status)
    app.command("tick")(tick)
    app.command("run")(run)
    app.command("scheduler")(scheduler)
    app.command("web")(web)


def run(context: typer.Context) -> None:
    """Run the whole thing: scheduler and web.

    Two processes, started again when one ends. SIGTERM or Ctrl-C lets copies in flight finish and
    ends both.
    """
    with opened(context, logging=True) as instance:
        instance.check_relays()
        path = os.fspath(context.obj)
        keys = None if instance.config.keys.source == "file" else instance.keys
    commands = {name: own_command(path, name) for name in ("scheduler", "web")}
    with contextlib.closing(Notifier.from_environment(os.environ)) as notifier:
        Supervisor(commands, keys, notifier).run()


def _spare_the_collector() -> None:
    """Take what is loaded by now out of the garbage collector's sight: to look through a whole
    program for every few hundred rows took a twentieth of a sender's time, and stops the pages for
    a tenth of a second.
    """
    gc.collect()
    gc.freeze()


def scheduler(context: typer.Context) -> None:
    """Run the scheduler and sender alone. SIGTERM lets copies in flight finish and ends it."""
    end_with_supervisor()
    with (
        contextlib.closing(Notifier.from_environment(os.environ)) as notifier,
        opened(context, logging=True) as instance,
    ):
        _spare_the_collector()
        asyncio.run(_until_signal(instance, notifier))


async def _until_signal(instance: App, notifier: Notifier) -> None:
    stop = asyncio.Event()
    _set_on_signal(stop)
    log.info("scheduler started")
    await run_scheduler(instance, stop, notifier)
    log.info("scheduler ended, nothing is in flight")


def _set_on_signal(stop: asyncio.Event, received: list[int] | None = None) -> None:
    """Turn the signals that end a program into an event: nothing is ever cut off in its middle."""
    heard = received if received is not None else []

    def hear(number: int) -> None:
        heard.append(number)
        stop.set()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, hear, number)


def web(context: typer.Context) -> None:
    """Run the reader pages alone."""
    # A fifth of the start-up time of every command, and needed here alone.
    import uvicorn

    from digest.web.app import create_web
    from digest.web.ending import Server

    end_with_supervisor()
    with (
        contextlib.closing(Notifier.from_environment(os.environ)) as notifier,
        opened(context, logging=True) as instance,
        _listening(instance.config.web) as door,
        _serving_metrics(instance),
    ):
        server = Server(
            uvicorn.Config(
                create_web(instance),
                # Access lines would carry tokens in their paths; the pages log what matters.
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                timeout_graceful_shutdown=GOODBYE_SECONDS,
            ),
            notifier,
        )
        schema = SchemaWatch(instance)
        schema.watch_beside(lambda: setattr(server, "should_exit", True))
        # Before uvicorn listens for it, and when it repeats it for us afterwards: end in order.
        signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
        _spare_the_collector()
        log.info("reader pages at http://%s:%s", *door.getsockname()[:2])
        server.run(sockets=[door])
        log.info("web ended")
        schema.complain()


def _serving_metrics(instance: App) -> AbstractContextManager[object]:
    """Serve metrics where the configuration wants that; what serves them is loaded only then."""
    if instance.config.watching.metrics_port is None:
        return contextlib.nullcontext()
    from digest.operations.watching.metrics import serving_metrics

    return serving_metrics(instance)


@contextlib.contextmanager
def _listening(settings: WebConfig) -> Iterator[socket.socket]:
    """Yield the socket of ``[web]``; ConfigError when it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and answers wait for 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigError(
                f"web: cannot listen on {settings.host} port {settings.port}: {error.strerror}"
            ) from error
        yield door


def tick(context: typer.Context) -> None:
    """Do one round and end; fit for cron.

    Reads the sources that are due, opens the slots that are due, sends, and closes what is
    finished. Silent when there was nothing to do; exit 1 when the relay cannot be used.
    """
    with opened(context) as instance:
        started = instance.clock.now()
        before = {issue.id for issue, _ in _under_way(instance)}
        received: list[int] = []
        try:
            _spare_the_collector()
            asyncio.run(_tick_with_progress(instance, received))
        except BackendDown as error:
            waiting = sum(sums.open for _, sums in _under_way(instance))
            raise BackendDown(f"{error} ({waiting} copies wait for the next tick)") from error
        finally:
            _say_what_moved(instance, before, started)
    if received:
        raise typer.Exit(128 + received[0])


async def _tick_with_progress(instance: App, received: list[int]) -> None:
    stop = asyncio.Event()
    _set_on_signal(stop, received)
    with progress_bar("copies") as advance:
        async with watching(instance, advance):
            await tick_once(instance, stop)


@contextlib.asynccontextmanager
async def watching(instance: App, advance: Callable[[int, int], None]) -> AsyncIterator[None]:
    """Report (settled, all) copies of the issues under way, five times a second, while the block
    runs.
    """

    async def look() -> None:
        while True:
            await asyncio.sleep(0.2)
            found = [sums for _, sums in await asyncio.to_thread(_under_way, instance)]
            if found:
                total = sum(sums.audience for sums in found)
                advance(total - sum(sums.open for sums in found), total)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _under_way(instance: App) -> list[tuple[Issue, Sums]]:
    with instance.db.read() as session:
        return [(issue, count_sums(session, issue.id)) for issue in list_sending(session)]


def _say_what_moved(instance: App, before: set[int], started: datetime) -> None:
    """Name the issues this round had to do with; on a pipe, silence says that there were none."""
    with instance.db.read() as session:
        moved = [
            issue
            for issue in reversed(list_issues(session, limit=LOOK_BACK))
            if issue.id in before or (issue.sending_at is not None and issue.sending_at >= started)
        ]
        for issue in moved:
            slug = session.get_one(Newsletter, issue.newsletter_id).slug
            say(f"{slug}/{issue.number} {issue.state.value}: {count_sums(session, issue.id)}")
    if not moved and console.is_terminal:
        say("Nothing was due.")


def status(
    context: typer.Context,
    issues: Annotated[int, typer.Option(min=1, help="How many issues to show.")] = 5,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether all is well; exit 1 if not.")
    ] = False,
) -> None:
    """Show what is due next and how it went last.

    Of each newsletter: readers, the next slot and its issue, the last issues, their copies, and the
    complaints and bounces since; whether a scheduler is alive, and what is wrong.
    """
    with opened(context) as instance:
        alive = _say_alive(instance)
        _say_hold(instance)
        _say_troubles(instance)
        if check:
            raise typer.Exit(0 if alive else 1)
        for configured in instance.config.newsletters:
            with instance.db.read() as session:
                _show_newsletter(instance, session, configured, issues)


def _say_alive(instance: App) -> bool:
    """Say whether a scheduler gave a sign of life lately."""
    recently = instance.clock.now() - timedelta(seconds=3 * instance.config.scheduler.tick_seconds)
    alive = len(instance.list_alive("scheduler", recently))
    say(f"schedulers alive: {alive}" if alive else "no scheduler is alive: digest run is one")
    return bool(alive)


def _say_hold(instance: App) -> None:
    """Say why nothing may be sent from here, where that is so."""
    with instance.db.read() as session:
        hold = instance.home.hold(session)
    if hold is not None:
        say(f"HELD: {hold}")
        say(f"HELD: {WHAT_TO_DO}")


def _say_troubles(instance: App) -> None:
    """Say what operators are told of, where it lasts long enough for that."""
    with instance.db.read() as session:
        for (kind, subject), trouble in list_troubles(session).items():
            if trouble.told and kind in ALERTS:
                since = f"since {local_time(trouble.since, 'UTC')} UTC"
                say(f"! {ALERTS[kind].titled(subject)}, {since} ({kind})")


def _show_newsletter(
    instance: App, session: Session, configured: NewsletterConfig, most: int
) -> None:
    newsletter = find_newsletter(session, configured.slug)
    now, zone = instance.clock.now(), configured.schedule.timezone
    due = next_due(session, newsletter, configured, now)
    issue = find_issue_on(session, newsletter.id, due.local_date)
    what = f"{configured.slug}/{issue.number}, {issue.state.value}" if issue else "no issue yet"
    say(f"{configured.slug}: {audience_count(session, newsletter.id, now)} readers")
    last = last_settled(session, newsletter.id, now)
    if last is not None:
        say(f"last slot {last.state.value}: {local_time(last.due_at, zone)} ({zone})")
    say(f"next slot: {local_time(due.due_at, zone)} ({zone}), {what}")
    rows, worries = [], []
    for row in list_issues(session, newsletter.id, most):
        name = f"{configured.slug}/{row.number}"
        cells = ["", "", ""]
        if row.sending_at is not None:
            sums = count_sums(session, row.id, instance.keys)
            reception = count_reception(session, row, sums)
            cells = [in_words(sums), *_came_back(reception)]
            worries += [f"{name}: {worry}" for worry in _worries(reception)]
            if not sums.genuine:
                worries.append(f"{name}: its sums were changed: their signature does not fit")
        rows.append((name, str(row.slot_date or "extra"), row.state.value, *cells))
    none = f"No issues yet: digest issue new {configured.slug} opens one."
    print_table(("issue", "slot", "state", "copies", "complaints", "bounces"), rows, none=none)
    for worry in worries:
        say(worry)


def _came_back(reception: Reception) -> tuple[str, str]:
    """Return complaints, marked where they are too many, and bounces."""
    complaints = reception.in_words(reception.complaints)
    return f"{complaints} {reception.mood.value}".rstrip(), reception.in_words(reception.bounces)


def _worries(reception: Reception) -> list[str]:
    """Say what the marks mean, where there is one."""
    said = {
        Mood.CALM: [],
        Mood.UNEASY: ["! complaints are above 0.1 %, below which Gmail wants them"],
        Mood.GRAVE: ["!! complaints are at 0.3 % or above, where Gmail and Yahoo draw their line"],
    }
    return said[reception.mood]


def in_words(sums: Sums) -> str:
    """Return how an issue stands in few words, such as ``24 accepted, 1 skipped of 25``."""
    states = ("accepted", "rejected", "skipped", "expired", "uncertain", "pending", "dotted")
    counts = [f"{getattr(sums, state):,} {state}" for state in states if getattr(sums, state)]
    return f"{', '.join(counts) or '0'} of {sums.audience:,}"
