"""A database that is restored, copied or cloned sends nothing that may have been sent since, until
somebody says so; and then nobody gets a second copy.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from digest.app import App, open_app
from digest.clock import FixedClock
from digest.config import load_config
from digest.delivery.home.judgement import Why
from digest.delivery.ledger.doubts import apply_evidence, list_doubts
from digest.delivery.ledger.weighing import SETTLING, Evidence, EvidenceKind
from digest.keys import read_key_file
from digest.models import Delivery, DeliveryState, Issue
from digest.operations.backup.making import make_backup
from digest.operations.backup.restoring import restore_backup
from digest.operations.takeover import Choice, join, list_held, read_choices, take_over
from digest.scheduler import tick_once
from digest.subscribers.door.requests import list_requests
from digest.testing.newsroom import Newsroom, open_newsroom
from tests.stories.restoring import (
    Post,
    ask_for_settings,
    copy_store,
    hold,
    put_letter,
    rewrite,
    send,
    sums,
)

FRIDAY = date(2026, 11, 27)
READERS = 6
MOMENT = datetime(2026, 11, 27, 6, 59, tzinfo=UTC)
ISSUE = "weekly/1"


def make_ready(folder: Path, clock: FixedClock, url: str) -> None:
    """Make a newsroom whose issue is due, and nothing of which was ever sent: it may be copied."""
    with open_newsroom(folder, clock, connections=1, url=url) as newsroom:
        newsroom.subscribe(*(f"reader{number}@example.org" for number in range(READERS)))
        newsroom.ready(FRIDAY)


@pytest.fixture(scope="module")
def ready_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ready") / "room"
    make_ready(folder, FixedClock(MOMENT), "sqlite:///digest.db")
    return folder


@pytest.fixture(scope="module")
def ready_server(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: Any
) -> Iterator[tuple[Path, str]]:
    """The same on a server: the folder, and the URL of a database that may be copied."""
    folder = tmp_path_factory.mktemp("ready-pg") / "room"
    with postgres_server.database() as url:
        make_ready(folder, FixedClock(MOMENT), url)
        yield folder, url


@contextmanager
def place(
    request: pytest.FixtureRequest, kind: str, folder: Path, *, empty: bool = False
) -> Iterator[Path]:
    """Yield the configuration of a copy of the newsroom in a folder; with `empty`, of a place that
    has keys and no database.
    """
    if kind == "sqlite":
        without = {"digest.db"} if empty else set[str]()
        shutil.copytree(
            request.getfixturevalue("ready_folder"), folder, ignore=lambda _f, _n: without
        )
        yield folder / "config.toml"
        return
    source, url = request.getfixturevalue("ready_server")
    server = request.getfixturevalue("postgres_server")
    shutil.copytree(source, folder)
    template = {} if empty else {"template": server.name_in(url)}
    with server.database(**template) as own:
        rewrite(folder / "config.toml", url, own)
        yield folder / "config.toml"


@dataclass(slots=True)
class Backup:
    """A backup of a half-sent newsroom, and what the relay took when it was sent to its end."""

    kind: str
    place: Path
    post: Post
    keys: Path


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def backup(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """A newsroom backed up when its issue had half left, and then sent to the end."""
    clock, post, folder = FixedClock(MOMENT), Post(), tmp_path_factory.mktemp("backup")
    with (
        place(request, request.param, folder / "room") as config,
        open_app(config, clock=clock) as app,
    ):
        send(app, post, most=READERS // 2)
        put_letter(app, "new@example.org")
        ask_for_settings(app)
        clock.advance(timedelta(seconds=1))
        made = make_backup(app, folder / "backups", keep=2, progress=lambda _a, _b: None)
        clock.advance(timedelta(minutes=5))
        send(app, post)
        assert post.copies.total() == READERS + 1
    return Backup(request.param, made, post, folder / "room" / "keys.toml")


@pytest.fixture
def restored(
    request: pytest.FixtureRequest, backup: Backup, tmp_path: Path, clock: FixedClock
) -> Iterator[tuple[App, Post]]:
    """The backup restored, an hour after the rest was sent."""
    clock.advance(timedelta(hours=1))
    replace = backup.kind == "postgres"  # into an empty place, and into one that is not
    with place(request, backup.kind, tmp_path / "room", empty=not replace) as path:
        config = load_config(path)
        keys = read_key_file(config.keys.file)
        done = restore_backup(config, path, keys, backup.place, clock, replace=replace)
        assert bool(done.aside) is replace
        with open_app(path, clock=clock) as app:
            yield app, Post(backup.post.copies.copy())


def test_restored_instance_sends_nothing(restored: tuple[App, Post]) -> None:
    app, post = restored
    before = sums(app)

    send(app, post)
    send(app, post)

    assert post.copies.total() == READERS + 1
    assert set(post.copies.values()) == {1}
    assert sums(app) == before
    assert hold(app).why is Why.RESTORED


@pytest.mark.parametrize("choice", [Choice.IN_DOUBT, Choice.ACCEPTED, Choice.STOP])
def test_nobody_gets_a_second_copy_after_takeover(
    restored: tuple[App, Post], choice: Choice
) -> None:
    app, post = restored
    held = list_held(app)
    assert [each.name for each in held.issues] == [ISSUE]
    assert held.notices == 1
    pending = held.issues[0].sums.open

    changed = take_over(app, held, {ISSUE: choice}, send_letters=False)
    send(app, post)

    assert changed == {ISSUE: pending}
    assert set(post.copies.values()) == {1}
    found = sums(app)
    assert found.balanced
    assert found.open == 0
    kept = {
        Choice.IN_DOUBT: found.uncertain,
        Choice.ACCEPTED: found.accepted - (READERS - pending),
        Choice.STOP: found.skipped,
    }
    assert kept[choice] == pending
    assert hold(app) is None


def test_going_on_sends_what_was_open_again(restored: tuple[App, Post]) -> None:
    app, post = restored
    held = list_held(app)
    pending = held.issues[0].sums.open

    take_over(app, held, read_choices([f"{ISSUE}=go-on"], held), send_letters=True)
    send(app, post)

    doubled = sum(count == 2 for count in post.copies.values())
    assert doubled == pending + 1  # and the letter
    assert sums(app).accepted == READERS


def test_copy_whose_moment_has_not_come_is_not_in_doubt(
    restored: tuple[App, Post], clock: FixedClock
) -> None:
    app, post = restored
    later = clock.now() + timedelta(hours=3)
    with app.db.write() as session:
        waiting = session.scalars(
            select(Delivery).where(Delivery.state == DeliveryState.PENDING)
        ).first()
        waiting.not_before = waiting.next_at = later
        session.execute(text("UPDATE chunks SET lease_until = NULL, owner = NULL"))
    held = list_held(app)
    take_over(app, held, read_choices([], held), send_letters=False)
    assert sums(app).pending == 1

    send(app, post)
    assert set(post.copies.values()) == {1}
    clock.advance(timedelta(hours=4))
    send(app, post)

    assert sums(app).pending == 0
    assert sums(app).balanced


def test_evidence_settles_what_takeover_left_in_doubt(
    restored: tuple[App, Post], clock: FixedClock
) -> None:
    app, _ = restored
    held = list_held(app)
    take_over(app, held, read_choices([], held), send_letters=False)

    clock.advance(SETTLING + timedelta(minutes=1))
    with app.db.write() as session:
        issue = session.scalars(select(Issue)).one()
        doubts = list_doubts(session, issue.id)
        sent, unsent = doubts[0].delivery_id, doubts[1].delivery_id
        now = clock.now()
        apply_evidence(session, Evidence(sent, EvidenceKind.ACCEPTED, "log", now), now)
        apply_evidence(session, Evidence(unsent, EvidenceKind.UNKNOWN_TO_RELAY, "log", now), now)
        states = dict(session.execute(select(Delivery.id, Delivery.state)).all())

    assert states[sent] is DeliveryState.ACCEPTED
    assert states[unsent] is DeliveryState.PENDING
    assert doubts[0].relay == "main"


def test_no_policy_sends_again_what_takeover_left_in_doubt(
    restored: tuple[App, Post], clock: FixedClock
) -> None:
    app, post = restored
    held = list_held(app)
    take_over(app, held, read_choices([], held), send_letters=False)
    object.__setattr__(app.config.delivery, "uncertain", "resend")

    clock.advance(timedelta(days=2))
    send(app, post)

    assert set(post.copies.values()) == {1}


def test_new_letters_leave_and_old_ones_wait(restored: tuple[App, Post]) -> None:
    app, post = restored
    put_letter(app, "later@example.org")

    asyncio.run(app.notices.send_waiting())
    post.collect(app)

    assert post.copies["later@example.org"] == 1
    assert post.copies["new@example.org"] == 1


def test_requests_of_before_wait_and_new_ones_are_answered(restored: tuple[App, Post]) -> None:
    app, _ = restored
    ask_for_settings(app)

    asyncio.run(tick_once(app))

    with app.db.read() as session:
        assert len(list_requests(session, 9)) == 1
    held = list_held(app)
    assert held.requests == 1
    take_over(app, held, read_choices([], held), send_letters=False)
    with app.db.read() as session:
        assert list_requests(session, 9) == []


def test_reader_leaves_while_everything_is_held(restored: tuple[App, Post]) -> None:
    app, _ = restored

    Newsroom(app).unsubscribe("reader0@example.org")

    assert hold(app) is not None


@pytest.fixture
def half(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[tuple[App, Post]]:
    """A newsroom whose issue has half left, in a file."""
    post = Post()
    with (
        place(request, "sqlite", tmp_path / "room") as config,
        open_app(config, clock=clock) as app,
    ):
        send(app, post, most=READERS // 2)
        assert 0 < sums(app).pending < READERS
        yield app, post


def test_older_file_put_back_by_hand_is_noticed(
    half: tuple[App, Post], tmp_path: Path, clock: FixedClock
) -> None:
    """Not one moment passes, no tick is between: the dots alone tell."""
    app, post = half
    copy_store(app, tmp_path / "copy.db")
    asyncio.run(app.sender.drain(asyncio.Event(), until_idle=True))
    post.collect(app)
    app.close()
    for end in ("", "-wal", "-shm"):
        app.db.file.with_name(f"{app.db.file.name}{end}").unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "copy.db", app.db.file)

    with open_app(app.path, clock=clock) as again:
        send(again, post)

        assert hold(again).why is Why.OLDER
        assert hold(again).everywhere
    assert set(post.copies.values()) == {1}
    assert post.copies.total() == READERS


def test_copied_folder_is_held_and_the_original_goes_on(
    half: tuple[App, Post], tmp_path: Path, clock: FixedClock
) -> None:
    app, post = half
    app.db.empty_log()
    shutil.copytree(tmp_path / "room", tmp_path / "copy")

    with open_app(tmp_path / "copy" / "config.toml", clock=clock) as copy:
        send(copy, post)
        assert hold(copy).why is Why.STRANGE
    send(app, post)

    assert post.copies.total() == READERS
    assert set(post.copies.values()) == {1}
    assert Newsroom(app).state(ISSUE) == "sent"


def test_file_copied_without_the_marker_is_held(
    half: tuple[App, Post], tmp_path: Path, clock: FixedClock
) -> None:
    app, post = half
    before = post.copies.total()
    copy_store(app, tmp_path / "copy.db")
    (tmp_path / "elsewhere").mkdir()
    for name in ("config.toml", "keys.toml"):
        shutil.copy(tmp_path / "room" / name, tmp_path / "elsewhere")
    shutil.copyfile(tmp_path / "copy.db", tmp_path / "elsewhere" / "digest.db")

    with open_app(tmp_path / "elsewhere" / "config.toml", clock=clock) as copy:
        send(copy, post)
        send(copy, post)

        assert hold(copy).why is Why.STRANGE
    assert post.copies.total() == before


def test_instance_set_back_to_a_snapshot_is_held_after_a_day(
    half: tuple[App, Post], clock: FixedClock
) -> None:
    app, post = half
    before = post.copies.total()
    app.close()
    clock.advance(timedelta(hours=25))

    with open_app(app.path, clock=clock) as again:
        send(again, post)

        assert hold(again).why is Why.SILENT
    assert post.copies.total() == before


def test_restarted_instance_is_not_held(half: tuple[App, Post], clock: FixedClock) -> None:
    app, post = half
    app.close()
    clock.advance(timedelta(hours=20))

    with open_app(app.path, clock=clock) as again:
        send(again, post)

        assert hold(again) is None
    assert post.copies.total() == READERS


def test_upgraded_instance_is_at_home_where_it_is(
    half: tuple[App, Post], clock: FixedClock
) -> None:
    """One from before homes were known: no row, and no file."""
    app, post = half
    path, store = app.path, app.db.file
    app.close()
    store.with_name("digest.db-home").unlink()
    with sqlite3.connect(store) as connection:
        connection.execute("DELETE FROM instance WHERE name LIKE 'home:%' OR name = 'instance_id'")
    connection.close()

    with open_app(path, clock=clock) as again:
        send(again, post)

        assert hold(again) is None
    assert post.copies.total() == READERS


def test_new_database_in_an_old_place_is_at_home(half: tuple[App, Post], clock: FixedClock) -> None:
    app, _ = half
    send(app, Post())
    path, store = app.path, app.db.file
    app.close()
    for end in ("", "-wal", "-shm"):
        store.with_name(f"digest.db{end}").unlink(missing_ok=True)

    with open_app(path, clock=clock, fresh=True) as again:
        again.prepare_store()
        again.sender.tick()

        assert hold(again) is None


def test_clone_on_a_server_is_held_and_a_second_machine_joins(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock, postgres_server: Any
) -> None:
    post = Post()
    with place(request, "postgres", tmp_path / "a") as config:
        with open_app(config, clock=clock) as first:
            send(first, post, most=READERS // 2)
            url = first.config.database.url
        before = post.copies.total()
        with postgres_server.database(template=postgres_server.name_in(url)) as clone:
            rewrite(config, url, clone)
            with open_app(config, clock=clock) as app:
                send(app, post)
                assert hold(app).why is Why.STRANGE  # another database, from the same place
            rewrite(config, clone, url)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
        with open_app(tmp_path / "b" / "config.toml", clock=clock) as second:
            send(second, post)
            assert hold(second).why is Why.STRANGE
            assert post.copies.total() == before
            join(second)
            send(second, post)
            assert hold(second) is None
        with open_app(config, clock=clock) as first:
            assert hold(first) is None
    assert post.copies.total() == READERS
    assert set(post.copies.values()) == {1}


def test_server_set_back_is_noticed_by_whoever_was_ahead(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> None:
    """Its rows are older than the dots that this place was allowed."""
    post = Post()
    with place(request, "postgres", tmp_path / "a") as config, open_app(config, clock=clock) as app:
        send(app, post, most=READERS // 2)
        with app.db.write() as session:
            session.execute(text("CREATE TABLE older AS SELECT * FROM deliveries"))
        send(app, post)
        with app.db.write() as session:
            session.execute(text("DELETE FROM deliveries"))
            session.execute(text("INSERT INTO deliveries SELECT * FROM older"))
            session.execute(text("UPDATE issues SET state = 'sending', sent_at = NULL"))
            session.execute(text("UPDATE chunks SET next_at = now() - interval '1 year'"))

        send(app, post)

        assert hold(app).why is Why.OLDER
    assert post.copies.total() == READERS
    assert set(post.copies.values()) == {1}
