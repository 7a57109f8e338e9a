"""Named instants at which a test may kill this process; without the variable nothing happens.

``DIGEST_CRASH_AT=after_dot`` ends the process by SIGKILL the first time it passes that point,
``after_dot:7`` the seventh time. What the process held is lost as in a power cut of its own.
"""

import os
import signal

POINTS = (
    "after_claim",
    "before_dot_commit",
    "after_dot_commit",
    "after_dot",
    "after_250",
    "after_sent",
)
_point, _, _times = os.environ.get("DIGEST_CRASH_AT", "").partition(":")
_left = int(_times or 1)


def crash_point(name: str) -> None:
    """Pass the instant called `name`, one of POINTS."""
    if name == _point:
        _count_down()


def _count_down() -> None:
    global _left
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
