"""From what a relay's log shows to evidence about rows in doubt; the ledger decides what follows.

A Message-ID is derived from the row's number and the issue's key, so it is looked up by deriving
those of the rows in doubt: they are few. That a log does *not* show a copy is evidence only where
the operator says that it is complete, and where it also shows what it must: it begins before the
issue did, goes on long enough after the dot, and has the copies that the relay did acknowledge.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.delivery.ledger.doubts import Doubt
from digest.delivery.ledger.weighing import Evidence, EvidenceKind
from digest.delivery.message_ids import make_message_id
from digest.delivery.postfix_log import PostfixLog
from digest.errors import ConfigError, Refused
from digest.keys import Key, KeyRing
from digest.models import Delivery, DeliveryState, Issue

WITNESSES = 50  # acknowledged copies that a complete log must show, of the first and of the last


def issue_key(keys: KeyRing, issue: Issue) -> Key:
    """Return the key of an issue's Message-IDs; ConfigError when the key file has it no more."""
    key = next((key for key in keys.message if key.id == issue.message_key_id), None)
    if key is None:
        raise ConfigError(f"the key file lacks the message key {issue.message_key_id}")
    return key


def name_copies(delivery_ids: Iterable[int], key: Key, host: str) -> dict[str, int]:
    """Return delivery ids by the Message-IDs of their copies, angle brackets included."""
    return {make_message_id(key, f"copy {id}", host): id for id in delivery_ids}


def list_witnesses(session: Session, issue_id: int, relays: Collection[str]) -> list[int]:
    """Return copies that these relays acknowledged with a 250, the first and the last ones.

    A complete log of the run has them all.
    """
    acknowledged = select(Delivery.id).where(
        Delivery.issue_id == issue_id,
        Delivery.state == DeliveryState.ACCEPTED,
        Delivery.code.between(200, 299),
        Delivery.relay.in_(relays),
    )
    found = set[int]()
    for order in (Delivery.dotted_at, Delivery.dotted_at.desc()):
        found.update(session.scalars(acknowledged.order_by(order).limit(WITNESSES)))
    return sorted(found)


def refuse_incomplete(
    log: PostfixLog, issue: Issue, witnesses: Collection[str], *, begins: datetime
) -> None:
    """Raise Refused when a log that is said to be complete plainly is not."""
    if issue.sending_at is None or begins > issue.sending_at:
        raise Refused(
            f"the log begins at {begins:%Y-%m-%d %H:%M %z}, after number {issue.number} began to be"
            " sent: give the one before it first"
        )
    missing = sum(not log.traces[message_id].passages for message_id in witnesses)
    if missing:
        raise Refused(
            f"the log lacks {missing} of {len(witnesses)} copies that the relay acknowledged: it is"
            " another relay's, or not complete"
        )


def weigh_log(
    log: PostfixLog,
    doubts: Mapping[str, Doubt],
    *,
    source: str,
    now: datetime,
    complete_until: datetime | None = None,
    relays: Collection[str] = (),
) -> list[Evidence]:
    """Return what a log says about rows in doubt (by Message-ID); nothing about unclear ones.

    `complete_until`: everything that `relays` took in before is in the log; None when nobody says
    so.
    """
    said = []
    for message_id, doubt in doubts.items():
        trace, id = log.traces[message_id], doubt.delivery_id
        if trace.taken:
            what = f"{source}: queued as {trace.taken}"
            said.append(Evidence(id, EvidenceKind.ACCEPTED, what, now, trace.taken))
        elif trace.unclear:
            continue
        elif trace.returned:
            what = f"{source}: returned with {trace.returned}"
            said.append(Evidence(id, EvidenceKind.REFUSED, what, now))
        elif complete_until is not None and doubt.relay in relays:
            how = "cut off before the dot" if trace.passages else "no trace"
            what = f"{source}: {how}"
            said.append(Evidence(id, EvidenceKind.UNKNOWN_TO_RELAY, what, complete_until))
    return said
