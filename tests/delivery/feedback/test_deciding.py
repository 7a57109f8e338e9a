"""What follows from a row of issues: pure."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.config import FeedbackConfig
from digest.delivery.feedback.classes import BounceClass
from digest.delivery.feedback.deciding import Consequence, Trial, Trouble, decide, survived

START = datetime(2026, 9, 4, 7, tzinfo=UTC)
LETTERS = {
    "h": BounceClass.HARD,
    "s": BounceClass.SOFT,
    "d": BounceClass.DISABLED,
    "n": BounceClass.NO_DOMAIN,
    "p": BounceClass.POLICY,
    "m": BounceClass.MESSAGE,
    ".": None,
}
RULES = FeedbackConfig()
OPEN = Trouble(True, START + timedelta(weeks=1))


def weeks(story: str, every: float = 7) -> list[Trial]:
    """Return the trials of a story, a letter an issue, the newest last in it and first here."""
    return [
        Trial(number, START + timedelta(days=every * number), LETTERS[letter])
        for number, letter in enumerate(story)
    ][::-1]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ("h", Consequence.SUPPRESS),
        ("....h", Consequence.SUPPRESS),
        ("s", Consequence.SCORE),
        ("sss", Consequence.SCORE),
        ("ssss", Consequence.SUSPEND),
        ("ss.ss", Consequence.SCORE),
        ("s.sss", Consequence.SCORE),
        (".ssss", Consequence.SUSPEND),
        ("sspss", Consequence.SUSPEND),  # what is about us neither counts nor mends
        ("ssmpss", Consequence.SUSPEND),
        ("sssp", Consequence.NOTE),
        ("d", Consequence.SCORE),
        ("dd", Consequence.SUPPRESS),
        ("d.d", Consequence.SCORE),
        ("dsd", Consequence.SCORE),
        ("ddsd", Consequence.SUSPEND),
        ("n", Consequence.SCORE),
        ("nn", Consequence.SUPPRESS),
        ("sssn", Consequence.SUSPEND),
        ("pppppppp", Consequence.NOTE),
        (".", Consequence.NOTE),
    ],
)
def test_story_of_issues(story: str, expected: Consequence) -> None:
    assert decide(weeks(story), Trouble(), RULES) is expected


@pytest.mark.parametrize(
    ("every", "issues", "expected"),
    [
        (1, 10, Consequence.SCORE),  # daily: ten issues within ten days
        (1, 22, Consequence.SUSPEND),
        (7, 4, Consequence.SUSPEND),
        (30, 3, Consequence.SCORE),  # monthly: sixty days, and only three issues
        (30, 4, Consequence.SUSPEND),
    ],
)
def test_issues_count_and_days_alone_do_not(
    every: float, issues: int, expected: Consequence
) -> None:
    assert decide(weeks("s" * issues, every), Trouble(), RULES) is expected


@pytest.mark.parametrize(
    ("trouble", "story", "expected"),
    [
        (Trouble(True), "ssssss", Consequence.NOTE),  # a late bounce while nothing is sent
        (OPEN, "ss", Consequence.SUPPRESS),
        (OPEN, "s", Consequence.NOTE),  # it left before the suspension was opened
        (OPEN, "sp", Consequence.NOTE),
        (Trouble(True), "sh", Consequence.SUPPRESS),
    ],
)
def test_who_is_suspended_has_one_probe(
    trouble: Trouble, story: str, expected: Consequence
) -> None:
    assert decide(weeks(story), trouble, RULES) is expected


def test_probe_is_survived_by_an_issue_that_arrived_since() -> None:
    assert survived(weeks("s.s"), OPEN)
    assert not survived(weeks(".ss"), OPEN)
    assert not survived(weeks("s.s"), Trouble(True))
