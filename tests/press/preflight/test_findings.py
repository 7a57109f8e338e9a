"""The report: what is kept with an issue reads back as what was said."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadInput, Refused
from digest.press.preflight.findings import Finding, Level, Report, Share
from digest.press.preflight.rules import Rules
from digest.press.preflight.verdict import carry_over, counted, refuse_blocked

NOW = datetime(2026, 11, 27, 6, 59, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]))
ids = st.none() | st.integers(1, 2**63 - 1)
findings = st.builds(Finding, words, st.sampled_from(Level), words, words, ids)
reports = st.builds(
    Report,
    issue=words,
    version=st.integers(1, 2**31),
    at=st.datetimes(timezones=st.just(UTC)),
    online=st.booleans(),
    findings=st.lists(findings, max_size=5).map(tuple),
    budget=st.lists(st.builds(Share, words, st.integers(0, 10**9)), max_size=5).map(tuple),
)


def report(*found: Finding, version: int = 3, online: bool = False) -> Report:
    return Report("weekly/12", version, NOW, online, found, (Share("News", 600),))


DEAD = Finding("link-dead", Level.BLOCK, "gone", "Fog", 7)
LONG = Finding("subject-long", Level.WARN, "long")


@given(reports)
def test_report_reads_back_through_json_as_it_was(written: Report) -> None:
    assert Report.from_json(json.loads(written.canonical())) == written


@given(reports)
def test_equal_reports_are_equal_texts(written: Report) -> None:
    again = Report.from_json(written.to_json())

    assert again.canonical() == written.canonical()


def test_stored_form_is_this_one() -> None:
    """What is in newsrooms' databases; a change of it needs another form."""
    assert report(DEAD).to_json() == {
        "form": 2,
        "issue": "weekly/12",
        "version": 3,
        "at": "2026-11-27T06:59:00+00:00",
        "online": False,
        "findings": [
            {
                "check": "link-dead",
                "level": "block",
                "message": "gone",
                "pick": "Fog",
                "article": 7,
            }
        ],
        "budget": [{"part": "News", "bytes": 600}],
    }


def test_report_of_the_first_form_is_read() -> None:
    """It did not say which article."""
    kept = report(DEAD).to_json()
    del kept["findings"][0]["article"]

    [found] = Report.from_json({**kept, "form": 1}).findings

    assert (found.check, found.pick, found.article) == ("link-dead", "Fog", None)


@pytest.mark.parametrize("change", [{"form": 3}, {"at": "noon"}, {"findings": [{"check": "x"}]}])
def test_report_of_another_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="stored preflight report"):
        Report.from_json({**report().to_json(), **change})


def test_blocked_issue_is_refused_with_every_check_that_blocks() -> None:
    other = Finding("why", Level.BLOCK, "no reason")

    with pytest.raises(Refused) as caught:
        refuse_blocked(report(DEAD, LONG, other))

    assert str(caught.value) == (
        "preflight stops weekly/12: gone ('Fog') [link-dead]; no reason [why]"
    )


def test_warnings_and_notes_stop_nothing() -> None:
    refuse_blocked(report(LONG, Finding("type-small", Level.NOTE, "small")))


def test_levels_are_counted_worst_first() -> None:
    assert counted([LONG, DEAD, LONG]) == "1 block, 2 warn"


def test_what_was_found_online_stays_until_somebody_asks_again() -> None:
    before = report(LONG, DEAD, online=True)

    after = carry_over(report(LONG), before, Rules())

    assert after.findings == (DEAD, LONG)
    assert after.online


@pytest.mark.parametrize(
    ("level", "found"),
    [
        (Level.NOTE, (LONG, Finding("link-dead", Level.NOTE, "gone", "Fog", 7))),
        (None, (LONG,)),
    ],
)
def test_what_was_found_online_has_the_level_of_today(
    level: Level | None, found: tuple[Finding, ...]
) -> None:
    rules = Rules(levels={"link-dead": level})

    assert carry_over(report(LONG), report(DEAD, online=True), rules).findings == found


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (report(LONG, online=True), report(DEAD, online=True)),
        (report(LONG, version=4), report(DEAD, online=True)),
        (report(LONG), None),
    ],
)
def test_what_was_found_online_ends_with_the_version_or_the_next_look(
    now: Report, before: Report | None
) -> None:
    assert carry_over(now, before, Rules()) == now
