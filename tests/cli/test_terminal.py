"""What people see on a terminal and programs on a pipe."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from digest.cli.terminal import is_confirmed, printable, progress_bar
from digest.errors import Refused

SHOW = """
import time
from digest.cli.terminal import print_table, progress_bar, say, complain
with progress_bar("copies") as advance:
    for done in range(3):
        advance(done, 2)
        time.sleep(0.15)
    say("a line [/b] :fog:")
    print("a plain one")
    print_table(("id", "title"), [("1", "Fog [/b]"), ("2", "x" * 100)], none="Nothing.")
print_table(("id", "title"), [], none="Nothing.")
complain("first\\nsecond")
"""


def shown(tmp_path: Path, *, out: bool, err: bool) -> tuple[str, str, str]:
    """Run SHOW with standard output and error each on a terminal or in a file.

    Return what the terminal, the output file and the error file got.
    """
    ours, theirs = pty.openpty()
    with (tmp_path / "out").open("wb") as out_file, (tmp_path / "err").open("wb") as err_file:
        process = subprocess.Popen(
            [sys.executable, "-c", SHOW],
            stdin=subprocess.DEVNULL,
            stdout=theirs if out else out_file,
            stderr=theirs if err else err_file,
            env={**os.environ, "COLUMNS": "80", "TERM": "xterm"},
        )
        os.close(theirs)
        seen = _drain(ours)
        process.wait(timeout=30)
    os.close(ours)
    return seen, (tmp_path / "out").read_text(), (tmp_path / "err").read_text()


def _drain(terminal: int) -> str:
    seen = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux says EIO when the other end is closed
            piece = b""
        if not piece:
            return seen.decode()
        seen += piece


def test_terminal_gets_bar_table_and_lines(tmp_path: Path) -> None:
    seen, _, _ = shown(tmp_path, out=True, err=True)

    assert "copies" in seen
    assert "1/2" in seen
    assert "a line [/b] :fog:" in seen
    assert "Fog [/b]" in seen
    assert "────" in seen
    assert "Nothing." in seen
    assert "error: first\r\nerror: second" in seen
    assert all(len(row) <= 80 for row in seen.splitlines() if "xxx" in row)


def test_pipe_gets_lines_and_tabs_and_no_bar(tmp_path: Path) -> None:
    _, out, err = shown(tmp_path, out=False, err=False)

    assert out == f"a line [/b] :fog:\na plain one\nid\ttitle\n1\tFog [/b]\n2\t{'x' * 100}\n"
    assert err == "error: first\nerror: second\n"


def test_lines_go_to_the_file_although_the_bar_is_on_a_terminal(tmp_path: Path) -> None:
    seen, out, _ = shown(tmp_path, out=False, err=True)

    assert out.startswith("a line [/b] :fog:\na plain one\nid\ttitle\n")
    assert "a line" not in seen
    assert "a plain one" not in seen
    assert "title" not in seen
    assert "copies" in seen


def test_bar_stays_out_of_a_file_of_errors(tmp_path: Path) -> None:
    seen, _, err = shown(tmp_path, out=True, err=False)

    assert err == "error: first\nerror: second\n"
    assert "copies" not in seen


def test_bar_on_a_pipe_takes_any_numbers_and_says_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress_bar("x", counted=False) as advance:
        advance(1, 0)
        advance(2, 1)

    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "shown_as"),
    [
        ("a\x1b[31mb", "a\N{REPLACEMENT CHARACTER}[31mb"),
        ("a\x9bb", "a\N{REPLACEMENT CHARACTER}b"),
        ("right\u202eleft", "right\N{REPLACEMENT CHARACTER}left"),
        ("line\n\ttab", "line\n\ttab"),
        ("Żółć 日本 🎉", "Żółć 日本 🎉"),
    ],
)
def test_control_characters_become_a_mark(text: str, shown_as: str) -> None:
    assert printable(text) == shown_as


def test_nobody_to_ask_is_refused_unless_yes() -> None:
    assert is_confirmed("Sure?", yes=True)
    with pytest.raises(Refused, match="--yes"):
        is_confirmed("Sure?", yes=False)
