"""Whether a database may be sent from here: one pure judgement over what the database and the place
say.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.delivery.home.machine import Machine
from digest.delivery.home.marker import Marker


class Why(enum.StrEnum):
    """Why nothing is sent."""

    RESTORED = "restored"  # said by digest restore
    OLDER = "older"
    SILENT = "silent"
    STRANGE = "strange"
    MACHINE = "machine"


IN_WORDS = {
    Why.RESTORED: "the database was restored from a backup",
    Why.OLDER: "the database is older than what was sent from here: it was restored, or set back",
    Why.SILENT: (
        "nothing was heard of this instance for long while an issue was being sent: it may have"
        " been set back to a snapshot"
    ),
    Why.STRANGE: (
        "the database was sent from another place before: this is a copy of it, or another machine,"
        " or its folder was moved"
    ),
    Why.MACHINE: "this machine is not the one that the database was sent from: it is a clone of it",
}
# What is true of the database itself, and so for whoever would send from it.
ABOUT_THE_DATABASE = frozenset({Why.RESTORED, Why.OLDER, Why.SILENT})


@dataclass(frozen=True, slots=True)
class HomeRow:
    """What the database knows of one home: how far it had come when that home last looked."""

    count: int
    machine: Machine
    at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """That nothing is sent, why, and since when; `everywhere`: from no place at all."""

    why: Why
    since: datetime
    everywhere: bool
    detail: str = ""

    def __str__(self) -> str:
        """Return why, in words."""
        return f"{IN_WORDS[self.why]}{f' ({self.detail})' if self.detail else ''}"


@dataclass(frozen=True, slots=True)
class Said:
    """What the database says: its name, its homes by what they are called, holds that are written
    down for everybody and for this place, and whether anything was ever approved in it.
    """

    instance: str
    homes: Mapping[str, HomeRow]
    holds: Sequence[Hold]
    has_issues: bool


@dataclass(frozen=True, slots=True)
class Here:
    """What this place says: its file, if there is one, what it is called, and its machine's marks
    under the file's secret.
    """

    marker: Marker | None
    name: str
    machine: Machine


def judge_home(said: Said, here: Here) -> Why | None:
    """Return why the database may not be sent from here, as far as places and counts tell; None
    when it may.

    A database that was never sent from is at home wherever it is first.
    """
    marker = here.marker
    if not said.homes:
        used = marker is not None and marker.is_used
        return Why.OLDER if used and _may_be_older(said, marker) else None
    if marker is None or here.name not in said.homes:
        return Why.STRANGE
    home = said.homes[here.name]
    if home.machine.is_other_than(here.machine):
        return Why.MACHINE
    return Why.OLDER if home.count < marker.count else None


def _may_be_older(said: Said, marker: Marker | None) -> bool:
    """Whether a database without a home may be one that was sent from here, as it was before: it
    has the name of that, or none yet, or is not plainly a new one.
    """
    return marker is not None and (said.instance in ("", marker.instance) or said.has_issues)


def is_silent(last: datetime, now: datetime, longest: timedelta) -> bool:
    """Whether nothing was heard for longer than `longest`; never, where that is nothing."""
    return bool(longest) and now - last > longest
