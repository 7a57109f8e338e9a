"""Answers are asked for once, whoever wants them; what waits for the network goes side by side."""

import threading
import time

import pytest

from digest.config.kinds import check_resolver
from digest.errors import BackendDown
from digest.operations.doctor.case import Case, side_by_side


def test_answer_is_asked_for_once(room) -> None:
    case, asked = Case(room().app), []

    def ask() -> int:
        asked.append(1)
        time.sleep(0.05)
        return 7

    assert side_by_side(lambda _: case.once("key", ask), range(5)) == [7] * 5
    assert len(asked) == 1


def test_failure_is_told_to_all_and_asked_for_once(room) -> None:
    case, asked = Case(room().app), []

    def ask() -> int:
        asked.append(1)
        raise BackendDown("gone")

    for _ in range(3):
        with pytest.raises(BackendDown, match="gone"):
            case.once("key", ask)
    assert len(asked) == 1


def test_many_wait_at_the_same_time_and_answers_keep_their_order() -> None:
    together = threading.Barrier(4, timeout=10)

    def work(number: int) -> int:
        together.wait()  # nobody goes on before all are here
        time.sleep((4 - number) / 100)
        return number * 10

    assert side_by_side(work, range(4)) == [0, 10, 20, 30]
    assert side_by_side(work, []) == []


def test_failure_of_one_is_raised() -> None:
    def work(number: int) -> int:
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        side_by_side(work, [1, 0])


@pytest.mark.parametrize(
    "server", ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"]
)
def test_name_servers_that_are_understood(server: str) -> None:
    assert check_resolver(server) == server


@pytest.mark.parametrize(
    "server",
    [
        "ns.example",
        "192.0.2.53:0",
        "192.0.2.53:99999",
        "[2001:db8::53]",
        "2001:db8::53:",
        "",
        ":53",
    ],
)
def test_name_servers_that_are_none(server: str) -> None:
    with pytest.raises(ValueError, match="is no address of a name server"):
        check_resolver(server)
