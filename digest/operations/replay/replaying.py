"""Replays an issue: copies the database, opens its accepted rows again in the copy, and sends them
to the sink with the program's own sender. The live database is only read.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import Config, DatabaseConfig, RelayConfig
from digest.curation.issues import find_issue
from digest.delivery.copies import load_renderings
from digest.delivery.evidence import issue_key, name_copies
from digest.errors import BadInput, NotFound, Refused
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    InstanceValue,
    Issue,
    IssueState,
    LedgerSum,
    Newsletter,
    Notice,
    Slot,
    SlotState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
)
from digest.operations.backup.stores import copy_sqlite, dump_postgres, load_postgres
from digest.operations.replay.sink import CopySums, Received, Sink

Progress = Callable[[int, int], None]
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of the replay."""

    name: str
    copies: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Replay:
    """How it went. `expected` rows were accepted then, and can be made again; `erased` of them
    cannot, their readers are gone. `problems` say what differs.
    """

    name: str
    expected: int
    erased: int
    accepted: int
    seconds: float
    editions: list[Edition]
    problems: list[str]
    copies: Mapping[str, CopySums]


def replay(app: App, reference: str | None, progress: Progress) -> Replay:
    """Replay an issue, the last one that was sent where none is named; Refused for one whose ledger
    has shrunk, NotFound where there is none.
    """
    with tempfile.TemporaryDirectory(prefix="friday-replay-") as name:
        folder = Path(name)
        with _copied(app, folder, progress) as url:
            return asyncio.run(_replay(app, reference, folder, url, progress))


@contextmanager
def _copied(app: App, folder: Path, progress: Progress) -> Iterator[str]:
    """Yield the URL of a copy of the database, which is gone afterwards."""
    now = app.clock.now()
    if app.db.file is not None:
        copy_sqlite(app.db.file, folder / "digest.db", now, progress)
        yield f"sqlite:///{folder / 'digest.db'}"
        return
    from digest.db import Database

    name = f"friday_replay_{folder.name.rpartition('-')[2].lower()}"
    own = app.db.engine.execution_options(isolation_level="AUTOCOMMIT")
    with own.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = app.db.engine.url.set(database=name, drivername="postgresql")
    copy = Database(url.render_as_string(hide_password=False))
    try:
        dump_postgres(app.db.engine.url, folder / "dump")
        load_postgres(copy, folder / "dump", replace=False, now=now)
        copy.close()
        yield url.render_as_string(hide_password=False)
    finally:
        copy.close()
        with own.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _replay(
    live: App, reference: str | None, folder: Path, url: str, progress: Progress
) -> Replay:
    secret = live.keys.message[0].secret
    async with Sink(secret) as sink:
        app = App(live.path, _aside(live.config, folder, url, sink.port), live.keys, live.clock)
        try:
            await asyncio.to_thread(_bring_up, app)
            with app.db.write() as session:
                issue = _find(session, reference)
                name = f"{session.get_one(Newsletter, issue.newsletter_id).slug}/{issue.number}"
                broken = _broken_bytes(session, issue)
                _open_again(session, issue)
                wanted, erased = _wanted(session, app, issue)
            began = app.clock.monotonic()
            watch = asyncio.create_task(_watch(sink.received, len(wanted), progress))
            try:
                if not broken:
                    await app.sender.drain(asyncio.Event(), until_idle=True)
            finally:
                watch.cancel()
            seconds = app.clock.monotonic() - began
            with app.db.read() as session:
                states = _states(session, issue.id, wanted)
        finally:
            app.close()
    problems = [*broken, *_compare(wanted, sink.received, states)]
    editions = Counter(copy.edition for copy in sink.received.copies.values())
    return Replay(
        name,
        len(wanted),
        erased,
        states[DeliveryState.ACCEPTED],
        seconds,
        [Edition(each, n, sink.received.bytes[each]) for each, n in sorted(editions.items())],
        problems,
        sink.received.copies,
    )


def _aside(config: Config, folder: Path, url: str, port: int) -> Config:
    """Return the configuration with the copy for a database, and for every relay the sink."""
    sink = {"host": "127.0.0.1", "port": port, "security": "none"}
    relays = {
        name: RelayConfig(backend="smtp", connections=relay.connections, **sink)
        for name, relay in config.relays.items()
    }
    storage = config.storage.model_copy(update={"home": folder / "home", "ballast_megabytes": 0})
    return config.model_copy(
        update={"database": DatabaseConfig(url=url), "relays": relays, "storage": storage}
    )


def _bring_up(app: App) -> None:
    """Bring the copy up to this program, and have it at home; nothing else in it is to be sent."""
    app.prepare_store()
    app.check_store()
    with app.db.write() as session:
        held = InstanceValue.name.startswith("hold") | InstanceValue.name.startswith("home:")
        session.execute(delete(InstanceValue).where(held))
        session.execute(delete(Notice))
        session.execute(
            update(Slot).where(Slot.state == SlotState.PLANNED).values(state=SlotState.SKIPPED)
        )
        session.execute(update(Issue).where(Issue.state == IssueState.SENDING).values(paused=True))


