"""What the loads of the reader pages came to, as rows of the table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.load import Answered
from benchmarks.table import Row, Target, ratios

LATEST = Target(most=50)  # milliseconds
WITHIN = Target(most=1)


@dataclass(frozen=True, slots=True)
class Visit:
    """One load: how long answers took, and the server's CPU µs for each."""

    answered: Answered
    cpu: float


@dataclass(frozen=True, slots=True)
class Round:
    """The loads of one round by name, and the copies a second that were sent meanwhile."""

    visits: Mapping[str, Visit]
    copies: float


@dataclass(frozen=True, slots=True)
class Freeze:
    """How many seconds a freeze took, and the posts that came before, during and after it."""

    seconds: float
    answered: Answered


def visit_rows(section: str, yardsticks: Sequence[str], rounds: Sequence[Round]) -> list[Row]:
    """Return the rows of every load; those that are ours have targets, and stand beside each
    yardstick.
    """
    rows = []
    for name in rounds[0].visits:
        visits = [round.visits[name] for round in rounds]
        latest = _each(visits, "p99")
        ours = name not in yardsticks
        rows.append(Row(section, f"{name}, p99", latest, "ms", 1, LATEST if ours else None))
        for yardstick in yardsticks if ours else ():
            theirs = _each([round.visits[yardstick] for round in rounds], "p99")
            against = f"of {yardstick}"
            rows.append(Row(section, f"{name}, p99", ratios(latest, theirs), against, 1))
        rows += [
            Row(section, f"{name}, median", _each(visits, "p50"), "ms", 1),
            Row(section, f"{name}, slowest", _each(visits, "slowest"), "ms", 1),
            Row(section, f"{name}, CPU a post", tuple(visit.cpu for visit in visits), "µs"),
        ]
    ours = [visit.answered.rate for round in rounds for visit in round.visits.values()]
    return [
        *rows,
        Row(section, "posts a second", tuple(ours), "posts/s"),
        Row(section, "copies a second", tuple(round.copies for round in rounds), "copies/s"),
    ]


def _each(visits: Sequence[Visit], name: str) -> tuple[float, ...]:
    return tuple(getattr(visit.answered, name) for visit in visits)


def freeze_rows(section: str, freezes: Sequence[Freeze]) -> list[Row]:
    """Return how long freezes took, and the slowest answer of each."""
    seconds = tuple(freeze.seconds for freeze in freezes)
    slowest = tuple(freeze.answered.slowest / 1000 for freeze in freezes)
    return [
        Row(section, "the freeze", seconds, "s", 2),
        Row(section, "one-click leaving, slowest", slowest, "s", 2),
        Row(section, "the slowest", ratios(slowest, seconds), "of the freeze", 2, WITHIN),
    ]
