"""A change of address, on each database: one wish at a time, both mailboxes, one transaction."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select

from digest.errors import BadInput, NotFound
from digest.keys import new_key_ring
from digest.models import AddressChange, Subscriber, Subscription
from digest.sealed import Sealer
from digest.subscribers.consent import list_events
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.moving import (
    Agreed,
    Side,
    agree,
    ask_to_move,
    can_move,
    find_change,
    find_change_of,
    forget_changes,
)
from digest.subscribers.suppression import suppress

ANNA = "anna@example.org"
NEW = "anna@gmail.com"


def _asked(session, sealer, made: Subscription, clock, address: str = NEW) -> str:
    subscriber = session.get_one(Subscriber, made.subscriber_id)
    return ask_to_move(session, sealer, subscriber, address, now=clock.now()).public_id


def _agree(session, sealer, public_id: str, clock, *sides: Side) -> list[Agreed]:
    return [
        agree(session, sealer, public_id, side, now=clock.now(), origin="letter") for side in sides
    ]


@pytest.mark.parametrize("sides", [(Side.OLD, Side.NEW), (Side.NEW, Side.OLD)])
def test_address_moves_with_the_second_yes(
    any_db, newsletter_in, reader, sealer, clock, sides
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        public_id = _asked(session, sealer, made, clock)
    with any_db.write() as session:
        said = _agree(session, sealer, public_id, clock, *sides)

    with any_db.read() as session:
        moved = find_by_address(session, sealer, NEW)
        assert (said, moved.id) == ([Agreed.WAITING, Agreed.MOVED], made.subscriber_id)
        assert find_by_address(session, sealer, ANNA) is None
        assert session.get_one(Subscription, made.id).domain_group == "google"
        assert list_events(session, moved.id)[-1].kind == "moved"
        assert find_change_of(session, moved.id) is None


def test_one_side_alone_never_moves(db, newsletter_id, reader, sealer, clock) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        public_id = _asked(session, sealer, made, clock)
        said = _agree(session, sealer, public_id, clock, Side.NEW, Side.NEW, Side.NEW)

    assert said == [Agreed.WAITING] * 3


def test_new_wish_takes_the_place_of_the_old(any_db, newsletter_in, reader, sealer, clock) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        first = _asked(session, sealer, made, clock)
        second = _asked(session, sealer, made, clock, "other@example.net")

    with any_db.read() as session:
        assert find_change(session, second).subscriber_id == made.subscriber_id
        with pytest.raises(NotFound):
            find_change(session, first)


@pytest.mark.parametrize("address", ["", "x", ANNA, f" {ANNA} "])
def test_what_cannot_be_a_new_address_is_bad_input(
    db, newsletter_id, reader, sealer, clock, address: str
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        with pytest.raises(BadInput):
            _asked(session, sealer, made, clock, address)


def test_address_of_somebody_else_is_kept_alike_and_never_moved_to(
    db, newsletter_id, reader, sealer, clock
) -> None:
    with db.write() as session:
        made, other = (reader(session, newsletter_id, a) for a in (ANNA, "ben@example.org"))
        public_id = _asked(session, sealer, made, clock, "Ben@example.org")
        is_free = can_move(session, sealer, find_change(session, public_id))
        said = _agree(session, sealer, public_id, clock, Side.OLD, Side.NEW)

    with db.read() as session:
        assert (is_free, said) == (False, [Agreed.WAITING, Agreed.TAKEN])
        assert find_by_address(session, sealer, ANNA).id == made.subscriber_id
        assert find_by_address(session, sealer, "ben@example.org").id == other.subscriber_id


def test_suppressed_address_is_never_moved_to(db, newsletter_id, reader, sealer, clock) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        public_id = _asked(session, sealer, made, clock)
        suppress(session, sealer, NEW, "complained", now=clock.now())
        said = _agree(session, sealer, public_id, clock, Side.OLD, Side.NEW)

    assert said[-1] is Agreed.TAKEN


def test_address_known_under_a_retired_index_key_is_taken(
    db, newsletter_id, reader, keys, clock
) -> None:
    old = Sealer(keys)
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        reader(session, newsletter_id, NEW)
    fresh = new_key_ring()
    ring = dataclasses.replace(keys, index=fresh.index + keys.index)
    with db.write() as session:
        public_id = _asked(session, Sealer(ring), made, clock)

    with db.read() as session:
        assert not can_move(session, Sealer(ring), find_change(session, public_id))
        assert find_by_address(session, old, NEW) is not None


def test_wishes_are_forgotten_with_their_links(db, newsletter_id, reader, sealer, clock) -> None:
    with db.write() as session:
        public_id = _asked(session, sealer, reader(session, newsletter_id, ANNA), clock)
        forget_changes(session, clock.now() + timedelta(days=7) - timedelta(seconds=1))
        find_change(session, public_id)
        forget_changes(session, clock.now() + timedelta(days=7))

    with db.read() as session:
        assert session.scalars(select(AddressChange)).all() == []
