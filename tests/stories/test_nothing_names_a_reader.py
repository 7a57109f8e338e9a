"""A whole run, and then a search for every reader's name and address through all it left behind:
the database with its log, a backup, an unfinished import, and the logs in both forms.
"""

import base64
import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from digest.app import App
from digest.clock import FixedClock
from digest.correspondence.erasing import erase_reader
from digest.delivery.outcome import Deferred, Rejected, Uncertain
from digest.errors import BadInput
from digest.logs import JsonFormatter, TextFormatter
from digest.models import AddressChange, Base, Delivery, RequestKind, SuppressionReason
from digest.operations.keys.changing import add_key
from digest.operations.keys.rotate import rotate
from digest.outbox import NoticeText, enqueue
from digest.scheduler import tick_once
from digest.subscribers.addresses import parse_address
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.lifecycle import confirm, find_by_address, join, leave, note
from digest.subscribers.suppression import suppress
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import StagedImport, stage_csv
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
BY_FORM = [
    ("Zoë Quillfeather-Ångström", "zoe.quillfeather@zanzibarpost.example"),
    ("Ярополк Твердохлебов", "Yaropolk-Tverdokhleb@vestochka.example"),
    ("Nnamdi Okwuosa", "o'nnamdi+okwuosa@lagosletters.example"),
]
BY_FILE = [
    ("Grzegorz Brzęczyszczykiewicz", "grzegorz_brzeczyszcz@chrzaszczyzewo.example"),
    ("محمود درويش", "mahmoud.darwishi@barwehmail.example"),
    ("Õnne Pärnapuu", "õnne.pärnapuu@tõrvamail.example"),
]
HALF_WAY = [("Wilhelmina Xanthopoulou", "wxanthopoulou@thessalonikimail.example")]
MOVING_TO = [("", "quillfeather.anew@zanzibarpost.example")]
PEOPLE = [*BY_FORM, *BY_FILE, *HALF_WAY, *MOVING_TO]
log = logging.getLogger("digest.story")


def spellings(text: str) -> Iterator[bytes]:
    """Yield the forms in which a text could stand in a file."""
    for written in {text, text.lower(), text.upper(), json.dumps(text)[1:-1]}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            raw = written.encode(encoding)
            yield raw
            yield from (raw.hex().encode(), raw.hex().upper().encode())
            for before in range(3):  # base64 has three forms of a text, by what stands before it
                coded = base64.b64encode(bytes(before) + raw)
                yield coded[4 if before else 0 : -4]


def needles() -> dict[bytes, str]:
    """Return what must be nowhere, and whom it names: addresses, what is before their @, names and
    each part of them.
    """
    found = {}
    for name, address in PEOPLE:
        known = {address, parse_address(address).address, address.partition("@")[0]}
        for text in {*known, name, *name.replace("-", " ").split()} - {""}:
            found.update(dict.fromkeys(spellings(text), text))
    return {needle: text for needle, text in found.items() if len(needle) > 5}


def named_in(content: bytes) -> set[str]:
    return {text for needle, text in needles().items() if needle in content}


@contextmanager
def logged() -> Iterator[dict[str, StringIO]]:
    """Keep everything that is logged from debug on, in both forms."""
    root, level = logging.getLogger(), logging.getLogger().level
    streams = {"text": StringIO(), "json": StringIO()}
    handlers = [logging.StreamHandler(stream) for stream in streams.values()]
    for handler, formatter in zip(handlers, (TextFormatter(), JsonFormatter()), strict=True):
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield streams
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)


def live_through(newsroom: Newsroom, outside: Path, run: Any) -> None:
    """Let everything happen that has to do with readers."""
    app = newsroom.app
    merge_import(app.db, stage(app, outside, BY_FILE, app.path.parent), clock=app.clock)
    come_by_form(app)
    stage(app, outside, HALF_WAY, app.path.parent)  # and nobody merges it
    write_letters(app)
    refuse_some(newsroom)
    newsroom.ready(FRIDAY)
    run(tick_once(app))
    suffer(app)


def stage(app: App, outside: Path, people: list[tuple[str, str]], folder: Path) -> StagedImport:
    path = outside / f"{len(people)}.csv"
    rows = [f"{address},{name},note on {name}" for name, address in people]
    path.write_text("\n".join(["email,name,note", *rows, f"{people[0][1]}@,,"]), "utf-8")
    return stage_csv(app.db, app.sealer, path, newsletter_id=1, folder=folder, clock=app.clock)


def come_by_form(app: App) -> None:
    now = app.clock.now()
    with app.db.write() as session:
        for name, address in BY_FORM:
            put_request(session, app.sealer, Asked(RequestKind.JOIN, 1, address, "form", name), now)
            joined = join(
                session, app.sealer, newsletter_id=1, address=address, name=name, language=None,
                timezone=None, now=now, origin=f"letter from {address}", wording="Yes.",
                policy_version=None,
            )  # fmt: skip
            confirm(session, joined.public_id, now=now, origin=f"mail from <{address}>")
            evidence = {"said": f"{address} asked", "address": address}
            note(
                session, joined, ConsentKind.CHANGED, Circumstances(now, "hand", evidence=evidence)
            )


