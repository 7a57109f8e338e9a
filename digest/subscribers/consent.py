"""The evidence of consent: append-only events, and each wording shown kept once by its SHA-256.

Never changes an event. The only way an event goes is with the whole reader (`forget`). No address
and no raw IP gets into an event: free text is redacted on the way in.
"""

import enum
import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Insert, Select, Table, bindparam, delete, exists, insert, literal, select
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.inserts import insert_new
from digest.logs import redact
from digest.models import ConsentEvent, ConsentText, ReaderRequest

_EVENTS = cast(Table, ConsentEvent.__table__)
_TEXTS = cast(Table, ConsentText.__table__)


class ConsentKind(enum.StrEnum):
    """What happened."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    ADDED = "added"
    IMPORTED = "imported"
    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    LEFT = "left"
    RETURNED = "returned"  # had left by mistake
    MOVED = "moved"  # the same reader at another address


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When and where a reader said something, and what they were shown.

    `origin` names the form, link, import or hand; `evidence` holds plain JSON data such as an
    import's own times.
    """

    at: datetime
    origin: str
    wording: str | None = None
    policy_version: str | None = None
    policy: str | None = None  # the privacy policy's own text
    evidence: Mapping[str, Any] = field(default_factory=dict)


def record(
    session: Session,
    kind: ConsentKind,
    circumstances: Circumstances,
    *,
    subscriber_id: int,
    newsletter_id: int,
) -> None:
    """Append one event."""
    record_many(session, kind, newsletter_id, [(subscriber_id, circumstances)])


def record_many(
    session: Session,
    kind: ConsentKind,
    newsletter_id: int,
    events: Sequence[tuple[int, Circumstances]],
) -> None:
    """Append one event for each (subscriber id, circumstances) pair."""
    if not events:
        return
    digests = {
        wording: keep_wording(session, wording)
        for wording in {text for _, each in events for text in (each.wording, each.policy) if text}
    }
    session.execute(
        insert(_EVENTS),
        [
            {
                "subscriber_id": subscriber_id,
                "newsletter_id": newsletter_id,
                "kind": kind.value,
                "at": each.at,
                "origin": redact(each.origin)[:200],
                "text_digest": digests[each.wording] if each.wording else None,
                "policy_digest": digests[each.policy] if each.policy else None,
                "policy_version": each.policy_version,
                "evidence": {
                    key: _without_addresses(value) for key, value in each.evidence.items()
                },
            }
            for subscriber_id, each in events
        ],
    )


def recording(kind: ConsentKind, chosen: Select[Any]) -> Insert:
    """Return the insert of one event for each row of a select of (subscriber id, evidence), for
    events too many to be passed one by one.

    To be executed with the values `newsletter`, `now` and `origin`. Evidence must hold no address.
    """
    rows = chosen.subquery()
    subscriber_id, evidence = rows.c
    values = {
        "subscriber_id": subscriber_id,
        "newsletter_id": bindparam("newsletter"),
        "kind": literal(kind.value),
        "at": bindparam("now", type_=UtcDateTime()),
        "origin": bindparam("origin"),
        "evidence": evidence,
    }
    return insert(_EVENTS).from_select(list(values), select(*values.values()))


def keep_wording(session: Session, wording: str) -> str:
    """Keep a text once, and return its SHA-256 (hexadecimal)."""
    digest = hashlib.sha256(wording.encode()).hexdigest()
    session.execute(insert_new(session, _TEXTS), {"digest": digest, "wording": wording})
    return digest


def _without_addresses(value: Any) -> Any:
    return redact(value) if isinstance(value, str) and "@" in value else value


def was_ever_a_reader(session: Session, subscriber_id: int) -> bool:
    """Tell whether more is on record of somebody than that a newsletter was asked for in their
    name.
    """
    more = exists().where(
        ConsentEvent.subscriber_id == subscriber_id, ConsentEvent.kind != ConsentKind.ASKED.value
    )
    return bool(session.scalar(select(more)))


def list_events(session: Session, subscriber_id: int) -> Sequence[ConsentEvent]:
    """Return a reader's events, oldest first."""
    events = select(ConsentEvent).where(ConsentEvent.subscriber_id == subscriber_id)
    return session.scalars(events.order_by(ConsentEvent.id)).all()


def find_wording(session: Session, digest: str) -> str | None:
    """Return the wording of that SHA-256 (hexadecimal), or None."""
    return session.scalar(select(ConsentText.wording).where(ConsentText.digest == digest))


def forget(session: Session, subscriber_id: int) -> None:
    """Remove every event of a reader who is being erased, and the texts only they had agreed to."""
    theirs = ConsentEvent.subscriber_id == subscriber_id
    pairs = session.execute(
        select(ConsentEvent.text_digest, ConsentEvent.policy_digest).where(theirs).distinct()
    )
    digests = {digest for pair in pairs for digest in pair if digest}
    session.execute(delete(ConsentEvent).where(theirs))
    _forget_wordings(session, digests)


def _forget_wordings(session: Session, digests: Collection[str]) -> None:
    """Remove those of the texts that nobody refers to; one that somebody is just referring to
    stays.
    """
    columns = [
        *(ConsentEvent.text_digest, ConsentEvent.policy_digest),
        *(ReaderRequest.text_digest, ReaderRequest.policy_digest),
    ]
    unused = session.scalars(
        select(ConsentText.digest)
        .where(
            ConsentText.digest.in_(digests),
            *(~exists().where(column == ConsentText.digest) for column in columns),
        )
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(ConsentText).where(ConsentText.digest.in_(unused)))


def forget_import(session: Session, origin: str, subscriber_ids: Sequence[int]) -> None:
    """Remove the events that an abandoned import, named by its `origin`, had written for these
    readers.
    """
    session.execute(
        delete(ConsentEvent).where(
            ConsentEvent.subscriber_id.in_(subscriber_ids),
            ConsentEvent.kind == ConsentKind.IMPORTED.value,
            ConsentEvent.origin == origin,
        )
    )
