"""`digest run`: two processes, kept alive, and none left over."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def children(pid: int) -> dict[str, int]:
    """Return a process's living children: the last word of the command line → process id."""
    found = {}
    for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{number}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        found[words[-1].decode()] = int(number)
    return found


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that only waits to be reaped has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def listens(port: int) -> bool:
    """Whether somebody takes connections on a port."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def running(line, waited) -> Iterator[tuple[subprocess.Popen[str], dict[str, int], int]]:
    """`digest run` with both parts up: the process, its children, the port."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    line.configure("[scheduler]", f"port = {port}\n\n[scheduler]")
    process = line.start("run")
    try:
        waited(lambda: listens(port))
        waited(lambda: "no scheduler" not in line.good("status"))
        yield process, children(process.pid), port
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_ctrl_c_in_a_terminal_reaches_the_whole_group_and_leaves_no_trace(running) -> None:
    process, parts, _ = running

    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=15)

    assert process.returncode == 0
    assert all(is_gone(pid) for pid in parts.values())
    assert "Traceback" not in err


def test_killed_parts_are_started_again_and_end_on_sigterm(running, line, waited) -> None:
    process, parts, port = running
    assert sorted(parts) == ["scheduler", "web"]

    for pid in parts.values():
        os.kill(pid, signal.SIGKILL)
    waited(lambda: all(is_gone(pid) for pid in parts.values()))
    waited(lambda: sorted(children(process.pid)) == ["scheduler", "web"])
    waited(lambda: listens(port))
    waited(lambda: "no scheduler" not in line.good("status"))
    again = children(process.pid)
    process.terminate()
    _, err = process.communicate(timeout=15)

    assert not set(again.values()) & set(parts.values())
    assert process.returncode == 0
    assert all(is_gone(pid) for pid in again.values())
    assert "scheduler ended, nothing is in flight" in err
    assert "all parts have ended" in err
    assert "Traceback" not in err


def test_parts_end_when_the_supervisor_is_killed(running, waited) -> None:
    process, parts, port = running

    process.kill()

    waited(lambda: all(is_gone(pid) for pid in parts.values()))
    assert not listens(port)


def test_run_checks_the_store_before_it_starts_anything(empty) -> None:
    assert "cannot be read" in empty.bad("run")


SMALL = """
import sys
from digest.cli.supervise import Supervisor
Supervisor({"one": ["sleep", "60"], "two": ["sleep", "61"]}).run()
print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_every_ending_signal_ends_the_children(waited, number) -> None:
    with subprocess.Popen([sys.executable, "-c", SMALL], stdout=subprocess.PIPE) as process:
        waited(lambda: len(children(process.pid)) == 2)
        pids = children(process.pid).values()

        process.send_signal(number)
        out, _ = process.communicate(timeout=15)

    assert (process.returncode, out) == (0, b"ended\n")
    assert all(is_gone(pid) for pid in pids)
