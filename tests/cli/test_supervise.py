"""`digest run`: two processes, kept alive, and none left over."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
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


BUSY_SECONDS = 120  # for a start on a machine that has others to serve
TWO = """
import os, socket, sys, time
from digest.cli.supervise import Supervisor
from digest.operations.watching.notifier import Notifier
PART = '''
import os, sys, time
from digest.operations.watching.notifier import Notifier
notifier = Notifier.from_environment(os.environ)
assert "NOTIFY_SOCKET" not in os.environ
notifier.ready()
while True:
    if not os.path.exists(sys.argv[1]):
        notifier.alive()
    time.sleep(0.05)
'''
parts = {name: [sys.executable, "-c", PART, f"{sys.argv[1]}/{name}"] for name in ("one", "two")}
notifier = Notifier.from_environment(os.environ)
Supervisor(parts, notifier=notifier, silence=1.0).run()
"""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket such as systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(BUSY_SECONDS)
        yield door


def hear_until(door: socket.socket, last: bytes) -> list[bytes]:
    """Return what is said up to a word, that included."""
    words = []
    while last not in words:
        words.append(door.recv(200))
    return words


def test_systemd_is_told_by_the_supervisor_alone_and_not_while_a_part_hangs(
    tmp_path, systemd
) -> None:
    environment = {
        **os.environ, "NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "600000",
    }  # fmt: skip
    command = [sys.executable, "-c", TWO, str(tmp_path)]
    with subprocess.Popen(command, env=environment) as process:
        start = hear_until(systemd, b"READY=1")
        hear_until(systemd, b"WATCHDOG=1")
        (tmp_path / "two").touch()  # it hangs from now on
        hear_until(systemd, b"STATUS=hangs: two")
        systemd.settimeout(0.8)
        with pytest.raises(TimeoutError):  # the watchdog would bark
            systemd.recv(200)
        systemd.settimeout(BUSY_SECONDS)
        (tmp_path / "two").unlink()
        again = hear_until(systemd, b"WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        hear_until(systemd, b"STOPPING=1")

    assert process.returncode == 0
    assert set(start) <= {b"READY=1", b"WATCHDOG=1"}
    assert b"STATUS=all parts are well" in again


def test_whole_thing_tells_systemd_when_pages_and_scheduler_are_there(
    line, waited, systemd, monkeypatch
) -> None:
    with socket.socket() as door, socket.socket() as other:
        for each in (door, other):
            each.bind(("127.0.0.1", 0))
        port, figures = door.getsockname()[1], other.getsockname()[1]
    watching = f"[watching]\nmetrics_port = {figures}\n\n"
    line.configure("[scheduler]", f"port = {port}\n\n{watching}[scheduler]")
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
    process = line.start("run")
    try:
        hear_until(systemd, b"READY=1")
        listened, checked = listens(port), line("status", "--check")
        with httpx.Client(timeout=30) as client:
            metrics = client.get(f"http://127.0.0.1:{figures}/metrics").text
            public = client.get(f"http://127.0.0.1:{port}/metrics").status_code
    finally:
        process.terminate()
        process.communicate(timeout=30)

    assert listened
    assert 'friday_processes{role="scheduler"} 1.0' in metrics
    assert public == 404  # no proxy can pass them on
    assert (checked.status, checked.out) == (0, "schedulers alive: 1\n")
    assert hear_until(systemd, b"STOPPING=1")
    assert line("status", "--check").status == 1
