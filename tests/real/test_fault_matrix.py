"""Every way in which an SMTP server may fail, at every phase, through a whole Friday.

fault_table.csv says what must become of each; it is meant to be read. Each row opens a newsroom of
its own on a server that fails like that, does one round, mends the server, and does another one
three hours later.
"""

import asyncio
import csv
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.proofs.row import ProofRow
from digest.app import App, open_app
from digest.assets import asset
from digest.clock import FixedClock
from digest.db import Database
from digest.delivery.breaker.rows import load_relays
from digest.delivery.breaker.standing import PRISTINE, is_clean
from digest.errors import BackendDown
from digest.models import Delivery
from digest.scheduler import tick_once
from digest.testing import FaultServer, LoopbackCertificate
from digest.testing.faults import PHASES
from digest.testing.newsroom import CONFIG, Newsroom, open_newsroom

TABLE = Path(__file__).with_name("fault_table.csv")
FRIDAY = datetime(2026, 11, 27, 7, tzinfo=UTC)
READERS = ("anna@example.org", "ben@example.org")
ISSUE = "weekly/1"
AT_ONCE = 8  # rows under way
LATER = timedelta(hours=3)  # longer than any rest and any first retry
ROUND_SECONDS = 30  # more than any round takes, even here
PASSWORD = "harbour"
THEN_354 = " then 354"  # DATA is answered so although the envelope was refused

# The deadline that a phase runs into; all others are long, for a busy machine may take its time.
PATIENCE = {
    "banner": "connect",
    "ehlo": "reply",
    "starttls": "reply",
    "auth": "reply",
    "mail": "mail",
    "rcpt": "rcpt",
    "data": "data",
    "body": "block",
    "before dot": "dot",
    "dot": "dot",
    "part": "dot",
    "after": "mail",
}
LONG, SHORT = 10, 0.6
SECURED = {"starttls", "auth"}  # a password is never sent in clear
PACE, FAR_TOO_SLOW = 0.001, 0.2  # seconds for a byte


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a fault, and what must be found after each of two rounds.

    With two copies their states and counts are joined by " + ".
    """

    copies: int
    phase: str
    fault: str
    strikes: str
    rows: str
    relay: str
    delivered: str
    rows_later: str
    delivered_later: str

    @property
    def strike(self) -> int:
        """Return which time the phase fails, from 1; 0 is each time."""
        return 0 if self.strikes == "always" else int(self.strikes)

    def __str__(self) -> str:
        return f"{self.copies}-{self.phase}-{self.fault}-{self.strikes}".replace(" ", "_")

    @property
    def expected(self) -> "Found":
        """Return what must be found."""
        return Found(
            self.rows, self.relay, self.delivered, self.rows_later, self.delivered_later, ()
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What was found after the rounds; `problems` is what breaks a guarantee."""

    rows: str
    relay: str
    delivered: str
    rows_later: str
    delivered_later: str
    problems: tuple[str, ...]


def cases(table: Path = TABLE) -> list[Row]:
    """Return the rows of the table."""
    with table.open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if line.strip() and not line.startswith("#")]
    _headings, *rows = csv.reader(lines, skipinitialspace=True)
    return [Row(int(copies), *cells) for copies, *cells in rows]


def prove(quick: bool) -> list[ProofRow]:
    """Return what the table comes to, for `make proof`; `quick` plays every fifth row of it."""
    rows = cases()[:: 5 if quick else 1]
    with tempfile.TemporaryDirectory(prefix="friday-faults-") as folder:
        found = play_all(rows, Path(folder))
    kinds = {1: "every fault at every phase of SMTP", 2: "the same, an envelope said ahead"}
    return [
        _proof(what, {row: found[row] for row in rows if row.copies == copies})
        for copies, what in kinds.items()
    ]


def _proof(what: str, found: dict[Row, Found]) -> ProofRow:
    """Sum rows up; a copy is lost where the ledger says accepted and the server took none."""
    ends = [
        (state, int(taken))
        for end in found.values()
        for state, taken in zip(
            end.rows_later.split(" + "), end.delivered_later.split(" + "), strict=True
        )
    ]
    return ProofRow(
        what,
        copies=len(ends),
        faults=len(found),
        doubled=sum(taken > 1 for _, taken in ends),
        lost=sum(state == "accepted" and taken == 0 for state, taken in ends),
        problems=tuple(
            f"{row} ended otherwise" for row, end in found.items() if end != row.expected
        ),
        note=f"{sum(state == 'uncertain' for state, _ in ends)} uncertain, as {TABLE.name} says",
    )


