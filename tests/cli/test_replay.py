"""``digest replay`` as an operator types it."""

import json

from tests.cli.conftest import Line


def test_replay_proves_a_program_before_it_sends(drafted: Line) -> None:
    drafted.good("issue", "approve", "weekly/1")
    drafted.good("issue", "schedule", "weekly/1", "--now")
    drafted.good("tick")
    sent, kept = drafted.mails(), drafted.folder / "before.json"

    said = drafted.good("replay", "--keep", kept)

    assert "full\t2\t" in said
    assert "2 of 2 copies accepted" in said
    assert "example.org" not in kept.read_text()
    assert "differ" not in drafted.good("replay", "weekly/1", "--against", kept).splitlines()[-1]
    assert drafted.mails() == sent

    sums = json.loads(kept.read_text())
    next(iter(sums["copies"].values()))["headers"]["subject"] = "another"
    kept.write_text(json.dumps(sums))
    assert "subject: 1 copies differ" in drafted.bad("replay", "--against", kept)
