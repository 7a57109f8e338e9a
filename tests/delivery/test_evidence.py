"""From a relay's log to evidence: what counts, and what a log that lacks a copy has to show."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.delivery.evidence import (
    issue_key,
    list_witnesses,
    name_copies,
    refuse_incomplete,
    weigh_log,
)
from digest.delivery.ledger.doubts import Doubt
from digest.delivery.ledger.weighing import EvidenceKind
from digest.delivery.message_ids import make_message_id
from digest.delivery.postfix_log import Passage, PostfixLog
from digest.errors import ConfigError, Refused
from digest.models import Delivery, Issue

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SENDING = NOW - timedelta(hours=5)
COPY, OTHER = "<a@courier.example>", "<b@courier.example>"


def log_of(*passages: Passage) -> PostfixLog:
    log = PostfixLog([COPY, OTHER])
    log.traces[COPY].passages += passages
    return log


def kinds(log: PostfixLog, *, relay: str = "main", complete: bool = True) -> list[str]:
    doubt = Doubt(1, 1, NOW, NOW, relay, "no reply")
    until = NOW if complete else None
    said = weigh_log(
        log, {COPY: doubt}, source="log", now=NOW, complete_until=until, relays={"main"}
    )
    return [evidence.kind for evidence in said]


TAKEN, CUT = Passage("A1", queued=True), Passage("A2", cut_off=True)
RETURNED, BEGUN = Passage("A3", queued=True, returned="5.1.1"), Passage("A4")


@pytest.mark.parametrize(
    ("passages", "said"),
    [
        ([TAKEN], [EvidenceKind.ACCEPTED]),
        ([RETURNED], [EvidenceKind.REFUSED]),
        ([], [EvidenceKind.UNKNOWN_TO_RELAY]),
        ([CUT], [EvidenceKind.UNKNOWN_TO_RELAY]),
        ([BEGUN], []),
        ([CUT, TAKEN], [EvidenceKind.ACCEPTED]),
        ([BEGUN, TAKEN], [EvidenceKind.ACCEPTED]),
        ([CUT, BEGUN], []),
        ([RETURNED, TAKEN], [EvidenceKind.ACCEPTED]),
        ([RETURNED, BEGUN], []),
    ],
)
def test_log_says_what_became_of_a_copy(passages, said) -> None:
    assert kinds(log_of(*passages)) == said


@pytest.mark.parametrize("passages", [[], [CUT]])
def test_log_that_nobody_calls_complete_says_nothing_by_silence(passages) -> None:
    assert kinds(log_of(*passages), complete=False) == []


def test_silence_of_one_relay_says_nothing_about_another_s_copy() -> None:
    assert kinds(log_of(), relay="spare") == []
    assert kinds(log_of(TAKEN), relay="spare") == [EvidenceKind.ACCEPTED]


def test_evidence_names_the_queue_id_and_no_address() -> None:
    doubt = Doubt(7, 1, NOW, NOW, "main", "no reply")

    (said,) = weigh_log(log_of(TAKEN), {COPY: doubt}, source="log of main", now=NOW)

    assert (said.delivery_id, said.queue_id) == (7, "A1")
    assert said.source == "log of main: queued as A1"


def test_log_with_its_witnesses_is_taken_as_complete() -> None:
    refuse_incomplete(log_of(TAKEN), Issue(sending_at=SENDING), [COPY], begins=SENDING)


def test_log_without_the_copies_its_relay_acknowledged_is_refused() -> None:
    with pytest.raises(Refused, match="lacks 1 of 2 copies"):
        refuse_incomplete(log_of(TAKEN), Issue(sending_at=SENDING), [COPY, OTHER], begins=SENDING)


def test_log_that_begins_too_late_is_refused() -> None:
    late = SENDING + timedelta(seconds=1)

    with pytest.raises(Refused, match="begins at 2026-11-27 07:00"):
        refuse_incomplete(log_of(TAKEN), Issue(number=3, sending_at=SENDING), [], begins=late)


def test_copies_are_called_what_their_mails_were(keys) -> None:
    key = keys.message[0]

    assert name_copies([7], key, "courier.example") == {
        make_message_id(key, "copy 7", "courier.example"): 7
    }


def test_key_that_is_gone_is_named(keys) -> None:
    assert issue_key(keys, Issue(message_key_id=keys.message[0].id)) is keys.message[0]
    with pytest.raises(ConfigError, match="message key m9"):
        issue_key(keys, Issue(message_key_id="m9"))


def test_witnesses_are_what_the_relay_acknowledged_itself(db, clock) -> None:
    rows = [("accepted", 250, "main"), ("accepted", None, "main"), ("accepted", 250, "spare")]
    rows += [("rejected", 550, "main"), ("uncertain", None, "main")]
    with db.write() as session:
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = 1")
        for number, (state, code, relay) in enumerate(rows, 1):
            session.add(
                Delivery(
                    id=number,
                    issue_id=1,
                    subscriber_id=number,
                    state=state,
                    origin="audience",
                    edition="full",
                    domain_group="other",
                    not_before=clock.now(),
                    dotted_at=clock.now(),
                    code=code,
                    relay=relay,
                )
            )
        session.flush()

        assert list_witnesses(session, 1, ["main"]) == [1]
        session.rollback()
