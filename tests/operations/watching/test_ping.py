"""The dead man's ping, asked for over real HTTP: only while all goes well."""

import shutil
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import delete

from digest.errors import BackendDown
from digest.models import Slot
from digest.operations.watching.ping import EVERY_SECONDS, Ping, Ticks, list_open_work, wants_ping
from digest.operations.watching.pulses import Pulses
from digest.operations.watching.troubles import list_troubles
from digest.outbox import NoticeText, enqueue
from digest.scheduler import tick_once
from digest.testing.newsroom import open_newsroom

SECRET = "8c2f1e0b-weekly"


class Probe(HTTPServer):
    """A service that misses pings; keeps the paths that were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.paths: list[str] = []
        self.status = 200


class Asked(BaseHTTPRequestHandler):
    server: Probe

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def probe() -> Iterator[Probe]:
    with Probe() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def house(tmp_path, clock, probe, migrated_file):
    url = f"http://127.0.0.1:{probe.server_port}/{SECRET}"
    watching = f'[watching]\nping_url_file = "ping"\nfail_url = "{url}/fail"\n\n[preflight]'
    fetch = '[fetch]\nallow_networks = ["127.0.0.0/8"]\n\n'
    folder = tmp_path / "newsroom"
    folder.mkdir()
    shutil.copyfile(migrated_file, folder / "digest.db")
    (folder / "ping").write_text(f"{url}\n")
    with open_newsroom(folder, clock, more={"[preflight]": fetch + watching}) as newsroom:
        newsroom.app.sender.tick()
        yield newsroom


@pytest.fixture
def ping(house, clock) -> tuple[Ping, Ticks, Pulses]:
    ticks, pulses = Ticks(), Pulses(clock.monotonic)
    return Ping(house.app, ticks, pulses), ticks, pulses


def test_ping_follows_a_tick_and_at_most_once_a_minute(ping, probe, clock) -> None:
    sender, ticks, _ = ping
    asked = []
    for seconds in (0, 1, EVERY_SECONDS, 1):
        clock.advance(timedelta(seconds=seconds))
        if seconds:
            ticks.end(clock.monotonic(), good=True)
        sender.send()
        asked.append(len(probe.paths))

    assert asked == [0, 1, 2, 2]
    assert set(probe.paths) == {f"/{SECRET}"}


def test_ticks_that_end_no_more_bring_no_ping(ping, probe, clock) -> None:
    sender, ticks, _ = ping
    ticks.end(clock.monotonic(), good=True)
    for _ in range(3):
        sender.send()
        clock.advance(timedelta(seconds=EVERY_SECONDS))

    assert len(probe.paths) == 1


def _bad_tick(house, ticks, pulses, clock) -> None:
    ticks.end(clock.monotonic(), good=False)


def _hanging_loop(house, ticks, pulses, clock) -> None:
    pulses.expect("drain main", 60)
    clock.advance(timedelta(seconds=61))


def _no_slots(house, ticks, pulses, clock) -> None:
    with house.app.db.write() as session:
        session.execute(delete(Slot))


def _due_slot(house, ticks, pulses, clock) -> None:
    clock.advance(timedelta(minutes=7))


def _alert_that_waits(house, ticks, pulses, clock) -> None:
    text, before = NoticeText("Trouble", "…"), clock.now() - timedelta(hours=2)
    with house.app.db.write() as session:
        enqueue(
            session, house.app.sealer, kind="alert", newsletter_slug="weekly",
            address="a@b.example", text=text, dedupe_key="1", now=before,
        )  # fmt: skip


@pytest.mark.parametrize(
    "harm", [_bad_tick, _hanging_loop, _no_slots, _due_slot, _alert_that_waits]
)
def test_whatever_is_wrong_asks_for_the_other_address(house, ping, probe, clock, harm) -> None:
    sender, ticks, pulses = ping
    ticks.end(clock.monotonic(), good=True)
    harm(house, ticks, pulses, clock)
    sender.send()

    assert probe.paths == [f"/{SECRET}/fail"]


@pytest.mark.parametrize("status", [404, 500])
def test_answer_that_is_none_is_logged_without_the_secret(ping, probe, clock, caplog, status):
    sender, ticks, _ = ping
    probe.status = status
    ticks.end(clock.monotonic(), good=True)
    sender.send()

    [record] = [record for record in caplog.records if "ping" in record.message]
    assert record.fields == {"status": status}
    assert SECRET not in caplog.text


def test_tick_by_hand_pings_at_its_end(house, probe, run) -> None:
    run(tick_once(house.app))

    assert probe.paths == [f"/{SECRET}"]


def test_tick_by_hand_whose_relay_is_down_tells_of_it_and_fails(house, probe, run) -> None:
    house.subscribe("anna@example.org")
    house.ready(date(2026, 11, 27))
    house.backend.down = "connection refused"

    with pytest.raises(BackendDown):
        run(tick_once(house.app))

    assert probe.paths == [f"/{SECRET}/fail"]
    with house.app.db.read() as session:
        assert ("relay-down", "main") in list_troubles(session)


def test_nothing_is_asked_for_by_default(newsroom) -> None:
    assert not wants_ping(newsroom.app)


def test_healthy_newsroom_has_no_open_work(house, clock) -> None:
    with house.app.db.read() as session:
        assert list_open_work(house.app, session, clock.now()) == []
