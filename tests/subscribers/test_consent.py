"""Evidence is only ever appended, each wording is kept once, and no address gets in."""

import hashlib
from typing import Any

from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.models import ConsentText
from digest.subscribers.consent import (
    Circumstances,
    ConsentKind,
    find_wording,
    list_events,
    record,
    record_many,
)


def test_wording_is_kept_once_by_its_hash(
    any_db: Database, clock: FixedClock, newsletter_in: Any, reader: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        events = [(made.subscriber_id, Circumstances(clock.now(), "form", "Piekrītu.", "3"))] * 2
        record_many(session, ConsentKind.ASKED, newsletter_id, events)
        digest = hashlib.sha256("Piekrītu.".encode()).hexdigest()

        assert find_wording(session, digest) == "Piekrītu."
        assert session.scalar(select(func.count()).select_from(ConsentText)) == 2


def test_events_come_back_in_order_with_what_was_given(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    evidence = {"row": 7, "joined": "2019-05-01"}
    given = Circumstances(clock.now(), "import 3", evidence=evidence)
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        ids = {"subscriber_id": made.subscriber_id, "newsletter_id": newsletter_id}
        record(session, ConsentKind.IMPORTED, given, **ids)
        last = list_events(session, made.subscriber_id)[-1]

        assert (last.kind, last.at, last.origin, last.evidence) == (
            "imported",
            clock.now(),
            "import 3",
            evidence,
        )


def test_address_in_free_text_is_taken_out(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    evidence = {"note": "told eva@example.org"}
    given = Circumstances(clock.now(), "by anna@example.org", evidence=evidence)
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        ids = {"subscriber_id": made.subscriber_id, "newsletter_id": newsletter_id}
        record(session, ConsentKind.ADDED, given, **ids)
        last = list_events(session, made.subscriber_id)[-1]

        assert "@" not in last.origin + str(last.evidence)


def test_unknown_wording_is_none(db: Database) -> None:
    with db.read() as session:
        assert find_wording(session, "0" * 64) is None
