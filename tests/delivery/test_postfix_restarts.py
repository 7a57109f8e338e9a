"""What a Postfix log proves about copies that its smtpds were taking in when it was killed."""

import itertools

import pytest

from digest.delivery.postfix_log import CAUGHT_UP, PostfixLog

NAME = "<copy@courier.example>"
HEAD = "Nov 27 07:00:01 relay postfix/"
RESTART = ["master[2]: daemon started -- version 3.7.11, configuration /etc/postfix"]
BEGUN = ["smtpd[7]: A1B2C3: client=localhost[127.0.0.1]", f"cleanup[8]: A1B2C3: message-id={NAME}"]
QUEUED = ["qmgr[9]: A1B2C3: from=<>, size=9, nrcpt=1 (queue active)"]


def others(count: int, *, queued: bool = True) -> list[str]:
    """Return the lines of so many other messages."""
    lines = []
    for number in range(count):
        queue_id = f"F{number:05d}"
        lines.append(f"smtpd[17]: {queue_id}: client=localhost[127.0.0.1]")
        lines.append(f"cleanup[18]: {queue_id}: message-id=<{number}@elsewhere.example>")
        if queued:
            lines.append(f"qmgr[19]: {queue_id}: from=<>, size=9, nrcpt=1 (queue active)")
    return lines


def is_unclear(*parts: list[str]) -> bool:
    log = PostfixLog([NAME])
    for line in itertools.chain(*parts):
        log.take(HEAD + line)
    return log.traces[NAME].unclear


def test_copy_under_way_when_postfix_died_is_lost_once_later_ones_are_queued() -> None:
    assert not is_unclear(BEGUN, RESTART, others(CAUGHT_UP))


@pytest.mark.parametrize(
    "after",
    [
        others(CAUGHT_UP),  # Postfix lives: the copy may still be on its way
        [*RESTART, *others(CAUGHT_UP - 1)],
        [*RESTART, *others(CAUGHT_UP), *others(1, queued=False)],  # it is behind with its queue
    ],
    ids=["no restart", "too few", "behind"],
)
def test_silence_proves_nothing_before_that(after: list[str]) -> None:
    assert is_unclear(BEGUN, after)


def test_copy_that_a_content_check_kept_back_is_never_lost() -> None:
    held = ["cleanup[8]: A1B2C3: hold: header Subject: x from localhost[127.0.0.1]; from=<>"]

    assert is_unclear(BEGUN, held, RESTART, others(CAUGHT_UP))


def test_copy_whose_transaction_was_over_is_not_lost() -> None:
    """Its file is complete, wherever it waits."""
    over = ["smtpd[7]: disconnect from localhost[127.0.0.1]"]

    assert is_unclear(BEGUN, over, RESTART, others(CAUGHT_UP))


def test_copy_that_is_queued_after_all_is_taken() -> None:
    log = PostfixLog([NAME])
    for line in [*BEGUN, *RESTART, *others(CAUGHT_UP), *QUEUED]:
        log.take(HEAD + line)

    assert log.traces[NAME].taken == "A1B2C3"


def test_restart_of_another_postfix_says_nothing() -> None:
    other = "Nov 27 07:00:01 relay postfix-two/"
    log = PostfixLog([NAME])
    for line in BEGUN:
        log.take(HEAD + line)
    for line in [*RESTART, *others(CAUGHT_UP)]:
        log.take(other + line)

    assert log.traces[NAME].unclear
