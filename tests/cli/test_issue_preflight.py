"""``digest issue preflight`` at the command line."""

import contextlib
import json
import os
import pty
import re
import sqlite3
import subprocess
import sys

import pytest


def stored(line) -> dict[str, object]:
    """Return the report that is kept with the only issue."""
    with contextlib.closing(sqlite3.connect(line.folder / "digest.db")) as store:
        ((report,),) = store.execute("SELECT preflight FROM issues")
    return json.loads(report)


def test_findings_budget_and_next_step_are_told(drafted) -> None:
    out = drafted.good("issue", "preflight", "weekly")

    lines = out.splitlines()
    assert lines[0].startswith("weekly/1, version ")
    assert lines[1] == "level\tcheck\tfinding\tpick"
    assert any(one.startswith("warn\tpreheader-length\tthere is no preheader") for one in lines)
    assert any(one.startswith("Opinion\t") for one in lines)
    assert lines[-1] == "Nothing blocks: digest issue approve weekly/1"


def test_what_blocks_exits_1_and_says_what_to_do(drafted) -> None:
    drafted.good("issue", "set", "weekly", f"subject={'word ' * 31}")

    result = drafted("issue", "preflight", "weekly")

    assert (result.status, result.err) == (1, "")
    assert "block\tsubject-too-long\t" in result.out
    assert result.out.splitlines()[-1] == (
        "weekly/1 cannot be approved: put right what blocks, then digest issue preflight again."
    )


def test_json_is_the_report_that_is_kept(drafted) -> None:
    out = drafted.good("issue", "preflight", "weekly", "--json")

    assert json.loads(out) == stored(drafted)
    assert stored(drafted)["issue"] == "weekly/1"


def test_approval_names_the_checks_that_stop_it_and_keeps_the_report(drafted) -> None:
    drafted.good("issue", "set", "weekly", f"subject={'word ' * 31}")

    said = drafted.bad("issue", "approve", "weekly")

    assert said.startswith("preflight stops weekly/1: the subject has 154 characters")
    assert said.endswith("[subject-too-long]")
    assert "weekly/1  draft" in drafted.good("issue", "show", "weekly")
    assert "subject-too-long" in json.dumps(stored(drafted))


def test_approval_tells_the_warnings(drafted) -> None:
    out = drafted.good("issue", "approve", "weekly")

    assert "\nwarn: there is no preheader" in out
    assert "[preheader-length]" in out
    assert "type-small" not in out


def test_level_in_the_configuration_counts(drafted) -> None:
    drafted.configure(
        "[relays.main]", '[preflight.levels]\npreheader-length = "block"\n\n[relays.main]'
    )

    assert "[preheader-length]" in drafted.bad("issue", "approve", "weekly")


@pytest.mark.parametrize("command", ["preflight", "approve", "preview"])
def test_level_of_an_unknown_check_is_named(drafted, command: str) -> None:
    drafted.configure("[relays.main]", '[preflight.levels]\nlink-deed = "off"\n\n[relays.main]')

    said = drafted.bad("issue", command, "weekly")

    assert said.startswith("config.toml: preflight.levels.link-deed: no check has this id")


def test_links_are_asked_for_when_it_is_said(drafted, web) -> None:
    with contextlib.closing(sqlite3.connect(drafted.folder / "digest.db")) as store:
        store.execute("UPDATE articles SET url = ? WHERE id = 1", (web.url("/gone"),))
        store.execute("UPDATE articles SET url = ? WHERE id = 2", (web.url("/too"),))
        store.commit()

    result = drafted("issue", "preflight", "weekly", "--online")

    assert result.status == 1
    assert result.out.count("block\tlink-dead\t") == 2
    assert "were not asked for" not in result.out


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("approved", "weekly/1 is approved as it is."),
        ("sent", "weekly/1 is sent: it cannot be changed any more."),
    ],
)
def test_next_step_is_that_of_the_issue_s_state(drafted, state: str, said: str) -> None:
    drafted.good("issue", "approve", "weekly")
    if state == "sent":
        drafted.good("issue", "schedule", "weekly", "--now")
        drafted.good("tick")

    assert drafted.good("issue", "preflight", "weekly/1").splitlines()[-1] == said


@pytest.mark.parametrize("columns", [80, 130])
def test_terminal_gets_two_tables_that_fit(drafted, columns: int) -> None:
    drafted.good("issue", "set", "weekly", "preheader=TK", "topper=Thick [/b] fog. " + "Fog. " * 99)

    seen = on_a_terminal(drafted, columns, "issue", "preflight", "weekly")

    assert max(len(one) for one in seen.splitlines()) <= columns
    assert "preheader-length" in seen
    assert "█" in seen
    assert "of 100,000" in seen


def on_a_terminal(line, columns: int, *words: str) -> str:
    """Return what a person sees who types a command, colours taken off."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(line.folder / "config.toml"), *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(theirs)
    seen = b""
    with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:
        while piece := terminal.read(4096):
            seen += piece
    process.wait(timeout=30)
    return plain(seen.decode())


def plain(seen: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).replace("\r", "")
