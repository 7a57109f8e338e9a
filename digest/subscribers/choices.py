"""What a reader gets of an issue: which edition, without which parts, asked for money or thanked.

Judges and writes a reader's choices; what they look like in a mail is the renderer's, and leaving
things out is the sender's.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.blocks import EDITIONS, WHOLE_TEXTS, section_block
from digest.errors import BadInput, Refused
from digest.models import Section, Subscription
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import note, take_subscription


def choose_parts(
    session: Session,
    public_id: str,
    *,
    edition: str,
    without: Collection[str],
    now: datetime,
    origin: str,
) -> Subscription:
    """Set the edition and the parts this reader does without: headings of sections, or ``whole
    texts``.

    BadInput for an edition, or a part, that there is not; NotFound for no such subscription.
    """
    subscription = take_subscription(session, public_id)
    if edition not in EDITIONS:
        raise BadInput(f"no edition is called {edition!r} (there are: {', '.join(EDITIONS)})")
    blocks = _parts_of(session, subscription.newsletter_id)
    unknown = [part for part in without if part.casefold() not in blocks]
    if unknown:
        raise BadInput(f"no part is called {unknown[0]!r} (there are: {', '.join(blocks)})")
    subscription.edition = edition
    subscription.hidden_blocks = sorted({blocks[part.casefold()] for part in without}) or None
    subscription.changed_at = now
    note(session, subscription, ConsentKind.CHANGED, Circumstances(now, origin))
    return subscription


def _parts_of(session: Session, newsletter_id: int) -> dict[str, str]:
    """Return the blocks a reader may do without, by what readers call them, in lower case."""
    sections = session.execute(
        select(Section.heading, Section.id)
        .where(Section.newsletter_id == newsletter_id)
        .order_by(Section.position)
    )
    named = {heading.casefold(): section_block(key) for heading, key in sections}
    return {**named, WHOLE_TEXTS: WHOLE_TEXTS}


def ask_again(session: Session, public_id: str) -> Subscription:
    """Let the publisher's message be in this reader's copies again: neither put off nor thanked."""
    subscription = take_subscription(session, public_id)
    subscription.appeal_hidden_until = None
    subscription.supports_until = None
    session.flush()
    return subscription


def note_support(
    session: Session, public_id: str, until: datetime | None, *, guarded: bool
) -> Subscription:
    """Keep that this reader supports the newsroom until an instant ("I already support you"), or,
    with None, does not.

    Refused for a guarded newsletter: giving may be a crime there, so nothing about it is kept.
    """
    if guarded and until is not None:
        raise Refused("a guarded newsletter keeps nothing about who supports it")
    subscription = take_subscription(session, public_id)
    subscription.supports_until = until
    session.flush()
    return subscription
