"""The words of sd_notify(3), over real sockets."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.operations.watching.notifier import SIGN_SECONDS, Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """A socket such as systemd listens on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(str(tmp_path / "notify"))
        door.settimeout(5)
        yield door


def heard(door: socket.socket, times: int) -> list[bytes]:
    return [door.recv(200) for _ in range(times)]


def test_words_arrive_as_systemd_reads_them(systemd) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": systemd.getsockname()})
    notifier.ready()
    notifier.alive()
    notifier.tell("two\nlines")
    notifier.stopping()

    notifier.close()

    words = [b"READY=1", b"WATCHDOG=1", b"STATUS=two lines", b"STOPPING=1"]
    assert heard(systemd, 4) == words


def test_name_with_an_at_is_an_abstract_one() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
        door.bind(f"\0friday-test-{os.getpid()}")
        door.settimeout(5)
        notifier = Notifier.from_environment({"NOTIFY_SOCKET": f"@friday-test-{os.getpid()}"})
        notifier.ready()
        notifier.close()

        assert heard(door, 1) == [b"READY=1"]


def test_descriptor_of_our_own_supervisor_goes_before_systemd(systemd) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    environment = {"DIGEST_SIGNS": str(theirs.detach()), "NOTIFY_SOCKET": systemd.getsockname()}
    notifier = Notifier.from_environment(environment)
    notifier.alive()

    assert heard(ours, 1) == [b"WATCHDOG=1"]
    assert environment == {}
    notifier.close()
    ours.close()


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, SIGN_SECONDS),
        ({"WATCHDOG_USEC": "60000000"}, SIGN_SECONDS),
        ({"WATCHDOG_USEC": "3000000"}, 1.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, SIGN_SECONDS),
    ],
)
def test_signs_come_as_often_as_the_watchdog_wants(environment, interval: float) -> None:
    assert Notifier.from_environment(environment).interval == interval


def test_nobody_who_listens_is_no_trouble(tmp_path: Path) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.ready()
    notifier.close()


def test_full_queue_is_not_waited_for(systemd) -> None:
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": systemd.getsockname()})
    for _ in range(5000):
        notifier.alive()

    assert heard(systemd, 1) == [b"WATCHDOG=1"]
    notifier.close()
