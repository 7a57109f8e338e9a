"""Which seats a process asks for: none it has no work for, none that others could use better."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

from digest.config import Config, check
from digest.delivery.breaker.watch import Watch
from digest.delivery.gate import Gate
from digest.delivery.ledger.leases import lease_chunk
from digest.delivery.outcome import Rejected
from digest.delivery.pacing.seating import Asking, Seats
from digest.models import Issue, Newsletter

LEASE = timedelta(minutes=1)
CONFIG = {
    "web": {"public_url": "https://courier.example"},
    "relays": {
        "main": {"backend": "memory", "connections": 1, "groups": {"google": {"connections": 1}}},
        "wide": {"backend": "memory", "connections": 4, "groups": {"google": {"connections": 3}}},
    },
    "newsletters": [
        {
            "slug": "weekly",
            "name": "weekly",
            "host": "courier.example",
            "sender": {"name": "weekly", "address": "letters@courier.example"},
            "relay": "main",
            "spare_relays": ["wide"],
            "postal_address": "12 Quay Street",
        }
    ],
}


@pytest.fixture
def ask(any_db, sealer, clock):
    """Ask for an owner's seats, each owner at a gate of its own."""
    config = check(Config, CONFIG, where="test")
    gates: dict[tuple[str, str], Gate] = {}

    def ask(owner: str, *, relay: str = "wide", in_use: Seats | None = None, at_hand=()) -> Seats:
        gate = gates.setdefault((relay, owner), Gate(relay, config, Watch(config, sealer)))
        asking = Asking(owner, in_use or Seats(), at_hand, LEASE)
        with any_db.write() as session:
            gate.refresh(session)
            return gate.share(session, asking, clock.now())

    return ask


@pytest.fixture
def lease_all(any_db, clock):
    """Let an owner work on every chunk there is."""

    def lease_all(owner: str) -> None:
        with any_db.write() as session:
            ids = session.scalars(select(Newsletter.id)).all()
            while lease_chunk(session, owner, newsletter_ids=ids, lease=2 * LEASE, now=clock.now()):
                pass

    return lease_all


def test_process_without_a_connection_has_no_seat_of_a_group(ask, frozen) -> None:
    frozen(groups=("google",))

    assert ask("one", relay="main") == Seats(1, {"google": 1})
    assert ask("two", relay="main") == Seats(0, {"google": 0})


def test_group_that_begins_again_has_one_connection_in_all(
    any_db, sealer, clock, ask, frozen
) -> None:
    frozen(groups=("google",))
    watch = Watch(check(Config, CONFIG, where="test"), sealer)
    flood = Rejected(421, "4.7.28 too many")
    with any_db.write() as session:
        watch.note_outcomes(session, "wide", [("google", flood)], clock.now())
    clock.advance(timedelta(minutes=11))
    ask("one")
    ask("two")

    shares = [ask(owner).of("google") for owner in ("one", "two", "one", "two")]

    assert max(one + two for one, two in pairwise(shares)) == 1  # whoever's turn it is


def test_group_without_work_has_its_seats_for_others(ask, frozen) -> None:
    frozen(groups=("other",))

    assert ask("one") == Seats(4, {"google": 0})


def test_group_whose_chunks_are_all_in_one_hand_needs_no_sharing(ask, frozen, lease_all) -> None:
    frozen(groups=("google",))
    lease_all("one")

    ask("one", at_hand={"google"})
    ask("two")

    assert ask("one", at_hand={"google"}) == Seats(2, {"google": 3})
    assert ask("two") == Seats(2, {"google": 0})


def test_seats_in_use_are_kept_when_the_issue_pauses(any_db, ask, frozen) -> None:
    issue_id = frozen(groups=("google",))
    busy = ask("one")
    with any_db.write() as session:
        session.get_one(Issue, issue_id).paused = True
    assert ask("one", in_use=busy) == Seats(0, {"google": 0})
    with any_db.write() as session:
        session.get_one(Issue, issue_id).paused = False

    assert ask("two") == Seats(0, {"google": 0})
    assert ask("one").relay == 2
    assert ask("two").relay == 2
