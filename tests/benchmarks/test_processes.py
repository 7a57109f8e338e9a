"""Child programs of the benchmarks end for sure, and say why they failed."""

from pathlib import Path

import pytest

from benchmarks.processes import Helper, HelperFailed, ask


def _script(folder: Path, text: str) -> str:
    path = folder / "child.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_ask_returns_the_answer_on_the_last_line(tmp_path: Path) -> None:
    child = _script(
        tmp_path, "import sys\nprint('working')\nprint('{\"got\": \"%s\"}' % sys.argv[1])"
    )

    assert ask(child, "this", seconds=20) == {"got": "this"}


def test_ask_ends_a_child_that_hangs(tmp_path: Path) -> None:
    child = _script(tmp_path, "import time\ntime.sleep(600)")

    with pytest.raises(HelperFailed, match=r"child\.py took more than 0 s and was ended"):
        ask(child, seconds=0.3)


def test_ask_names_the_last_complaint(tmp_path: Path) -> None:
    child = _script(tmp_path, "raise ValueError('no relay')")

    with pytest.raises(HelperFailed, match=r"child\.py: ValueError: no relay"):
        ask(child, seconds=20)


def test_helper_hears_and_says_a_line_at_a_time(tmp_path: Path) -> None:
    child = _script(tmp_path, "print('ready', flush=True)\nprint('{\"said\": \"%s\"}' % input())")

    with Helper(child, seconds=20) as helper:
        heard = helper.hear()
        helper.say("go")

        assert (heard, helper.answer()) == ("ready", {"said": "go"})


def test_helper_tells_what_cpu_it_used(tmp_path: Path) -> None:
    child = _script(
        tmp_path,
        "import time\nwhile time.process_time() < 0.2: pass\nprint('done', flush=True)\ninput()",
    )

    with Helper(child, seconds=60) as helper:
        helper.hear()

        assert 0.1 < helper.cpu() < 5
        assert helper.alive


def test_helper_is_gone_when_its_block_ends(tmp_path: Path) -> None:
    child = _script(tmp_path, "import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)")

    with Helper(child, seconds=600) as helper:
        pid = helper.hear()

    assert not Path(f"/proc/{pid}").exists()
