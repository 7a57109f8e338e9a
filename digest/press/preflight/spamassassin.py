"""Asks SpamAssassin, where it is installed, what it thinks of a copy: locally, and without leaving
anything behind.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from digest.press.preflight.material import SpamScore

PROGRAM = "spamassassin"
SECONDS = 30
# Local tests only, as a test; no preferences of ours, no learning, no list of known senders.
OPTIONS = ("-L", "-t", "-x", "--cf=use_bayes 0", "--cf=use_auto_whitelist 0", "--cf=use_txrep 0")
STATUS = re.compile(r"^X-Spam-Status: \w+, score=(-?\d+(?:\.\d+)?)", re.MULTILINE)
RULE = re.compile(r"^\s*(-?\d+\.\d+) ([A-Z][A-Z0-9_]+) ", re.MULTILINE)


def find_spamassassin() -> Path | None:
    """Return where the program is, None when it is not installed."""
    found = shutil.which(PROGRAM)
    return Path(found) if found else None


def ask_spamassassin(
    program: Path, message: bytes, *, seconds: float = SECONDS
) -> SpamScore | None:
    """Return its score for a message; None when it fails or takes longer than `seconds`."""
    with tempfile.TemporaryDirectory(prefix="friday-spam-") as home:
        try:
            ended = subprocess.run(  # noqa: S603 - the program that the system has
                [str(program), *OPTIONS],
                input=message,
                capture_output=True,
                timeout=seconds,
                check=False,
                env={**os.environ, "HOME": home, "LC_ALL": "C"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    return read_score(ended.stdout.decode("utf-8", "replace")) if ended.returncode == 0 else None


def read_score(report: str) -> SpamScore | None:
    """Return the score in a marked message; None when there is none."""
    status = STATUS.search(report)
    if status is None:
        return None
    rules = [(name, float(points)) for points, name in RULE.findall(report)]
    costly = sorted((rule for rule in rules if rule[1] > 0), key=lambda rule: -rule[1])
    return SpamScore(float(status[1]), tuple(costly))
