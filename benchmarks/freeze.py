"""How long freezing an issue's audience takes: ``python benchmarks/freeze.py ROWS [postgres-url]``.

Fills a fresh database with so many subscribers of the size and spread of real ones, by bulk SQL,
and runs the freeze as Friday runs it: one transaction, its commit included. Every round begins
with the same untouched store. The URL must name an empty PostgreSQL database; without one, SQLite
files in a temporary folder are used.

Prints seconds, and by how much files grew. "log" is the write-ahead log of the transaction: what
the disk takes besides the rows themselves until the next checkpoint.
"""

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    String,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Session

from digest.clock import Schedule, morning_in
from digest.db import Database, UtcDateTime
from digest.delivery.ledger.freeze import freeze
from digest.migrating import migrate
from digest.models import (
    Chunk,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

ROUNDS = 5
CHUNK_ROWS = 500
FRIDAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 26, 17, tzinfo=UTC)
SCHEDULE = Schedule(4, clock_time(7), ZoneInfo("Europe/London"), readers_morning=True)
GROUPS = ["google"] * 9 + ["microsoft"] * 4 + ["yahoo"] * 3 + ["apple"] * 1 + ["other"] * 6
ZONES = [
    "Pacific/Auckland",
    "Australia/Sydney",
    "Asia/Tokyo",
    "Asia/Singapore",
    "Asia/Dhaka",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Karachi",
    "Asia/Dubai",
    "Africa/Nairobi",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/London",
    "Europe/Dublin",
    "Africa/Lagos",
    "Atlantic/Azores",
    "America/Sao_Paulo",
    "America/Halifax",
    "America/New_York",
    "America/Toronto",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
]
SUPPRESSED_EVERY = 211
PAUSED_EVERY = 97
LEFT_EVERY = 23


def main(arguments: list[str]) -> int:
    """Run the benchmark; returns the exit code."""
    if len(arguments) not in (1, 2) or not arguments[0].isdigit():
        say("usage: python benchmarks/freeze.py ROWS [postgres-url]")
        return 2
    rows = int(arguments[0])
    with tempfile.TemporaryDirectory() as folder:
        store = PostgresStore(arguments[1]) if arguments[1:] else SqliteStore(Path(folder))
        started = time.perf_counter()
        store.fill(rows)
        say(f"{rows:,} subscribers in {time.perf_counter() - started:.1f} s on {store.name}")
        for name, mornings in (
            ("one moment", None),
            ("own morning", partial(morning_in, SCHEDULE, FRIDAY)),
        ):
            show(name, [one_round(store, mornings) for _ in range(ROUNDS)])
    return 0


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(name: str, rounds: list[tuple[float, int, int, int, int]]) -> None:
    """Print what the rounds of one kind of freeze came to."""
    seconds = [each[0] for each in rounds]
    _, frozen, chunks, store_grew, log_grew = rounds[0]
    say(
        f"{name:12}{statistics.median(seconds):6.2f} s"
        f"  ({' '.join(f'{each:.2f}' for each in seconds)})"
        f"  {frozen:,} rows in {chunks:,} chunks"
        f"  store +{store_grew / 1e6:.0f} MB, log {log_grew / 1e6:.0f} MB"
    )


def one_round(
    store: "SqliteStore | PostgresStore", mornings: Callable[[str | None], datetime] | None
) -> tuple[float, int, int, int, int]:
    """Return seconds, rows, chunks, and the bytes by which the store and its log grew."""
    with store.fresh() as db:
        store_before, log_before = store.sizes(db)
        started = time.perf_counter()
        with db.write() as session:
            issue = session.scalars(select(Issue)).one()
            frozen = freeze(
                session,
                issue.id,
                issue.newsletter_id,
                not_before=NOW,
                now=NOW,
                chunk_rows=CHUNK_ROWS,
                mornings=mornings,
            )
            issue.audience_count = frozen
        seconds = time.perf_counter() - started
        with db.read() as session:
            chunks = session.scalar(select(func.count()).select_from(Chunk)) or 0
        store_after, log_after = store.sizes(db)
    return seconds, frozen, chunks, store_after - store_before, log_after - log_before


