"""``python -m benchmarks.proofs.jumping CONFIG FILE``: the scheduler by a clock that jumps.

FILE holds the seconds by which the clock is wrong at the moment, and may change at any time. All
else is what ``digest scheduler`` does.
"""

import asyncio
import signal
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

from apscheduler.schedulers import base as alarm_clock

from digest.app import App, open_app
from digest.clock import SystemClock
from digest.logs import set_up_logging
from digest.scheduler import run_scheduler


class JumpingClock(SystemClock):
    """The machine's clock, wrong by as many seconds as a file says."""

    def __init__(self, file: Path) -> None:
        """Read `file` whenever somebody asks for the time."""
        self._file = file

    def now(self) -> datetime:
        """Return the wrong instant."""
        return super().now() + timedelta(seconds=float(self._file.read_text()))


def set_clock(file: Path, seconds: float) -> None:
    """Let the clock of `file` jump; nobody ever reads half of a number."""
    beside = file.with_suffix(".new")
    beside.write_text(str(seconds))
    beside.replace(file)


def mislead_alarm_clock(clock: JumpingClock) -> None:
    """Let APScheduler go by `clock` too, as it would on a machine whose clock jumps."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = UTC) -> Self:
            return cls.fromtimestamp(clock.now().timestamp(), tz)

    alarm_clock.datetime = Wrong


async def _serve(app: App) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_scheduler(app, stop)


def main(config: str, file: str) -> None:
    """Run the scheduler until SIGTERM."""
    set_up_logging()
    clock = JumpingClock(Path(file))
    mislead_alarm_clock(clock)
    with open_app(Path(config), clock=clock) as app:
        asyncio.run(_serve(app))


if __name__ == "__main__":
    main(*sys.argv[1:])