def play_all(rows: Iterable[Row], folder: Path) -> dict[Row, Found]:
    """Play rows side by side in one event loop, each in a folder of its own."""
    stage = Stage(folder)

    async def scenario() -> dict[Row, Found]:
        rows_ = list(rows)
        room = asyncio.Semaphore(AT_ONCE)

        async def play(number: int, row: Row) -> Found:
            async with room:
                return await stage.play(row, folder / str(number))

        found = await asyncio.gather(*(play(*numbered) for numbered in enumerate(rows_)))
        return dict(zip(rows_, found, strict=True))

    return asyncio.run(scenario())


class Stage:
    """The newsrooms that rows begin with, made once: one reader, two readers, a huge issue."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "made"
        self._certificate = LoopbackCertificate(_made(folder / "tls"))
        self._rooms: dict[tuple[int, bool], Path] = {}

    def _room(self, copies: int, *, huge: bool) -> Path:
        if (copies, huge) not in self._rooms:
            path = self._folder / f"{copies}-{huge}"
            more = _with_templates(_long_winded(path)) if huge else {}
            with open_newsroom(path, FixedClock(FRIDAY), more=more) as newsroom:
                newsroom.subscribe(*READERS[:copies])
                newsroom.ready(FRIDAY.date())
            self._rooms[copies, huge] = path
        return self._rooms[copies, huge]

    async def play(self, row: Row, folder: Path) -> Found:
        """Play one row and return what was found."""
        room = self._room(row.copies, huge=row.phase == "body")
        await asyncio.to_thread(shutil.copytree, room, folder)
        server = FaultServer(
            row.phase,
            row.fault.removesuffix(THEN_354),
            at=row.strike,
            pace=FAR_TOO_SLOW if row.fault == "too slow" else PACE,
            lenient=row.fault.endswith(THEN_354),
            offers=("AUTH PLAIN",) if row.phase == "auth" else (),
            tls=self._certificate.server if row.phase in SECURED else None,
        )
        async with server:
            return await Rounds(row, server, folder, self._relay(row)).play()

    def _relay(self, row: Row) -> list[str]:
        lines = ['backend = "smtp"', 'host = "127.0.0.1"']
        if row.phase in SECURED:
            lines.append(f'security = "starttls"\nca_file = "{self._certificate.file}"')
        else:
            lines.append('security = "none"')
        if row.phase == "auth":
            lines.append(f'username = "friday"\npassword = "{PASSWORD}"')
        return lines


def _with_templates(folder: Path) -> dict[str, str]:
    """Return the configuration's changes for templates whose parts do not say the same."""
    return {
        "[web]": f'templates = "{folder}"\n\n[web]',
        "spamassassin = false": 'spamassassin = false\nlevels = { text-differs = "off" }',
    }


def _long_winded(folder: Path) -> Path:
    """Return a folder of templates whose text part is too long for any buffer."""
    own = _made(folder / "own")
    shipped = (asset("templates") / "email" / "issue.txt.j2").read_text(encoding="utf-8")
    (own / "issue.txt.j2").write_text(shipped + "The harbour sang.\n" * 60_000, encoding="utf-8")
    return own


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


