"""``digest run``, ``scheduler``, ``web``, ``tick`` and ``status``: the parts that send and
serve.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Annotated

import typer
import uvicorn
from rich.table import Table

from digest.app import App
from digest.cli.supervise import Supervisor, own_command
from digest.cli.terminal import console, local_time, opened, progress_bar, say
from digest.clock import next_slot
from digest.curation.issues import list_issues
from digest.curation.newsletters import find_newsletter
from digest.delivery.ledger.sums import Sums, count_sums
from digest.models import IssueState
from digest.scheduler import run_scheduler, tick_once
from digest.subscribers.audience import audience_count
from digest.web.app import create_web

log = logging.getLogger(__name__)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("run")(run)
    app.command("scheduler")(scheduler)
    app.command("web")(web)
    app.command("tick")(tick)
    app.command("status")(status)


def run(context: typer.Context) -> None:
    """Run the whole thing: scheduler and web process, kept alive; SIGTERM drains and ends both."""
    with opened(context, logging=True):
        path = os.fspath(context.obj)
    commands = {name: own_command(path, name) for name in ("scheduler", "web")}
    Supervisor(commands).run()


def scheduler(context: typer.Context) -> None:
    """Run the scheduler and sender alone, until SIGTERM."""
    with opened(context, logging=True) as instance:
        asyncio.run(_until_signal(instance))


async def _until_signal(instance: App) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_scheduler(instance, stop)
    log.info("scheduler ended, nothing is in flight")


def web(context: typer.Context) -> None:
    """Run the reader pages alone."""
    with opened(context, logging=True) as instance:
        settings = instance.config.web
        # Access lines would carry tokens in their paths; the pages log what matters themselves.
        uvicorn.run(
            create_web(instance),
            host=settings.host,
            port=settings.port,
            access_log=False,
            log_config=None,
            server_header=False,
        )


def tick(context: typer.Context) -> None:
    """Do one round and end: open what is due, send it, close what is finished. Fit for cron."""
    with opened(context) as instance:
        asyncio.run(_tick_with_progress(instance))
        for name, sums in _under_way(instance):
            say(f"{name} still sending: {sums}")


async def _tick_with_progress(instance: App) -> None:
    with progress_bar("copies") as advance:
        async with watching(instance, advance):
            await tick_once(instance)


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
                total = sum(sums.frozen for sums in found)
                advance(total - sum(sums.open for sums in found), total)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _under_way(instance: App) -> list[tuple[str, Sums]]:
    with instance.db.read() as session:
        return [
            (f"number {issue.number}", count_sums(session, issue.id))
            for issue in list_issues(session)
            if issue.state is IssueState.SENDING
        ]


def status(
    context: typer.Context,
    issues: Annotated[int, typer.Option(min=1, help="How many issues to show.")] = 5,
) -> None:
    """Show each newsletter's next Friday, its readers, its last issues, and whether a scheduler is
    alive.
    """
    with opened(context) as instance:
        now = instance.clock.now()
        recently = now - timedelta(seconds=3 * instance.config.scheduler.tick_seconds)
        alive = instance.list_alive("scheduler", recently)
        say(f"schedulers alive: {len(alive)}")
        with instance.db.read() as session:
            for configured in instance.config.newsletters:
                newsletter = find_newsletter(session, configured.slug)
                due = next_slot(configured.schedule.as_schedule(), now)
                when = local_time(due.due_at, configured.schedule.timezone)
                readers = audience_count(session, newsletter.id, now)
                say(f"{configured.slug}: {readers} readers, next due {when}")
                table = Table("issue", "slot", "state", "sums")
                for issue in list_issues(session, newsletter.id, issues):
                    sums = str(count_sums(session, issue.id)) if issue.sending_at else ""
                    slot = str(issue.slot_date or "extra")
                    table.add_row(
                        f"{configured.slug}/{issue.number}", slot, issue.state.value, sums
                    )
                console.print(table)
