"""Sealing anew: nothing is forgotten, nothing lost, whatever runs beside it or stops it."""

import threading
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update

from digest.app import App, open_app
from digest.clock import FixedClock
from digest.errors import NotFound, Refused
from digest.keys import read_key_file
from digest.models import (
    AddressChange,
    Base,
    InstanceValue,
    Notice,
    ReaderRequest,
    RequestKind,
    Subscriber,
)
from digest.operations.keys.changing import add_key, refuse_old_processes, retire_key
from digest.operations.keys.columns import OTHER, count_by_key, sealed_tables
from digest.operations.keys.rotate import Rotated, count_waiting, rotate
from digest.operations.keys.verify import verify
from digest.outbox import NoticeText, enqueue
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.lifecycle import find_by_address
from digest.testing.newsroom import open_newsroom

READERS = 40


def silent(_done: int, _total: int) -> None:
    """Take no notice."""


@dataclass
class House:
    """One instance, opened anew after each change of its keys."""

    folder: Any
    clock: FixedClock
    old: str = ""

    def opened(self):
        return open_app(self.folder / "config.toml", clock=self.clock)


@pytest.fixture(params=["sqlite", "postgres"])
def house(request, tmp_path, clock: FixedClock) -> House:
    """Readers and everything else that is sealed, under a key that is not the newest any more."""
    url = "sqlite:///digest.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    made = House(tmp_path, clock)
    with open_newsroom(tmp_path, clock, url=url) as newsroom:
        newsroom.subscribe(*(f"r{number}@example.org" for number in range(READERS)), name="Zoë")
        seal_everything_else(newsroom.app)
        made.old = newsroom.app.keys.seal[0].id
        add_key(newsroom.app, "seal", str)
    return made


def seal_everything_else(app: App) -> None:
    now = app.clock.now()
    with app.db.write() as session:
        enqueue(
            session,
            app.sealer,
            kind="welcome",
            newsletter_slug="weekly",
            address="a@b.example",
            text=NoticeText("Hello", "…"),
            dedupe_key="1",
            now=now,
            reply_to="c@d.example",
        )
        put_request(session, app.sealer,
                    Asked(RequestKind.JOIN, 1, "e@f.example", "form", name="Zoë"), now)  # fmt: skip
        session.add(
            AddressChange(public_id="x", subscriber_id=1, address_index=bytes(32),
                          address_sealed=app.sealer.seal("g@h.example"), asked_at=now)
        )  # fmt: skip


