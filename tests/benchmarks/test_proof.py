"""The proof's own arithmetic: it must be able to say no."""

import io
import random
from dataclasses import replace

import pytest
from rich.console import Console

from benchmarks.proofs.crash_points import PASSAGES, add, plan
from benchmarks.proofs.parts import NAMES, TROUBLES, list_parts, report_row
from benchmarks.proofs.room import list_lies
from benchmarks.proofs.row import ProofRow, as_markdown, as_rich
from digest.delivery.crash import POINTS
from digest.models import DeliveryState

HELD = ProofRow("killed", copies=100, faults=3, uncertain=2, limit=2)


def test_row_is_ok_up_to_its_limit() -> None:
    assert HELD.ok


@pytest.mark.parametrize(
    "change", [{"doubled": 1}, {"lost": 1}, {"uncertain": 3}, {"problems": ("it is not sent",)}]
)
def test_row_is_wrong_by_each_violation(change: dict[str, object]) -> None:
    assert replace(HELD, **change).ok is False


def test_row_that_was_not_run_is_neither() -> None:
    assert ProofRow("killed", skipped="PostgreSQL is not installed").ok is None


def test_rows_add_up_with_their_problems() -> None:
    total = add([HELD, replace(HELD, doubled=1, problems=("one",))])

    assert total == replace(
        HELD, copies=200, faults=6, doubled=1, uncertain=4, limit=4, problems=("one",)
    )


@pytest.mark.parametrize(
    ("state", "copies", "lie"),
    [
        ("accepted", 1, None),
        ("accepted", 0, "1 accepted rows without a copy"),
        ("pending", 0, None),
        ("pending", 1, "1 copies of rows that say there is none"),
        ("skipped", 1, "1 copies of rows that say there is none"),
        ("dotted", 1, None),
        ("uncertain", 1, None),
        ("uncertain", 0, None),
    ],
)
def test_ledger_is_held_against_the_server(state: str, copies: int, lie: str | None) -> None:
    lies = list_lies({"ada@example.org": DeliveryState(state)}, {"ada@example.org": copies})

    assert lies == ([lie] if lie else [])


def test_copy_for_a_stranger_is_a_lie() -> None:
    assert list_lies({}, {"ada@example.org": 1}) == ["1 copies for strangers"]


def test_report_with_a_failure_is_wrong() -> None:
    report = (
        '<testsuites><testsuite><testcase name="one"/><testcase name="two"><failure/></testcase>'
        '<testcase name="three"><skipped message="no disk"/></testcase></testsuite></testsuites>'
    )

    row = report_row("disks", report)

    assert row.cells == ("disks (2 cases, 1 skipped; two failed)", "", "2", "0", "0", "", "", "NO")


def test_report_of_skipped_cases_says_why() -> None:
    report = '<testsuite><testcase name="one"><skipped message="no disk"/></testcase></testsuite>'

    assert report_row("disks", report).skipped == "no disk"


def test_report_without_cases_is_wrong() -> None:
    assert report_row("disks", "<testsuites/>").ok is False


def test_tables_show_the_verdict() -> None:
    screen = Console(file=io.StringIO(), width=200)
    screen.print(as_rich([HELD]))

    assert "| killed | 100 | 3 | 0 | 0 | 2 | 2 | yes |" in as_markdown([HELD])
    assert "yes" in screen.file.getvalue()  # type: ignore[attr-defined]


def test_every_instant_is_crashed_at_early_and_late() -> None:
    crashes = plan(random.Random(1))

    assert [crash.point for crash in crashes if crash.passage == 1] == list(POINTS)
    assert [crash.point for crash in crashes if crash.passage >= PASSAGES[0]] == list(POINTS)


def test_daemons_are_killed_a_hundred_and_fifty_times_in_all() -> None:
    assert sum(trouble.kills for kind in TROUBLES.values() for trouble in kind) >= 150


@pytest.mark.parametrize("database", NAMES)
def test_every_database_meets_every_trouble(database: str) -> None:
    troubles = TROUBLES[database]

    assert any(trouble.kills and not trouble.drop for trouble in troubles)
    assert any(trouble.kills and trouble.drop for trouble in troubles)
    assert any(trouble.pauses for trouble in troubles)
    assert any(trouble.jumps for trouble in troubles)


def test_whole_proof_has_every_part() -> None:
    assert list(list_parts()) == [
        *(f"{kind}-{database}" for database in NAMES for kind in ("points", "kills")),
        *("hypothesis", "faults", "hard-times", "postfix"),
    ]
