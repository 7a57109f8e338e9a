"""The doctor on real instances: what it finds, and how bad that is."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from digest.clock import FixedClock
from digest.errors import NotFound
from digest.keys import new_key_ring, write_key_file
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Finding, Level, Said
from digest.operations.doctor.plans import check_relays
from digest.operations.doctor.received.judging import COPY_CHECKS
from digest.operations.doctor.registry import CHECKS, FAMILIES, Check, family_of, select
from digest.operations.doctor.run import examine
from digest.operations.keys.changing import add_key, export_ring
from digest.testing.newsroom import open_newsroom
from tests.conftest import ROOT
from tests.operations.doctor.conftest import ask

DOCUMENT = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
Examined = Callable[..., list[Finding]]
WITH_POLICY = {'slug = "weekly"': 'slug = "weekly"\nprivacy_file = "privacy.txt"'}


@pytest.fixture
def examined(tmp_path: Path, clock: FixedClock) -> Examined:
    """Examine a newsroom with one relay and three readers; return what one check says."""

    def look(id: str, relay: str = "") -> list[Finding]:
        with open_newsroom(tmp_path, clock, relay=f'backend = "memory"\n{relay}') as newsroom:
            newsroom.subscribe("anna@gmail.com", "bo@gmail.com", "cy@example.org")
            return ask(newsroom, id)

    return look


def test_plain_instance_is_well_but_for_what_it_is_and_who_runs_it(tmp_path, clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        export_ring(newsroom.app, tmp_path / "copy.toml", None)
        found = examine(Case(newsroom.app)).findings

    told = {finding.id for finding in found if finding.level is not Level.OK}
    silent = {id for id, check in CHECKS.items() if not check.online} - {one.id for one in found}
    # Nobody runs it, it is on loopback, the relay signs, and a machine's clock is its own affair.
    expected = {"ALIVE-1", "ALIVE-2", "CONFIG-3", "CONFIG-6", "FRIDAY-1", "KEYS-2", "KEYS-3"}
    assert told - {"CLOCK-1", "STORE-4", "DISK-1", "VERSION-1"} == expected
    assert silent == {
        "DISK-2",
        "LOOK-2",
        "PLAN-2",
        "PLAN-3",
        "PREFLIGHT-1",
        "SIGNUP-1",
        "SOURCE-1",
        "RELAY-4",
    }


def test_media_folder_that_is_none_is_a_warning(tmp_path, clock) -> None:
    (tmp_path / "media").write_text("in the way")
    with open_newsroom(tmp_path, clock) as newsroom:
        (found,) = ask(newsroom, "MEDIA-1")

    assert found.level is Level.WARN
    assert "media is no folder" in found.text


def test_keys_without_a_copy_are_a_warning(examined: Examined) -> None:
    (found,) = examined("KEYS-1")

    assert found.level is Level.WARN
    assert "digest keys export" in found.hint


def test_copy_of_an_older_ring_does_not_count(tmp_path, clock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        export_ring(newsroom.app, tmp_path / "copy.toml", None)
        add_key(newsroom.app, "seal", lambda _: "")
    with open_newsroom(tmp_path, clock) as newsroom:
        (found,) = ask(newsroom, "KEYS-1")

    assert found.level is Level.WARN


def test_keys_beside_the_database_are_noted(examined: Examined) -> None:
    (found,) = examined("KEYS-2")

    assert found.level is Level.NOTE
    assert "same file system" in found.text


def test_keys_elsewhere_are_well(tmp_path: Path, clock) -> None:
    elsewhere = Path("/dev/shm") / f"friday-{tmp_path.name}-{os.getpid()}"
    if not elsewhere.parent.is_dir() or elsewhere.parent.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    write_key_file(elsewhere, new_key_ring())
    try:
        with open_newsroom(
            tmp_path, clock, more={"[web]": f'[keys]\nfile = "{elsewhere}"\n[web]'}
        ) as room:
            (found,) = ask(room, "KEYS-2")
    finally:
        elsewhere.unlink()

    assert found.level is Level.OK


def test_relay_that_does_not_open_is_an_error(examined: Examined) -> None:
    (found,) = examined("RELAY-1", "colour = 3")

    assert found.level is Level.ERROR
    assert found.text == "config.toml: relays.main: colour: this key is unknown"
    assert found.hint == "correct [relays.main]"


def words_in(folder: Path, clock: FixedClock, language: str) -> Finding:
    more = {'language = "en"': f'language = "{language}"'}
    with open_newsroom(folder, clock, more=more) as newsroom:
        (found,) = ask(newsroom, "WORDS-1")
    return found


@pytest.mark.parametrize("language", ["en", "en-GB", "de", "fa-AF"])
def test_language_that_ships_is_complete(tmp_path: Path, clock, language: str) -> None:
    found = words_in(tmp_path, clock, language)

    assert found.level is Level.OK
    assert found.text == f"weekly: every phrase has its words in {language!r}"


def test_language_without_words_is_noted(tmp_path: Path, clock) -> None:
    found = words_in(tmp_path, clock, "hy")

    assert found.level is Level.NOTE
    assert "have no words in 'hy'; readers see English ones" in found.text


def test_catalogue_that_cannot_be_read_is_an_error(tmp_path: Path, clock) -> None:
    (tmp_path / "ours" / "translations").mkdir(parents=True)
    (tmp_path / "ours" / "translations" / "en.po").write_text("nonsense\n")
    more = {"[web]": 'templates = "ours"\n[web]'}
    with open_newsroom(tmp_path, clock, more=more) as newsroom:
        (found,) = ask(newsroom, "WORDS-1")

    assert found.level is Level.ERROR
    assert found.text.startswith("catalogue en.po: ")


def test_plan_says_when_the_last_copy_leaves(examined: Examined) -> None:
    (found,) = examined("PLAN-1", "per_second = 0.01")

    assert found.level is Level.OK
    assert found.text == "the next issue of weekly has left by Friday 2026-11-27 07:03"


def test_plan_that_overruns_the_next_friday_is_an_error(examined: Examined) -> None:
    (found,) = examined("PLAN-1", "per_second = 0.000002")

    assert found.level is Level.ERROR
    assert found.text == (
        "the plan of weekly overruns the next Friday: the last copy leaves Tuesday 2026-12-08 "
        "20:46, the next issue is due Friday 2026-12-04 07:00"
    )
    assert found.hint.startswith("it is limited by relays.main.per_second: ")


def test_slot_that_was_brought_forward_is_followed_by_next_week(tmp_path, clock) -> None:
    with open_newsroom(tmp_path, clock, relay='backend = "memory"\nper_second = 3e-6') as newsroom:
        newsroom.subscribe("anna@example.org", "bo@example.org")
        newsroom.make_due(newsroom.draft(clock.now().date()), clock.now().replace(second=30))
        found = ask(newsroom, "PLAN-1")

    assert [finding.level for finding in found] == [Level.OK]


def test_limit_for_a_group_without_subscribers_is_a_note(examined: Examined) -> None:
    found = examined("PLAN-2", "groups = { gogle = { per_hour = 5 }, other = { per_hour = 5 } }")

    assert [(finding.level, finding.text) for finding in found] == [
        (Level.NOTE, "relays.main.groups.gogle: no subscriber is in this group")
    ]
    assert "google, other" in found[0].hint


def test_limits_for_groups_with_subscribers_are_well(examined: Examined) -> None:
    (found,) = examined("PLAN-2", "groups = { google = { per_hour = 5 } }")

    assert found.level is Level.OK


def test_warm_up_that_is_too_short_now_is_warned_about(examined: Examined) -> None:
    (found,) = examined("PLAN-3", "warm_up = { start = 2026-11-25, per_day = [1, 1, 1, 1] }")

    assert found.level is Level.WARN
    assert found.text == (
        "relays.main.warm_up: its days from the next issue to 2026-11-28 have room for 2 of 3 "
        "copies; the others leave after it without a limit"
    )


@pytest.mark.parametrize(
    "warm_up",
    [
        "{ start = 2026-11-25, per_day = [1, 1, 1, 1, 1] }",
        "{ start = 2026-11-20, per_day = [1, 2, 3] }",
    ],
)
def test_warm_up_that_reaches_the_audience_is_well(examined: Examined, warm_up: str) -> None:
    (found,) = examined("PLAN-3", f"warm_up = {warm_up}")

    assert found.level is Level.OK


def test_warm_up_that_has_not_begun_is_not_judged(examined: Examined) -> None:
    assert examined("PLAN-3", "warm_up = { start = 2026-11-27, per_day = [1] }") == []


@pytest.mark.parametrize(
    ("id", "level", "words"),
    [
        ("link-dead", Level.OK, "preflight.levels: the newsroom's own are link-dead"),
        ("link-deed", Level.ERROR, "config.toml: preflight.levels.link-deed: no check has this id"),
    ],
)
def test_levels_are_those_of_checks_there_are(
    tmp_path, clock, id: str, level: Level, words: str
) -> None:
    more = {"[delivery]": f'[preflight.levels]\n{id} = "warn"\n\n[delivery]'}

    with open_newsroom(tmp_path, clock, more=more) as newsroom:
        (found,) = ask(newsroom, "PREFLIGHT-1")

    assert found.level is level
    assert found.text.startswith(words)


def test_check_that_cannot_be_done_is_an_error_and_the_others_go_on(tmp_path, clock) -> None:
    def fail(_case: Case) -> Iterator[Said]:
        raise NotFound("no such thing")
        yield

    def burst(_case: Case) -> Iterator[Said]:
        raise ZeroDivisionError("anna@example.org")
        yield

    checks = {
        "X-1": Check(fail, Level.ERROR),
        "X-2": Check(burst, Level.ERROR),
        "X-3": Check(burst, Level.ERROR, online=True),
        "RELAY-1": Check(check_relays, Level.ERROR),
    }
    with open_newsroom(tmp_path, clock) as newsroom:
        broken, burst_here, burst_outside, well = examine(
            Case(newsroom.app), checks, online=True
        ).findings

    assert (broken.id, broken.level, broken.text) == ("X-1", Level.ERROR, "no such thing")
    assert burst_here.text == burst_outside.text == "the check itself broke: ZeroDivisionError"
    assert (well.id, well.level) == ("RELAY-1", Level.OK)


def test_every_check_says_under_which_id_it_is_known_and_has_a_family() -> None:
    for id, check in CHECKS.items():
        assert str(check.look.__doc__).startswith(f"{id}: ")
        assert check.about.endswith(".")
        assert family_of(id) in FAMILIES


def test_document_has_the_checks_there_are() -> None:
    """docs/doctor.md is where people look an id up."""
    rows = re.findall(r"^\| ([A-Z]+-\d+) \| (\w+) \| (.*?) \|", DOCUMENT, re.MULTILINE)
    listed = {id: (level, what) for id, level, what in rows}

    for id, check in CHECKS.items():
        online = " ·" if check.online else ""
        assert listed.pop(id) == (check.worst.value, check.about.rstrip(".") + online)
    for id, judge in COPY_CHECKS.items():
        about = " ".join(str(judge.__doc__).split()).removeprefix(f"{id}: ").rstrip(".")
        assert listed.pop(id)[1] == about
    assert listed == {}


def test_checks_are_chosen_by_id_or_by_beginning() -> None:
    assert list(select(["spf-1"])) == ["SPF-1"]
    assert list(select(["MX", "SPF"])) == ["SPF-1", "SPF-2", "MX-1"]
    assert select([]) == CHECKS
    with pytest.raises(NotFound, match="no check is called S "):
        select(["S"])


def test_checks_that_need_the_database_are_left_out_where_it_is_not_in_order(
    tmp_path, clock
) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        with newsroom.app.db.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        found = examine(Case(newsroom.app))

    (broken,) = (one for one in found.findings if one.id == "STORE-1")
    assert "is at revision 0001" in broken.text
    assert "run digest migrate" in broken.text
    assert set(found.storeless) == {id for id, check in CHECKS.items() if check.store}
    assert "CONFIG-5" in {one.id for one in found.findings}


@pytest.mark.parametrize("raw", [None, b"", b" \n", b"\xff\xfe\x00"])
def test_policy_that_nobody_can_read_is_an_error(tmp_path, clock, raw: bytes | None) -> None:
    if raw is not None:
        (tmp_path / "privacy.txt").write_bytes(raw)

    with open_newsroom(tmp_path, clock, more=WITH_POLICY) as newsroom:
        (found,) = ask(newsroom, "SIGNUP-1")

    assert found.level is Level.ERROR
    assert "weekly: " in found.text
    assert "privacy.txt" in found.text
    assert "privacy_file" in found.hint


def test_policy_that_can_be_read_is_well(tmp_path, clock) -> None:
    (tmp_path / "privacy.txt").write_text("We keep your address.", encoding="utf-8")

    with open_newsroom(tmp_path, clock, more=WITH_POLICY) as newsroom:
        (found,) = ask(newsroom, "SIGNUP-1")

    assert found.level is Level.OK