class Rounds:
    """The two rounds of one row: on the server as it fails, and later on the same server mended."""

    def __init__(self, row: Row, server: FaultServer, folder: Path, relay: list[str]) -> None:
        self._row, self._server, self._folder, self._relay = row, server, folder, relay
        self._clock = FixedClock(FRIDAY)
        self._problems: list[str] = []

    async def play(self) -> Found:
        """Do both and return what was found after each."""
        hurried = self._row.fault in {"hang", "too slow"}
        with ExitStack() as stack:
            app = await asyncio.to_thread(self._open, stack, impatient=hurried)
            first = await self._round(app)
            if not self._server.struck.is_set():
                self._problems.append("the fault was never met")
            self._server.mend()
            self._clock.advance(LATER)
            if hurried:  # a server that is well may take its time
                stack.close()
                app = await asyncio.to_thread(self._open, stack, impatient=False)
            second = await self._round(app)
        if any(int(copies) > 1 for copies in second[2].split(" + ")):
            self._problems.append("a copy was delivered twice")
        return Found(*first, second[0], second[2], tuple(self._problems))

    async def _round(self, app: App) -> tuple[str, str, str]:
        """Return the rows' states, how the relay stands, and what the server counted."""
        if self._row.phase == "before dot" and not self._server.struck.is_set():
            held = HeldUp(app.db, self._server.struck, commits=max(self._row.strike, 1))
            app.sender._committer._db = held
        await self._tick(app)
        newsroom = Newsroom(app)
        self._problems += newsroom.problems(ISSUE)
        rows = states(app)
        if (newsroom.state(ISSUE) == "sent") == ("pending" in rows):
            self._problems.append(f"{rows}: the issue is {newsroom.state(ISSUE)}")
        return rows, standing(app), count(self._server, self._row)

    async def _tick(self, app: App) -> None:
        """Do a round; a relay that cannot be used is no surprise here, anything else is."""
        try:
            await asyncio.wait_for(tick_once(app), ROUND_SECONDS)
        except BackendDown:
            return
        except Exception as error:
            self._problems.append(f"a round ended in {error!r}")

    def _open(self, stack: ExitStack, *, impatient: bool) -> App:
        waits = dict.fromkeys(PATIENCE.values(), LONG) | {"quit": SHORT}
        if impatient:
            # Two copies share a deadline, and one of them must meet it.
            waits[PATIENCE[self._row.phase]] = SHORT * (1 if self._row.copies == 1 else 4)
        timeouts = ", ".join(f"{name} = {seconds}" for name, seconds in waits.items())
        lines = [*self._relay, f"port = {self._server.port}", f"timeouts = {{ {timeouts} }}"]
        config = CONFIG.format(
            url="sqlite:///digest.db", relay="\n".join(lines), connections=1, lease_seconds=60
        )
        file = self._folder / "config.toml"
        file.write_text(config, encoding="utf-8")
        return stack.enter_context(open_app(file, clock=self._clock))


class HeldUp:
    """A store of whose commits one waits until the server has failed, as a slow disk would let it.

    That is the one before the dot that the server is to fail at: number `commits`.
    """

    def __init__(self, db: Database, struck: threading.Event, commits: int) -> None:
        self._db, self._struck, self._left = db, struck, commits

    @contextmanager
    def transact(self) -> Iterator[object]:
        self._left -= 1
        if self._left <= 0:
            self._struck.wait(LONG)
            time.sleep(0.02)  # what the server did has to cross the loopback
        with self._db.transact() as connection:
            yield connection


def states(app: App) -> str:
    """Return the states of the ledger's rows, Anna's first."""
    with app.db.read() as session:
        return " + ".join(session.scalars(select(Delivery.state).order_by(Delivery.id)))


def standing(app: App) -> str:
    """Return how the relay stands: well; open (it rests a minute at most); halted (it refuses us,
    rests longer, and somebody is told).
    """
    with app.db.read() as session:
        relay = load_relays(session).get("main", PRISTINE)
    if is_clean(relay):
        return "well"
    return "halted" if relay.refusals else "open"


def count(server: FaultServer, row: Row) -> str:
    """Return how many copies the server took responsibility for, by reader."""
    taken = [recipient for recipient, _ in server.accepted]
    return " + ".join(str(taken.count(reader)) for reader in READERS[: row.copies])


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[Row, Found]:
    """What became of the rows that this run has chosen."""
    items = [item for item in request.session.items if item.path == Path(__file__)]
    chosen = [item.callspec.params["row"] for item in items if hasattr(item, "callspec")]
    return play_all(chosen, tmp_path_factory.mktemp("matrix"))


@pytest.mark.parametrize("row", cases(), ids=str)
def test_fault_ends_as_the_table_says(row: Row, played: dict[Row, Found]) -> None:
    assert played[row] == row.expected


def test_table_has_every_fault_at_every_phase() -> None:
    """What the server says is a code: one of 4xx and one of 5xx will do."""
    kinds = {"close", "reset", "hang", "421", "4xx", "5xx", "garbage", "multiline", "slow"}
    found: dict[str, set[str]] = {phase: set() for phase in PHASES}
    for row in cases():
        if row.copies == 1:
            refusal = row.fault != "421" and row.fault.isdigit()
            found[row.phase].add(f"{row.fault[0]}xx" if refusal else row.fault)

    missing = {phase: kinds - faults for phase, faults in found.items() if kinds - faults}
    assert missing == {}