class SqliteStore:
    """A filled file and a copy of it for each round."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._filled = folder / "filled.db"
        self._round = folder / "round.db"

    def fill(self, rows: int) -> None:
        """Make the file that every round starts from."""
        db = Database(f"sqlite:///{self._filled}")
        migrate(db)
        fill(db, rows)
        db.close()

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        """Yield the store as it was filled."""
        shutil.copyfile(self._filled, self._round)
        db = Database(f"sqlite:///{self._round}")
        yield db
        db.close()
        for path in self._round.parent.glob("round.db*"):
            path.unlink()

    def sizes(self, _db: Database) -> tuple[int, int]:
        """Return the bytes of the file and of its write-ahead log."""
        log = self._round.with_name("round.db-wal")
        return self._round.stat().st_size, log.stat().st_size if log.exists() else 0


class PostgresStore:
    """One database, emptied of ledger rows before each round."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self._url = url

    def fill(self, rows: int) -> None:
        """Fill the database that the URL names."""
        db = Database(self._url)
        migrate(db)
        fill(db, rows)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        db.close()

    @contextmanager
    def fresh(self) -> Iterator[Database]:
        """Yield the store without any ledger row."""
        db = Database(self._url)
        with db.write() as session:
            session.execute(text("TRUNCATE deliveries, delivery_events, chunks"))
        yield db
        db.close()

    def sizes(self, db: Database) -> tuple[int, int]:
        """Return the bytes of the database and of all log it has written so far."""
        with db.read() as session:
            size, log = session.execute(
                text(
                    "SELECT pg_database_size(current_database()), "
                    "pg_current_wal_insert_lsn() - '0/0'"
                )
            ).one()
        return int(size), int(log)


def fill(db: Database, rows: int) -> None:
    """Write a newsletter, its readers and one issue that is about to go out."""
    with db.write() as session:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
        session.add(newsletter)
        session.flush()
        fill_readers(session, newsletter.id, rows, sqlite=db.is_sqlite)
        session.add(
            Issue(
                public_id="issue",
                newsletter_id=newsletter.id,
                number=1,
                state=IssueState.SENDING,
                topper={},
                quote={},
                numbers=[],
                created_at=NOW,
            )
        )


def fill_readers(session: Session, newsletter_id: int, rows: int, *, sqlite: bool) -> None:
    """Write subscribers, a subscription for each, and suppressions of a few of them."""
    counted = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = counted.union_all(select(counted.c.n + 1).where(counted.c.n < rows))
    n = numbers.c.n
    now = literal(NOW, UtcDateTime())
    session.execute(
        insert(Subscriber).from_select(
            ["id", "public_id", "address_index", "address_sealed", "created_at"],
            select(n, name("r", n), noise(n, 32, sqlite), noise(n, 64, sqlite), now),
        )
    )
    if not sqlite:
        last = select(func.setval(func.pg_get_serial_sequence("subscribers", "id"), rows))
        session.execute(last)
    state = case(
        (n % LEFT_EVERY == 0, SubscriptionState.UNSUBSCRIBED.value),
        (n % PAUSED_EVERY == 0, SubscriptionState.PAUSED.value),
        else_=SubscriptionState.ACTIVE.value,
    )
    columns = (
        "public_id subscriber_id newsletter_id state edition timezone domain_group paused_until "
        "joined_at changed_at"
    )
    yesterday, tomorrow = (literal(NOW + timedelta(days=n), UtcDateTime()) for n in (-1, 1))
    paused_until = case((n % 2 == 0, yesterday), else_=tomorrow)
    session.execute(
        insert(Subscription).from_select(
            columns.split(),
            select(
                name("s", n), n, literal(newsletter_id), state, literal("full"),
                one_of([*ZONES, None], n, 104_729), one_of(GROUPS, n, 7_919),
                paused_until,
                now, now,
            ),
        )
    )  # fmt: skip
    session.execute(
        insert(Suppression).from_select(
            ["address_index", "reason", "at", "detail"],
            select(
                Subscriber.address_index, literal(SuppressionReason.BOUNCED.value), now, literal("")
            ).where(Subscriber.id % SUPPRESSED_EVERY == 0),
        )
    )


def name(letter: str, n: ColumnElement[int]) -> ColumnElement[str]:
    """Return a public id of the usual length."""
    return literal(f"{letter}{'x' * 12}") + cast(n + 1_000_000, String)


def noise(n: ColumnElement[int], size: int, sqlite: bool) -> ColumnElement[bytes]:
    """Return bytes that nothing compresses, another value for each number."""
    if sqlite:
        return func.randomblob(size, type_=LargeBinary)
    half = func.sha256(func.convert_to(cast(n, String), "UTF8"), type_=LargeBinary)
    return half if size == 32 else half.concat(func.sha256(half, type_=LargeBinary))


def one_of(
    values: list[str | None] | list[str], n: ColumnElement[int], step: int
) -> ColumnElement[str]:
    """Return one of the values, spread over the numbers without an order."""
    choice = {number: literal(value, String()) for number, value in enumerate(values)}
    return case(choice, value=n % 10_007 * step % 1_000_003 % len(values))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
