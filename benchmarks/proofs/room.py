"""A newsroom under proof: real files, real store, real readers, a server that counts; and the
judgement of an issue.

The ledger is never asked alone: what it says of each reader is held against what the server took.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, func, insert, select

from benchmarks.proofs.row import ProofRow
from digest.clock import SystemClock
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_newsletter
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Subscriber,
    Subscription,
    SubscriptionState,
)
from digest.testing.counting import CountingServer
from digest.testing.newsroom import Newsroom, open_newsroom

LEASE_SECONDS = 1
CHUNK_ROWS = 20
FIRST_FRIDAY = date(2026, 11, 27)


@dataclass(slots=True)
class Room:
    """One newsroom, its readers and its mail server; `issues` counts those made so far."""

    newsroom: Newsroom
    server: CountingServer
    folder: Path
    connections: int
    copies: int
    issues: int = 0

    @property
    def config(self) -> str:
        """Return the path of its configuration."""
        return str(self.folder / "config.toml")

    def next_issue(self) -> str:
        """Approve another issue that is due now, and count from nothing; return what it is
        called.
        """
        self.server.forget()
        self.issues += 1
        return self.newsroom.ready(FIRST_FRIDAY + timedelta(weeks=self.issues - 1))

    def is_sent(self, issue: str) -> bool:
        """Whether the program calls an issue sent."""
        return self.newsroom.state(issue) == "sent"

    def works(self, pid: int) -> bool:
        """Whether the process `pid` holds a chunk."""
        with self.newsroom.app.db.read() as session:
            return bool(session.scalar(select(Chunk.id).where(_owned_by(pid)).limit(1)))

    def dotted_by(self, pid: int) -> int:
        """Return how many rows of chunks that the process `pid` holds are dotted."""
        with self.newsroom.app.db.read() as session:
            found = session.scalar(
                select(func.count())
                .select_from(Delivery)
                .join(
                    Chunk,
                    (Chunk.issue_id == Delivery.issue_id)
                    & Delivery.id.between(Chunk.first_id, Chunk.last_id),
                )
                .where(_owned_by(pid), Delivery.state == DeliveryState.DOTTED)
            )
        return found or 0


def _owned_by(pid: int) -> ColumnElement[bool]:
    return Chunk.owner.like(f"%-{pid}-%")


@contextmanager
def open_room(
    folder: Path, url: str, server: CountingServer, *, connections: int, copies: int
) -> Iterator[Room]:
    """Yield a newsroom with `copies` readers in the store at `url`, whose relay is `server`."""
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
    with open_newsroom(
        folder,
        SystemClock(),
        url=url,
        relay=relay,
        connections=connections,
        lease_seconds=LEASE_SECONDS,
        more={"uncertain_hours = 0": f"uncertain_hours = 0\nchunk_rows = {CHUNK_ROWS}"},
    ) as newsroom:
        subscribe_many(newsroom, copies)
        yield Room(newsroom, server, folder, connections, copies)


def subscribe_many(newsroom: Newsroom, count: int) -> None:
    """Add `count` active readers at once; one by one takes longer than sending to them."""
    now, sealer = newsroom.app.clock.now(), newsroom.app.sealer
    addresses = [f"reader{number}@example.org" for number in range(count)]
    with newsroom.app.db.write() as session:
        people = [
            {
                "public_id": secrets.token_hex(8),
                "address_index": sealer.index(address),
                "address_sealed": sealer.seal(address),
                "created_at": now,
            }
            for address in addresses
        ]
        session.execute(insert(Subscriber), people)
        newsletter_id = find_newsletter(session, "weekly").id
        subscriptions = [
            {
                "public_id": secrets.token_hex(8),
                "subscriber_id": subscriber_id,
                "newsletter_id": newsletter_id,
                "state": SubscriptionState.ACTIVE,
                "domain_group": "other",
                "joined_at": now,
                "changed_at": now,
            }
            for subscriber_id in session.scalars(select(Subscriber.id))
        ]
        session.execute(insert(Subscription), subscriptions)


def judge(room: Room, issue: str, what: str, *, faults: int, limit: int) -> ProofRow:
    """Hold an issue's ledger against what the server took; call when the server is quiet."""
    row = compare(room.newsroom, issue, room.server.copies, copies=room.copies, limit=limit)
    return replace(row, what=what, faults=faults)


def compare(
    newsroom: Newsroom, issue: str, copies_by_address: Mapping[str, int], *, copies: int, limit: int
) -> ProofRow:
    """Hold an issue's ledger against what a server took, `copies` being those there should be; it
    must have been sent.
    """
    states, got = states_in(newsroom, issue), Counter(copies_by_address)
    problems = newsroom.problems(issue) + list_lies(states, got)
    if newsroom.state(issue) != "sent":
        problems.append(f"{issue} is {newsroom.state(issue)}")
    gone = [
        address
        for address, state in states.items()
        if state is not DeliveryState.UNCERTAIN
        and not (state is DeliveryState.ACCEPTED and got[address])
    ]
    return ProofRow(
        "",
        copies=copies,
        doubled=sum(count > 1 for count in got.values()),
        lost=copies - len(states) + len(gone),
        uncertain=sum(state is DeliveryState.UNCERTAIN for state in states.values()),
        limit=limit,
        problems=tuple(problems),
    )


def list_lies(states: Mapping[str, DeliveryState], got: Mapping[str, int]) -> list[str]:
    """Return where a ledger (address to state) contradicts what the server took: a row that is
    accepted has its copy there, one that is neither that nor in doubt has none.
    """
    claimed = [a for a, state in states.items() if state is DeliveryState.ACCEPTED]
    open_ = {DeliveryState.ACCEPTED, DeliveryState.DOTTED, DeliveryState.UNCERTAIN}
    denied = [a for a, state in states.items() if state not in open_ and got.get(a)]
    lies = {
        "accepted rows without a copy": sum(not got.get(address) for address in claimed),
        "copies of rows that say there is none": len(denied),
        "copies for strangers": len(set(got) - set(states)),
    }
    return [f"{count} {what}" for what, count in lies.items() if count]


def states_of(room: Room, issue: str) -> dict[str, DeliveryState]:
    """Return how each reader's copy stands, by address."""
    return states_in(room.newsroom, issue)


def states_in(newsroom: Newsroom, issue: str) -> dict[str, DeliveryState]:
    """Return the same of any newsroom."""
    app = newsroom.app
    with app.db.read() as session:
        rows = session.execute(
            select(Subscriber.address_sealed, Delivery.state)
            .join(Delivery, Delivery.subscriber_id == Subscriber.id)
            .where(Delivery.issue_id == find_issue(session, issue).id)
        ).all()
    return {app.sealer.open(sealed): state for sealed, state in rows}
