"""What follows when a copy comes back: pure, counted in issues and never in days alone.

An address is not given up for one bad week: soft bounces count over issues in a row, and any issue
that was accepted and did not come back begins the count anew. Bounces about us, the message or our
set-up are as if that issue had not been.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from digest.config import FeedbackConfig
from digest.delivery.feedback.classes import BounceClass

SLACK = timedelta(hours=12)  # no two Fridays begin at the same second


class Consequence(enum.Enum):
    """What is to be done."""

    NOTE = "note"
    SCORE = "score"
    SUSPEND = "suspend"
    SUPPRESS = "suppress"


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one issue that was sent to a reader: a class of bounce, or None where it was
    accepted and nothing came back. `at` is when the issue began to be sent.
    """

    issue_id: int
    at: datetime
    bounce: BounceClass | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Whether a reader is suspended, and since when the next copy is the probe (None: not yet)."""

    is_suspended: bool = False
    opened_at: datetime | None = None


def decide(trials: Sequence[Trial], trouble: Trouble, rules: FeedbackConfig) -> Consequence:
    """Return what follows from the first of `trials`, the newest, which has come back; the others
    are the reader's issues before it, newest first.
    """
    latest = trials[0].bounce
    if latest is None or not latest.is_about_reader:
        return Consequence.NOTE
    if latest is BounceClass.HARD:
        return Consequence.SUPPRESS
    run = bounces_in_a_row(trials)
    if trouble.is_suspended:
        is_probe = trouble.opened_at is not None and trials[0].at >= trouble.opened_at
        return Consequence.SUPPRESS if is_probe else Consequence.NOTE
    same = len(list(takewhile(lambda trial: trial.bounce is latest, run)))
    if latest is BounceClass.NO_DOMAIN and same >= rules.no_domain_issues:
        return Consequence.SUPPRESS
    if latest is BounceClass.DISABLED and same >= rules.disabled_issues:
        return Consequence.SUPPRESS
    lasted = run[0].at - run[-1].at
    if len(run) >= rules.soft_issues and lasted >= timedelta(days=rules.soft_days) - SLACK:
        return Consequence.SUSPEND
    return Consequence.SCORE


def bounces_in_a_row(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials up to the last issue that arrived, those left out that say nothing of the
    reader.
    """
    run = takewhile(lambda trial: trial.bounce is not None, trials)
    return [trial for trial in run if trial.bounce and trial.bounce.is_about_reader]


def survived(trials: Sequence[Trial], trouble: Trouble) -> bool:
    """Tell whether a probe has arrived: an issue since the suspension was opened that did not come
    back.
    """
    opened = trouble.opened_at
    return opened is not None and any(
        trial.bounce is None and trial.at >= opened for trial in trials
    )
