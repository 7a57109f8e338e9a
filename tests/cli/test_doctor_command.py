"""``digest doctor``, and what preview and approval say of the last copy."""

import json
import re

BROKEN = 'backend = "maildir"\ncolour = 3'


def test_doctor_of_a_sound_instance_exits_0(drafted) -> None:
    out = drafted.good("doctor")

    assert out.splitlines()[0] == "check\tlevel\tfinding\thint"
    assert "RELAY-1\tok\trelays.main: its options can be used\t" in out


def test_doctor_exits_1_when_something_is_wrong(drafted) -> None:
    drafted.configure('backend = "maildir"', BROKEN)

    result = drafted("doctor")

    assert (result.status, result.err) == (1, "")
    assert "RELAY-1\terror\t" in result.out


def test_doctor_speaks_json(drafted) -> None:
    drafted.configure('backend = "maildir"', BROKEN)

    result = drafted("doctor", "--json")

    found = [finding for finding in json.loads(result.out) if finding["level"] != "ok"]
    found = [finding for finding in found if not finding["id"].startswith("KEYS")]
    assert result.status == 1
    assert [(finding["id"], finding["level"]) for finding in found] == [("RELAY-1", "error")]
    assert set(found[0]) == {"id", "level", "text", "hint"}


def test_doctor_changes_nothing(drafted) -> None:
    before = drafted.store()

    drafted.good("doctor")

    assert drafted.store() == before


def test_preview_says_when_the_last_copy_would_leave_before_anything_is_approved(drafted) -> None:
    drafted.configure("connections = 2", "per_hour = 1")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "preview", "weekly", "--out", drafted.folder / "look")

    assert "The last copy will leave about Friday 08:01 (limited by relays.main.per_hour).\n" in out
    assert "weekly/1  draft" in drafted.good("issue", "show", "weekly")


def test_approval_says_when_the_last_copy_leaves(drafted) -> None:
    drafted.configure("connections = 2", "per_hour = 1")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "approve", "weekly")

    assert "The last copy will leave about Friday 08:01 (limited by relays.main.per_hour).\n" in out


def test_approval_names_the_day_when_it_is_another(drafted) -> None:
    drafted.configure("connections = 2", "warm_up = { start = 2098-12-30, per_day = [1, 1, 1, 1] }")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "approve", "weekly")

    assert (
        "The last copy will leave about Saturday 2099-01-03 00:00 "
        "(limited by relays.main.warm_up).\n" in out
    )


def test_approval_of_next_fridays_issue_speaks_of_its_slot(drafted) -> None:
    out = drafted.good("issue", "approve", "weekly")

    assert re.search(r"\nThe last copy will leave about Friday 07:00 \(limited by ", out)


def test_approval_of_an_issue_without_a_moment_says_nothing_of_it(drafted) -> None:
    drafted.good("issue", "new", "weekly", "--extra")
    drafted.good("issue", "pick", "weekly/2", 1, "--section", "News")
    drafted.good("issue", "set", "weekly/2", "subject=Extra")

    assert "last copy" not in drafted.good("issue", "approve", "weekly/2")
