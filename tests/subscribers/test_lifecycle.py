"""A subscription moves as its states allow, each move leaves evidence, erasing leaves nobody."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput, NotFound, Refused
from digest.models import (
    ConsentEvent,
    Subscriber,
    Subscription,
    SubscriptionState,
    SuppressionReason,
)
from digest.sealed import Sealer
from digest.subscribers import lifecycle
from digest.subscribers.consent import find_wording, list_events
from digest.subscribers.lifecycle import Verb, next_state
from digest.subscribers.suppression import find_reason, is_suppressed, suppress

ACTIVE, PAUSED = SubscriptionState.ACTIVE, SubscriptionState.PAUSED
PENDING, LEFT = SubscriptionState.PENDING, SubscriptionState.UNSUBSCRIBED


def kinds(session: Session, subscription: Subscription) -> list[str]:
    return [event.kind for event in list_events(session, subscription.subscriber_id)]


def asking(newsletter_id: int, clock: FixedClock, **changes: Any) -> dict[str, Any]:
    """Return what a sign-up form would hand over."""
    given = {
        "address": "anna@example.org",
        "name": "Anna",
        "language": "lv",
        "timezone": "Europe/Riga",
    }
    shown = {"origin": "form", "wording": "Yes, every Friday.", "policy_version": "2026-01"}
    return {"newsletter_id": newsletter_id, "now": clock.now()} | given | shown | changes


@pytest.mark.parametrize(
    ("state", "verb", "after"),
    [
        (None, Verb.JOIN, PENDING),
        (PENDING, Verb.CONFIRM, ACTIVE),
        (ACTIVE, Verb.PAUSE, PAUSED),
        (PAUSED, Verb.RESUME, ACTIVE),
        (LEFT, Verb.REJOIN, PENDING),
        (PENDING, Verb.LEAVE, LEFT),
        (LEFT, Verb.LEAVE, LEFT),
    ],
)
def test_state_moves_along_the_plan(
    state: SubscriptionState | None, verb: Verb, after: SubscriptionState
) -> None:
    assert next_state(state, verb) is after


@pytest.mark.parametrize(
    ("state", "verb"),
    [
        (LEFT, Verb.CONFIRM),
        (LEFT, Verb.RESUME),
        (LEFT, Verb.PAUSE),
        (LEFT, Verb.ADD),
        (PENDING, Verb.PAUSE),
        (PENDING, Verb.RESUME),
        (ACTIVE, Verb.REJOIN),
        (None, Verb.CONFIRM),
        (None, Verb.LEAVE),
    ],
)
def test_state_refuses_what_the_plan_has_not(state: SubscriptionState | None, verb: Verb) -> None:
    with pytest.raises(Refused, match=f"cannot {verb}"):
        next_state(state, verb)


@given(st.lists(st.sampled_from(list(Verb))))
def test_nobody_who_left_becomes_active_without_confirming(verbs: list[Verb]) -> None:
    state: SubscriptionState | None = LEFT
    confirmed = False
    for verb in verbs:
        try:
            state = next_state(state, verb)
        except Refused:
            continue
        # Returning is confirmed by the press that had left, a moment before (subscribers.leaving).
        confirmed = confirmed or verb in {Verb.CONFIRM, Verb.ADD, Verb.RETURN}

    assert confirmed or state in {LEFT, PENDING}


def test_joining_is_pending_until_confirmed(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any
) -> None:
    asked = asking(newsletter_in(any_db), clock)
    with any_db.write() as session:
        made = lifecycle.join(session, sealer, **asked)
        assert made.state is PENDING
        lifecycle.confirm(session, made.public_id, now=clock.now(), origin="link")
    with any_db.read() as session:
        found = lifecycle.find_subscription(session, made.public_id)

        assert found is not None
        assert (found.state, found.language, found.timezone) == (ACTIVE, "lv", "Europe/Riga")
        assert kinds(session, found) == ["asked", "confirmed"]


def test_joining_seals_address_and_name(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    with db.write() as session:
        lifecycle.join(session, sealer, **asking(newsletter_id, clock, address="Anna@Example.org"))
    with db.read() as session:
        subscriber = lifecycle.find_by_address(session, sealer, "anna@example.ORG")

    assert subscriber is not None
    assert sealer.open(subscriber.address_sealed) == "Anna@example.org"
    assert subscriber.name_sealed is not None
    assert sealer.open(subscriber.name_sealed) == "Anna"


def test_joining_leaves_no_plaintext_in_the_files(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, tmp_path: Any
) -> None:
    with db.write() as session:
        lifecycle.join(session, sealer, **asking(newsletter_id, clock, name="Sidonie Quill"))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("digest.db*"))

    assert b"every Friday" in stored
    assert b"anna@" not in stored
    assert b"Quill" not in stored


def test_joining_keeps_the_exact_wording_shown_once(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    with db.write() as session:
        first = lifecycle.join(session, sealer, **asking(newsletter_id, clock))
        other = asking(newsletter_id, clock, address="eva@example.org")
        second = lifecycle.join(session, sealer, **other)
        events = [list_events(session, each.subscriber_id)[0] for each in (first, second)]

        assert events[0].text_digest == events[1].text_digest
        assert events[0].policy_version == "2026-01"
        assert find_wording(session, events[0].text_digest or "") == "Yes, every Friday."


def test_joining_again_changes_nothing_for_an_active_reader(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        again = lifecycle.join(
            session, sealer, **asking(newsletter_id, clock, name="Mallory", language="en")
        )
        subscriber = session.get_one(Subscriber, made.subscriber_id)

        assert (again.id, again.state, again.language) == (made.id, ACTIVE, None)
        assert sealer.open(subscriber.name_sealed or b"") == "Anna"
        assert kinds(session, made) == ["asked", "confirmed"]


def test_joining_after_leaving_waits_for_confirmation(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "left")
        again = lifecycle.join(session, sealer, **asking(newsletter_id, clock))

        assert (again.id, again.state) == (made.id, PENDING)


def test_joining_refuses_a_wrong_address_without_repeating_it(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    asked = asking(newsletter_id, clock, address="anna at example.org")
    with db.write() as session, pytest.raises(BadInput) as caught:
        lifecycle.join(session, sealer, **asked)

    assert "example" not in str(caught.value)


def test_adding_by_hand_is_active_at_once(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    asked = asking(newsletter_id, clock)
    del asked["wording"], asked["policy_version"]
    with db.write() as session:
        made = lifecycle.add_active(session, sealer, **asked)

        assert made.state is ACTIVE
        assert kinds(session, made) == ["added"]


def test_adding_by_hand_leaves_a_paused_reader_alone(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    asked = asking(newsletter_id, clock)
    del asked["wording"], asked["policy_version"]
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "paused")
        lifecycle.add_active(session, sealer, **asked)

        assert made.state is PAUSED
        assert kinds(session, made) == ["asked", "confirmed", "paused"]


def test_adding_by_hand_refuses_somebody_who_left(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    asked = asking(newsletter_id, clock)
    del asked["wording"], asked["policy_version"]
    with db.write() as session:
        reader(session, newsletter_id, "anna@example.org", "left")
        with pytest.raises(Refused, match="unsubscribed"):
            lifecycle.add_active(session, sealer, **asked)


def test_adding_by_hand_refuses_a_suppressed_address(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    asked = asking(newsletter_id, clock)
    del asked["wording"], asked["policy_version"]
    with db.write() as session:
        suppress(session, sealer, "anna@example.org", SuppressionReason.COMPLAINED, now=clock.now())
        with pytest.raises(Refused, match="suppressed"):
            lifecycle.add_active(session, sealer, **asked)


@pytest.mark.parametrize(
    ("reason", "stays"),
    [
        (SuppressionReason.ERASED, False),
        (SuppressionReason.BOUNCED, False),
        (SuppressionReason.COMPLAINED, True),
        (SuppressionReason.MANUAL, True),
    ],
)
def test_confirming_lifts_only_what_it_disproves(
    db: Database,
    sealer: Sealer,
    clock: FixedClock,
    newsletter_id: int,
    reader: Any,
    reason: SuppressionReason,
    stays: bool,
) -> None:
    with db.write() as session:
        suppress(session, sealer, "anna@example.org", reason, now=clock.now())
        reader(session, newsletter_id, "anna@example.org", "active")

        assert is_suppressed(session, sealer, "anna@example.org") is stays


def test_confirming_twice_is_confirming_once(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "active")
        lifecycle.confirm(session, made.public_id, now=clock.now(), origin="link")

        assert kinds(session, made) == ["asked", "confirmed"]


def test_confirming_after_leaving_is_refused(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "left")
        with pytest.raises(Refused):
            lifecycle.confirm(session, made.public_id, now=clock.now(), origin="link")


def test_pause_keeps_its_date_and_can_be_moved(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    until = clock.now() + timedelta(days=7)
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "paused")
        lifecycle.pause(session, made.public_id, until=until, now=clock.now(), origin="page")

        assert (made.state, made.paused_until) == (PAUSED, until)
        assert kinds(session, made) == ["asked", "confirmed", "paused", "paused"]


def test_pause_until_a_past_date_is_refused(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        with pytest.raises(Refused, match="date"):
            lifecycle.pause(
                session, made.public_id, until=clock.now(), now=clock.now(), origin="page"
            )


def test_resuming_ends_the_pause(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", "paused")
        lifecycle.resume(session, made.public_id, now=clock.now(), origin="page")

        assert (made.state, made.paused_until) == (ACTIVE, None)
        assert kinds(session, made)[-1] == "resumed"


@pytest.mark.parametrize("state", ["pending", "active", "paused", "left"])
def test_leaving_works_from_every_state_and_twice(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any, state: str
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org", state)
        for _ in range(2):
            lifecycle.leave(session, made.public_id, now=clock.now(), origin="one-click")

        assert made.state is LEFT
        assert kinds(session, made).count("left") == 1


def test_leaving_with_an_unknown_id_is_not_found(db: Database, clock: FixedClock) -> None:
    with db.write() as session, pytest.raises(NotFound):
        lifecycle.leave(session, "nobody", now=clock.now(), origin="one-click")


def test_leaving_one_newsletter_keeps_the_other(
    db: Database, clock: FixedClock, newsletter_id: int, newsletter_in: Any, reader: Any
) -> None:
    other = newsletter_in(db, "other")
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        kept = reader(session, other, "anna@example.org")
        lifecycle.leave(session, made.public_id, now=clock.now(), origin="one-click")

        assert made.subscriber_id == kept.subscriber_id
        assert kept.state is ACTIVE


def test_changing_sets_what_the_reader_chose(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    chosen = {"name": "Eva", "language": "pt_BR", "timezone": None, "edition": "headlines"}
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        lifecycle.change(
            session, sealer, made.public_id, **chosen, now=clock.now(), origin="preferences"
        )
        name = session.get_one(Subscriber, made.subscriber_id).name_sealed or b""

        assert (made.language, made.timezone, made.edition) == ("pt-BR", None, "headlines")
        assert sealer.open(name) == "Eva"


def test_appeal_stays_hidden_until_the_date(
    db: Database, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    until = clock.now() + timedelta(days=28)
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        lifecycle.hide_appeal(session, made.public_id, until)
    with db.read() as session:
        found = lifecycle.find_subscription(session, made.public_id)

    assert found is not None
    assert found.appeal_hidden_until == until


def test_erasing_removes_everything_but_the_suppression(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, reader: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        lifecycle.erase(session, sealer, made.subscriber_id, clock.now())
    with any_db.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Subscriber, Subscription, ConsentEvent)
        ]

        assert counts == [0, 0, 0]
        assert find_reason(session, sealer, "anna@example.org") is SuppressionReason.ERASED


def test_erasing_may_leave_not_even_the_suppression(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, "anna@example.org")
        suppress(session, sealer, "anna@example.org", SuppressionReason.BOUNCED, now=clock.now())
        lifecycle.erase(session, sealer, made.subscriber_id, clock.now(), keep_suppression=False)

        assert not is_suppressed(session, sealer, "anna@example.org")


def test_erasing_nobody_is_not_found(db: Database, sealer: Sealer, clock: FixedClock) -> None:
    with db.write() as session, pytest.raises(NotFound):
        lifecycle.erase(session, sealer, 7, clock.now())


def test_public_ids_can_be_given(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int
) -> None:
    ids = iter(["first", "second"])
    with db.write() as session:
        made = lifecycle.join(
            session, sealer, **asking(newsletter_id, clock), random_id=ids.__next__
        )

        assert made.public_id == "second"


def test_public_ids_are_sixteen_letters_of_base32() -> None:
    made = {lifecycle.new_public_id() for _ in range(100)}

    assert len(made) == 100
    assert all(
        len(each) == 16 and set(each) <= set("abcdefghijklmnopqrstuvwxyz234567") for each in made
    )
