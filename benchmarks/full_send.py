"""One process that sends what is due, measured from inside: ``python -m benchmarks.full_send
CONFIG``.

It opens the due slot, says ``ready``, waits for a line, drains, and tells when it began and ended,
what CPU that took, its peak memory, and how the ledger adds up. Only the drain is measured: claim,
re-check, unseal, personalise, sign, stage, durable dot, dot, durable outcome.
"""

import asyncio
import gc
import re
import resource
import sys
import time
from pathlib import Path

from sqlalchemy import select

from benchmarks.processes import tell
from digest.app import App, open_app
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.models import Issue


def main(config: Path) -> None:
    """Send, measure and tell."""
    with open_app(config) as app:
        app.sender.tick()
        gc.collect()
        gc.freeze()  # as the scheduler does
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        cpu, began = _cpu_seconds(), time.monotonic()
        asyncio.run(app.sender.drain(asyncio.Event(), until_idle=True))
        ended, cpu = time.monotonic(), _cpu_seconds() - cpu
        peak = _peak_kilobytes()
        accepted, problems = _ledger(app)
    times = {"began": began, "ended": ended, "cpu": cpu, "peak": peak}
    tell({**times, "accepted": accepted, "problems": problems})


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_kilobytes() -> int:
    """Return the most memory this program ever held.

    ru_maxrss would be no answer: after an exec it still counts what the parent held.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(found[1])


def _ledger(app: App) -> tuple[int, list[str]]:
    with app.db.read() as session:
        issue_id = session.scalars(select(Issue.id).where(Issue.number == 1)).one()
        return count_sums(session, issue_id).accepted, verify_issue(session, issue_id)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
