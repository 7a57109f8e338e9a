"""Chunks of a domain group that others have all connections to: not held on to."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from digest.config import Config, check
from digest.delivery.breaker.watch import Watch
from digest.delivery.claims import Claims
from digest.delivery.gate import Gate
from digest.models import Chunk, Issue, RelaySeat

TURN = timedelta(seconds=30)
CONFIG = {
    "web": {"public_url": "https://courier.example"},
    "relays": {
        "main": {
            "backend": "memory",
            "connections": 4,
            "groups": {"google": {"connections": 1, "per_hour": 60}},
        }
    },
    "newsletters": [
        {
            "slug": "weekly",
            "name": "weekly",
            "host": "courier.example",
            "sender": {"name": "weekly", "address": "letters@courier.example"},
            "relay": "main",
            "postal_address": "12 Quay Street",
        }
    ],
}


@pytest.fixture
def claims(db, sealer, clock):
    """Open the claims of a process by its name."""
    config = check(Config, CONFIG, where="test")
    with ThreadPoolExecutor(1) as thread:
        yield lambda owner: Claims(
            db=db,
            clock=clock,
            thread=thread,
            owner=owner,
            gate=Gate("main", config, Watch(config, sealer)),
            lease=timedelta(minutes=10),
            prepare=lambda _session, _issue: None,
        )


@pytest.fixture
def any_db(db):
    """Only SQLite here: its seats run by the test's clock, so that turns pass when they should."""
    return db


def owners(db) -> set[str | None]:
    with db.read() as session:
        return set(session.scalars(select(Chunk.owner)))


def seats(db) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(RelaySeat)).one()


async def pass_turns(clock, one: Claims, two: Claims, done) -> None:
    """Let moments pass, at each of which both processes look, until it is done."""
    for _ in range(6):
        if done():
            return
        clock.advance(TURN)
        for claims in (one, two, one, two):
            await claims.look()
    raise AssertionError("no turn came")


def test_process_whose_turn_is_over_leaves_its_chunks_to_the_other(
    db, clock, claims, frozen, run
) -> None:
    frozen(readers=8, chunk_rows=4, groups=("google",))

    async def both():
        one, two = claims("one"), claims("two")
        await one.look()
        await two.look()
        task = await one.next_task()
        one.let_go(task.claim)
        await pass_turns(clock, one, two, lambda: owners(db) == {None})
        return one.take(), (await two.next_task()).claim.lease.owner

    left, owner = run(both())

    assert left is None
    assert owner == "two"


def test_process_without_a_share_finds_nothing_of_the_group(clock, claims, frozen, run) -> None:
    frozen(readers=8, chunk_rows=4, groups=("google",))

    async def both():
        one, two = claims("one"), claims("two")
        await one.look()
        await two.look()
        return await one.next_task(), await one.look(), await two.look(), await two.next_task()

    task, _, _, other = run(both())

    assert task.claim.lease.owner == "one"
    assert other is None


def test_process_that_lost_all_connections_holds_no_chunk(db, claims, frozen, run) -> None:
    """Or two would wait for each other for ever: one for a connection, one for the chunk."""
    issue_id = frozen(groups=("other",))

    async def only() -> bool:
        one = claims("one")
        await one.look()
        one.put_back(await one.next_task())
        before = owners(db)
        with db.write() as session:
            session.get_one(Issue, issue_id).paused = True
        await one.look()
        return "one" in before

    assert run(only())
    assert owners(db) == {None}


def test_limit_that_was_reserved_goes_with_the_chunk(db, clock, claims, frozen, run) -> None:
    frozen(readers=60, chunk_rows=50, groups=("google",))

    async def both():
        one, two = claims("one"), claims("two")
        await one.look()
        await two.look()
        one.let_go((await one.next_task()).claim)
        await pass_turns(clock, one, two, lambda: owners(db) == {None})
        return (await two.next_task()).claim.left

    assert run(both()) == 50


def test_seats_of_groups_are_freed_with_the_others(db, claims, frozen, run) -> None:
    frozen(groups=("google",))

    async def one() -> int:
        only = claims("one")
        await only.look()
        await only.next_task()
        held = seats(db)
        await only.hand_back()
        return held

    assert run(one()) == 4 + 1 + 2  # connections, the group's, and a card for each
    assert seats(db) == 0
    assert owners(db) == {None}
