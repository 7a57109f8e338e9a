"""Freezes the audience of the issue that is due: ``python -m benchmarks.freeze_once CONFIG``.

Says ``ready``, waits for a line, opens the slot as a scheduler does, and tells the seconds of that
and how many copies it came to.
"""

import sys
import time
from pathlib import Path

from sqlalchemy import select

from benchmarks.processes import tell
from digest.app import open_app
from digest.models import Issue


def main(config: Path) -> None:
    """Freeze and tell."""
    with open_app(config) as app:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.perf_counter()
        app.sender.open_due_slots(app.clock.now())
        seconds = time.perf_counter() - began
        with app.db.read() as session:
            frozen = session.scalars(select(Issue.audience_count)).one()
    tell({"seconds": seconds, "frozen": frozen})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
