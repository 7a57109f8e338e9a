"""SpamAssassin, where it is installed: asked locally, and it may fail without harm."""

from collections.abc import Callable
from pathlib import Path

import pytest

from digest.press.preflight.material import SpamScore
from digest.press.preflight.spamassassin import ask_spamassassin, find_spamassassin, read_score

MARKED = """X-Spam-Checker-Version: SpamAssassin 4.0.1 (2024-03-25) on desk
X-Spam-Level: **
X-Spam-Status: No, score=2.3 required=5.0 tests=HTML_FONT_LOW_CONTRAST,
\tHTML_MESSAGE,SUBJ_ALL_CAPS autolearn=no version=4.0.1

Content analysis details:   (2.3 points, 5.0 required)

 pts rule name              description
---- ---------------------- --------------------------------------------------
 0.7 HTML_FONT_LOW_CONTRAST BODY: HTML font color similar to background
-0.0 NO_RELAYS              Informational: message was not relayed via SMTP
 1.6 SUBJ_ALL_CAPS          Subject is all capitals
"""


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a program of a few lines of shell."""

    def written(lines: str) -> Path:
        path = tmp_path / "spamassassin"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return path

    return written


def test_score_is_read_with_its_costliest_rules_first() -> None:
    found = read_score(MARKED)

    assert found == SpamScore(2.3, (("SUBJ_ALL_CAPS", 1.6), ("HTML_FONT_LOW_CONTRAST", 0.7)))


def test_message_without_a_score_has_none() -> None:
    assert read_score("Subject: Fog\n\nIt is thick.") is None


@pytest.mark.parametrize("lines", ["exit 1", "cat", "kill -9 $$"])
def test_program_that_fails_says_nothing(program, lines: str) -> None:
    assert ask_spamassassin(program(lines), b"Subject: Fog\n\nThick.") is None


def test_program_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert ask_spamassassin(tmp_path / "none", b"") is None


def test_program_that_hangs_is_left(program) -> None:
    assert ask_spamassassin(program("exec sleep 20"), b"", seconds=0.2) is None


def test_only_what_is_on_the_path_is_asked(monkeypatch: pytest.MonkeyPatch, program) -> None:
    path = program("exit 0")
    monkeypatch.setenv("PATH", str(path.parent))
    assert find_spamassassin() == path

    monkeypatch.setenv("PATH", str(path.parent / "elsewhere"))
    assert find_spamassassin() is None


def test_our_own_mail_is_not_spam_and_a_shouting_one_is_told(table, system_part) -> None:
    installed = system_part("spamassassin")
    good = table.lay().largest.message
    bad = good.replace(b"Subject: Dockers go back", b"Subject: !!! FREE MONEY !!! VIAGRA $$$")

    ours, theirs = (ask_spamassassin(installed, message) for message in (good, bad))

    assert ours is not None
    assert theirs is not None
    assert ours.points < 2
    assert theirs.points > ours.points
    assert theirs.rules