def write_letters(app: App) -> None:
    now = app.clock.now()
    with app.db.write() as session:
        for number, (name, address) in enumerate([*BY_FORM, *BY_FILE]):
            text = NoticeText("Please confirm", f"Dear {name}, this went to {address}.")
            index = app.sealer.index(parse_address(address).key)
            enqueue(
                session, app.sealer, kind="confirm", newsletter_slug="weekly", address=address,
                text=text, dedupe_key=f"{number}", now=now, address_index=index, reply_to=address,
            )  # fmt: skip
        subscriber = find_by_address(session, app.sealer, BY_FORM[0][1])
        assert subscriber is not None
        moved = parse_address(MOVING_TO[0][1])
        session.add(
            AddressChange(
                public_id="moving",
                subscriber_id=subscriber.id,
                address_index=app.sealer.index(moved.key),
                address_sealed=app.sealer.seal(moved.address),
                asked_at=now,
            )
        )


def refuse_some(newsroom: Newsroom) -> None:
    """Let the relay answer as servers do, with the address and with its first half alone."""
    for (_, address), outcome in zip(
        [*BY_FORM, *BY_FILE[:1]], (Rejected, Deferred, None, Rejected), strict=True
    ):
        local = address.partition("@")[0]
        said = (
            f"5.1.1 <{address}>: user {local} unknown; RCPT TO:<{address.upper()}> {local.upper()}"
        )
        wanted = parse_address(address).address
        newsroom.backend.script(
            lambda envelope, wanted=wanted: envelope.rcpt_to == wanted,
            outcome(550 if outcome is Rejected else 450, said) if outcome else Uncertain(said),
        )


def suffer(app: App) -> None:
    """Bounces, log lines of careless libraries, a reader who leaves and one who is erased."""
    now = app.clock.now()
    for _, address in PEOPLE:
        log.debug("delivering to %s", address, extra={"fields": {"to": address, address: 1}})
        log.error("bad recipient: %r", {"rcpt": [f"<{address}>"], "raw": address.encode()})
        try:
            parse_address(f"{address}, {address}")
        except BadInput:
            log.exception("refused")
        try:
            raise ValueError(f"550 {address}: mailbox unavailable")
        except ValueError:
            log.exception("a library failed")
    with app.db.write() as session:
        bounced, address = SuppressionReason.BOUNCED, BY_FORM[1][1]
        suppress(session, app.sealer, address, bounced, now=now, detail=f"550 {address} unknown")
        gone = find_by_address(session, app.sealer, BY_FILE[1][1])
        erased = find_by_address(session, app.sealer, BY_FILE[2][1])
        assert gone is not None
        assert erased is not None
        leaving = join(
            session, app.sealer, newsletter_id=1, address=BY_FILE[1][1], name=BY_FILE[1][0],
            language=None, timezone=None, now=now, origin="form", wording="Yes.",
            policy_version=None,
        )  # fmt: skip
        leave(session, leaving.public_id, now=now, origin=f"mail from {BY_FILE[1][1]}")
        erase_reader(session, app.sealer, erased.id, now=now)


@pytest.mark.parametrize("text", [PEOPLE[1][1], PEOPLE[1][0], PEOPLE[5][1].partition("@")[0]])
def test_search_finds_every_form(text: str) -> None:
    """A search that finds nothing proves nothing unless it would have found something."""
    missed = [form for form in spellings(text) if text not in named_in(b"_" + form + b"_")]

    assert missed == []


def test_no_file_names_a_reader(tmp_path: Path, clock: FixedClock, run) -> None:
    house, outside = tmp_path / "house", tmp_path / "outside"
    outside.mkdir()
    with logged() as logs, open_newsroom(house, clock) as newsroom:
        live_through(newsroom, outside, run)
        back_up(house / "digest.db", house / "backup.db")
        while_open = {path.name: path.read_bytes() for path in house.iterdir() if path.is_file()}
        add_key(newsroom.app, "seal", str)
    with logged() as later, open_newsroom(house, clock) as newsroom:
        rotate(newsroom.app, lambda _done, _total: None)
        newsroom.app.db.empty_log()
        afterwards = {path.name: path.read_bytes() for path in house.iterdir() if path.is_file()}

    assert {name.partition("-")[0] for name in while_open} == {
        *("digest.db", "backup.db", "import", "config.toml", "keys.toml"),
    }
    assert "digest.db-wal" in while_open
    left = {
        **while_open,
        **{f"{name} afterwards": content for name, content in afterwards.items()},
        **{f"{form} log": stream.getvalue().encode() for form, stream in logs.items()},
        **{f"{form} log later": stream.getvalue().encode() for form, stream in later.items()},
    }
    assert {name: named_in(content) for name, content in left.items() if named_in(content)} == {}
    assert b"a library failed" in left["text log"]
    assert "‹address›".encode() in left["text log"]


def back_up(source: Path, copy: Path) -> None:
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(copy)) as target:
        database.backup(target)
    for end in ("-wal", "-shm"):
        Path(f"{copy}{end}").unlink(missing_ok=True)


def test_no_column_names_a_reader(tmp_path: Path, clock: FixedClock, run, postgres_url) -> None:
    house, outside = tmp_path / "house", tmp_path / "outside"
    outside.mkdir()
    with open_newsroom(house, clock, url=postgres_url) as newsroom:
        live_through(newsroom, outside, run)
        with newsroom.app.db.read() as session:
            columns = {
                f"{column.table.name}.{column.name}": session.scalars(select(column)).all()
                for table in Base.metadata.sorted_tables
                for column in table.columns
            }
            replies = session.scalars(select(Delivery.reply)).all()

    found = {
        name: named_in(b"\n".join(map(as_bytes, values)))
        for name, values in columns.items()
        if named_in(b"\n".join(map(as_bytes, values)))
    }
    assert found == {}
    assert any("‹address›" in reply and "‹reader›" in reply for reply in replies)
    assert len(columns["subscribers.id"]) == len(BY_FORM) + len(BY_FILE) - 1
    shutil.rmtree(outside)


def as_bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text.encode()