def _find(session: Session, reference: str | None) -> Issue:
    if reference is not None:
        issue = find_issue(session, reference)
    else:
        last = (
            select(Issue)
            .where(Issue.state == IssueState.SENT, Issue.corrects_id.is_(None))
            .order_by(Issue.sending_at.desc(), Issue.id.desc())
            .limit(1)
        )
        found = session.scalar(last)
        if found is None:
            raise NotFound("no issue was ever sent: there is nothing to replay")
        issue = found
    if issue.state is not IssueState.SENT:
        raise Refused(
            f"number {issue.number} is {issue.state.value}: only what was sent is replayed"
        )
    if session.get(LedgerSum, issue.id) is not None:
        raise Refused(
            f"number {issue.number} cannot be replayed: its ledger has shrunk to sums, and nobody"
            " knows any more who got it"
        )
    return issue


def _broken_bytes(session: Session, issue: Issue) -> list[str]:
    try:
        load_renderings(session, issue)
    except Refused as error:
        return [str(error)]
    return []


def _open_again(session: Session, issue: Issue) -> None:
    """Have exactly the accepted rows of an issue sent once more, whoever has left since."""
    done = (Delivery.issue_id == issue.id, Delivery.state == DeliveryState.ACCEPTED)
    session.execute(
        update(Delivery)
        .where(*done)
        .values(state=DeliveryState.PENDING, next_at=None, done_at=None, code=None, attempt=0)
    )
    session.execute(
        update(Chunk)
        .where(Chunk.issue_id == issue.id)
        .values(next_at=issue.created_at, owner=None, lease_until=None)
    )
    session.execute(update(Subscription).values(state=SubscriptionState.ACTIVE, paused_until=None))
    session.execute(delete(Suppression))
    issue.state, issue.paused, issue.stopped_at, issue.sent_at = (
        *(IssueState.SENDING, False, None),
        None,
    )
    session.flush()


def _wanted(session: Session, app: App, issue: Issue) -> tuple[dict[str, int], int]:
    """Return the rows to be sent by the Message-IDs their copies must have, and how many there are
    besides of readers who are gone.
    """
    rows = session.execute(
        select(Delivery.id, Subscriber.id)
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.issue_id == issue.id, Delivery.state == DeliveryState.PENDING)
    ).all()
    there = [id for id, reader in rows if reader is not None]
    slug = session.get_one(Newsletter, issue.newsletter_id).slug
    host = app.config.newsletter(slug).host
    return name_copies(there, issue_key(app.keys, issue), host), len(rows) - len(there)


def _states(session: Session, issue_id: int, wanted: Mapping[str, int]) -> Counter[DeliveryState]:
    ids = set(wanted.values())
    rows = session.execute(select(Delivery.id, Delivery.state).where(Delivery.issue_id == issue_id))
    return Counter(state for id, state in rows if id in ids)


def _compare(
    wanted: Mapping[str, int], received: Received, states: Counter[DeliveryState]
) -> list[str]:
    """Return where what was received, and what the ledger says of it, is not what was wanted."""
    others = {
        state: count for state, count in states.items() if state is not DeliveryState.ACCEPTED
    }
    twice = sum(count > 1 for count in received.times.values())
    found = {
        "copies did not come": len(wanted.keys() - received.copies.keys()),
        "copies came that nobody was to get": len(received.copies.keys() - wanted.keys()),
        "copies came twice": twice,
        **{f"rows are {state}": count for state, count in others.items()},
    }
    return [f"{count:,} {what}" for what, count in found.items() if count]


async def _watch(received: Received, total: int, progress: Progress) -> None:
    while True:
        progress(len(received.copies), total)
        await asyncio.sleep(0.2)


def as_text(done: Replay) -> str:
    """Return what `differences` compares with, as text: keyed sums, and no address."""
    copies = {name: asdict(copy) for name, copy in sorted(done.copies.items())}
    return json.dumps({"format": FORMAT, "issue": done.name, "copies": copies}) + "\n"


def differences(done: Replay, before: str) -> dict[str, int]:
    """Return in how many copies what differs from an earlier replay, by the header's name, or
    ``body``, or ``edition``; BadInput for a text that is none of this issue.
    """
    try:
        kept = json.loads(before)
        earlier = {name: CopySums(**copy) for name, copy in kept["copies"].items()}
        if kept["format"] != FORMAT or kept["issue"] != done.name:
            raise BadInput(f"this was kept of {kept['issue']}, and {done.name} was replayed")
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput("this is nothing that digest replay --keep wrote") from error
    found = Counter[str]()
    found["copies that are not in both"] = len(earlier.keys() ^ done.copies.keys())
    for name in earlier.keys() & done.copies.keys():
        one, other = earlier[name], done.copies[name]
        found["body"] += one.body != other.body
        found["edition"] += one.edition != other.edition
        for header in one.headers.keys() | other.headers.keys():
            found[header] += one.headers.get(header) != other.headers.get(header)
    return {what: count for what, count in sorted(found.items()) if count}