def test_every_sealed_column_of_the_models_is_walked() -> None:
    """Found anew here, from all there is: a sealed value in a column of another name would be
    forgotten.
    """
    walked = {column for sealed in sealed_tables() for column in sealed.columns}
    known_others = {"address_index", "mac", "key", "digest", "document"}

    binary = {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert {column for column in binary if column.name not in known_others} == walked
    assert {f"{column.table.name}.{column.name}" for column in walked} >= {
        *("subscribers.address_sealed", "subscribers.name_sealed", "notices.body_sealed"),
        *("notices.reply_sealed", "notices.address_sealed", "reader_requests.name_sealed"),
        *("reader_requests.address_sealed", "address_changes.address_sealed"),
    }


def test_everything_is_under_the_newest_key_and_opens(house: House) -> None:
    with house.opened() as app:
        rotated = rotate(app, silent)
        counts = count_under(app)
        seen = verify(app, silent, everything=True)

    assert rotated == Rotated(READERS + 3, 0, 0)
    assert counts == {app.keys.seal[0].id: 2 * READERS + 6, house.old: 0, OTHER: 0}
    assert (seen.opened, seen.broken) == (2 * READERS + 6, {})


def count_under(app: App) -> dict[str, int]:
    with app.db.read() as session:
        return dict(count_by_key(session, [key.id for key in app.keys.seal]))


def test_readers_are_who_they_were(house: House) -> None:
    with house.opened() as app:
        rotate(app, silent)
        with app.db.read() as session:
            found = find_by_address(session, app.sealer, "r7@example.org")

            assert found is not None
            assert found.name_sealed is not None
            assert app.sealer.open(found.address_sealed) == "r7@example.org"
            assert app.sealer.open(found.name_sealed) == "Zoë"


def test_again_there_is_nothing_to_do(house: House) -> None:
    with house.opened() as app:
        rotate(app, silent)
        before = canary_of(app)

        assert rotate(app, silent) == Rotated(0, 0, 0)
        assert canary_of(app) != before


def canary_of(app: App) -> str:
    with app.db.read() as session:
        return session.get_one(InstanceValue, "key_canary").value


def test_stopped_half_way_it_goes_on_where_it_was(house: House) -> None:
    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with house.opened() as app:
        with pytest.raises(KeyboardInterrupt):
            rotate(app, stop)
        left = count_waiting(app)
        rotated = rotate(app, silent)

    assert 0 < left < READERS + 3
    assert rotated.rows == left


def test_value_that_opens_with_no_key_is_counted_and_left(house: House) -> None:
    with house.opened() as app:
        with app.db.write() as session:
            session.execute(
                update(Subscriber).where(Subscriber.id == 1).values(name_sealed=b"\x01zrubbish")
            )

        rotated = rotate(app, silent)
        seen = verify(app, silent, everything=True)

    assert (rotated.left, rotated.unopened) == (1, 1)
    assert seen.broken == {"subscribers.name_sealed": 1}
    assert seen.by_key[OTHER] == 1


def test_change_made_meanwhile_is_not_undone(house: House) -> None:
    """Between reading a step and writing it, readers change their names."""
    with house.opened() as app:
        stop = threading.Event()
        changes = [0]

        def change_all_the_time() -> None:
            while not stop.is_set():
                changes[0] += 1
                with app.db.write() as session:
                    session.execute(
                        update(Subscriber)
                        .where(Subscriber.id == 1 + changes[0] % READERS)
                        .values(name_sealed=app.sealer.seal(f"Name {changes[0]}"))
                    )
                with app.db.read() as session:
                    row = session.get_one(Subscriber, 1 + changes[0] % READERS)
                    assert row.name_sealed is not None
                    if app.sealer.open(row.name_sealed) != f"Name {changes[0]}":
                        lost.append(changes[0])

        lost: list[int] = []
        busy = threading.Thread(target=change_all_the_time)
        busy.start()
        rotated = rotate(app, silent)
        stop.set()
        busy.join()

    assert rotated.left == 0
    assert lost == []


def test_key_that_nothing_needs_is_retired(house: House) -> None:
    with house.opened() as app:
        rotate(app, silent)
        retire_key(app, house.old, str)
    with house.opened() as app:
        assert [key.id for key in app.keys.seal] == [read_key_file(app.config.keys.file).seal[0].id]
        assert verify(app, silent, everything=True).broken == {}


@pytest.mark.parametrize("table", [Subscriber, Notice, ReaderRequest, AddressChange])
def test_key_that_one_row_needs_is_not_retired(house: House, table: type[Base]) -> None:
    with house.opened() as app:
        with app.db.read() as session:
            kept = session.scalars(select(table).limit(1)).one().address_sealed  # type: ignore[attr-defined]
        rotate(app, silent)
        with app.db.write() as session:
            session.execute(update(table).values(address_sealed=kept))

        with pytest.raises(Refused, match="values are sealed under"):
            retire_key(app, house.old, str)


def test_newest_key_and_those_of_other_purposes_stay(house: House) -> None:
    with house.opened() as app:
        for id, said in [
            (app.keys.seal[0].id, "newest"),
            (app.keys.sign[0].id, "no seal key"),
            (app.keys.index[0].id, "no seal key"),
        ]:
            with pytest.raises(Refused, match=said):
                retire_key(app, id, str)
        with pytest.raises(NotFound):
            retire_key(app, "s0", str)


def test_unfinished_import_may_need_the_key(house: House) -> None:
    with house.opened() as app:
        rotate(app, silent)
        (house.folder / f"import-1-{'a' * 32}.sqlite3").touch()

        with pytest.raises(Refused, match="this import"):
            retire_key(app, house.old, str)


def test_scheduler_that_does_not_know_the_key_is_named(house: House) -> None:
    with house.opened() as app:
        app.note("alive:scheduler:elsewhere-12-abcd", house.old)
        with pytest.raises(Refused, match="elsewhere-12-abcd"):
            refuse_old_processes(app)

        app.note("alive:scheduler:elsewhere-12-abcd", app.keys.seal[0].id)
        refuse_old_processes(app)
