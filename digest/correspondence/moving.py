"""A change of address and an erasure, asked for in the opened settings: who is written to, how
often, and with which link.

Whatever the new address is, the page that asked for it learns nothing: the difference is only in
the notice to it. Writes into the outbox in the caller's transaction.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.home import home_of
from digest.correspondence.limits import letter_limits
from digest.correspondence.settings_notices import (
    erase_notice,
    in_use_notice,
    move_from_notice,
    move_to_notice,
)
from digest.models import AddressChange, Subscriber
from digest.outbox import NoticeText
from digest.subscribers import suppression
from digest.subscribers.addresses import parse_address
from digest.subscribers.door.limits import Limit, allow
from digest.subscribers.moving import KEPT, ask_to_move, can_move
from digest.subscribers.person import Person, describe
from digest.tokens import Purpose

ERASE_WITHIN = timedelta(hours=1)
OWN_WISHES = Limit("own wishes", 5, timedelta(days=1))  # notices a reader makes us write to them


def write_about_moving(
    session: Session,
    correspondent: Correspondent,
    subscriber: Subscriber,
    address: str,
    *,
    now: datetime,
) -> bool:
    """Keep the wish for another address and write to both mailboxes; False, and nothing is done,
    when this reader has wished often enough today. BadInput for what cannot be the new address.
    """
    sealer = correspondent.sealer
    parse_address(address)
    if allow(session, [(OWN_WISHES, subscriber.address_index)], now):
        return False
    change = ask_to_move(session, sealer, subscriber, address, now=now)
    person = describe(session, sealer, subscriber)
    home = home_of(session, correspondent.config, subscriber)
    words = correspondent.words(person.language, home)
    site, until = correspondent.site(session, home), now + KEPT
    old = correspondent.signer.sign_until(Purpose.MOVE_FROM, change.public_id, until)
    text = move_from_notice(words, f"{site}/move/{old}")
    _write(session, correspondent, home, person.address, "move-from", text, change.public_id, now)
    if _may_write_to(session, correspondent, change, now):
        new = correspondent.signer.sign_until(Purpose.MOVE_TO, change.public_id, until)
        is_free = can_move(session, sealer, change)
        text = move_to_notice(words, f"{site}/move/{new}") if is_free else in_use_notice(words)
        to = sealer.open(change.address_sealed)
        _write(session, correspondent, home, to, "move-to", text, change.public_id, now)
    return True


def _may_write_to(
    session: Session, correspondent: Correspondent, change: AddressChange, now: datetime
) -> bool:
    """Tell whether a stranger's mailbox may be written to: not suppressed, and not too often."""
    to = correspondent.sealer.open(change.address_sealed)
    if suppression.is_suppressed(session, correspondent.sealer, to):
        return False
    mailbox = correspondent.sealer.index(parse_address(to).mailbox)
    wanted = letter_limits(correspondent.config.limits, mailbox)
    return allow(session, wanted, now) is None


def write_about_erasing(
    session: Session, correspondent: Correspondent, subscriber: Subscriber, *, now: datetime
) -> bool:
    """Mail a reader the link that erases them; False when they have wished often enough today."""
    if allow(session, [(OWN_WISHES, subscriber.address_index)], now):
        return False
    person: Person = describe(session, correspondent.sealer, subscriber)
    home = home_of(session, correspondent.config, subscriber)
    token = correspondent.signer.sign_until(Purpose.ERASE, subscriber.public_id, now + ERASE_WITHIN)
    link = f"{correspondent.site(session, home)}/erase/{token}"
    text = erase_notice(correspondent.words(person.language, home), link)
    stamp = f"{subscriber.public_id}:{now.timestamp():.3f}"
    _write(session, correspondent, home, person.address, "erase", text, stamp, now)
    return True


def _write(
    session: Session,
    correspondent: Correspondent,
    home: NewsletterConfig,
    address: str,
    kind: str,
    text: NoticeText,
    stamp: str,
    now: datetime,
) -> None:
    correspondent.write(
        session,
        home,
        kind=kind,
        address=address,
        text=text,
        dedupe_key=f"{kind}:{stamp}",
        now=now,
    )
