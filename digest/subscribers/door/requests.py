"""What was asked for on a public page or by mail, kept until somebody answers it by mail.

Writing one down is all that a public form does, for whatever address: a page can tell nobody whom
we know, neither by its words nor by the time it takes. `correspondence.requests` answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from digest.models import ReaderRequest, RequestKind
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.subscribers.consent import keep_wording
from digest.subscribers.particulars import check_language, check_timezone, clean_name

# Of the table and not the class: somebody waits for it, and the ORM takes most of that time.
_REQUEST = insert(cast(Table, ReaderRequest.__table__))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request in plain words; `origin` names the form or letter, `network` is keyed.

    `wording` is the sentence that was shown with it, `policy` the privacy policy's own text.
    """

    kind: RequestKind
    newsletter_id: int
    address: str
    origin: str
    name: str | None = None
    language: str | None = None
    timezone: str | None = None
    network: str = ""
    wording: str | None = None
    policy: str | None = None
    policy_version: str | None = None


def put_request(session: Session, sealer: Sealer, asked: Asked, now: datetime) -> None:
    """Keep a request until it is answered; BadInput for an address, language or zone that cannot be
    one.
    """
    address = parse_address(asked.address).address
    name = clean_name(asked.name)
    row = {
        "kind": asked.kind,
        "newsletter_id": asked.newsletter_id,
        "address_sealed": sealer.seal(address),
        "name_sealed": sealer.seal(name) if name else None,
        "language": check_language(asked.language),
        "timezone": check_timezone(asked.timezone),
        "origin": asked.origin,
        "network": asked.network,
        "text_digest": asked.wording and keep_wording(session, asked.wording),
        "policy_digest": asked.policy and keep_wording(session, asked.policy),
        "policy_version": asked.policy_version,
        "asked_at": now,
    }
    session.execute(_REQUEST, row)


def list_requests(
    session: Session, most: int, since: datetime | None = None
) -> Sequence[ReaderRequest]:
    """Return the requests that wait longest, of those asked `since` then where it is given."""
    waiting = select(ReaderRequest).order_by(ReaderRequest.id).limit(most)
    if since is not None:
        waiting = waiting.where(ReaderRequest.asked_at >= since)
    return session.scalars(waiting).all()


def take_request(session: Session, id: int) -> bool:
    """Remove a request in the transaction that answers it; False when somebody else has."""
    taken = delete(ReaderRequest).where(ReaderRequest.id == id).returning(ReaderRequest.id)
    return session.scalar(taken) is not None


def withdraw_requests(session: Session, sealer: Sealer, key: str) -> None:
    """Remove what waits for a normalised address. Requests carry no index and are few: all of them
    are opened.
    """
    waiting = session.execute(select(ReaderRequest.id, ReaderRequest.address_sealed)).all()
    theirs = [id for id, sealed in waiting if parse_address(sealer.open(sealed)).key == key]
    session.execute(delete(ReaderRequest).where(ReaderRequest.id.in_(theirs)))
