"""/metrics as Prometheus reads it: true, quick, on a listener of its own, and about nobody."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from digest.config import WatchingConfig, check
from digest.curation.newsletters import seed_newsletters
from digest.delivery.outcome import Rejected
from digest.errors import ConfigError
from digest.operations.watching.metrics import serving_metrics
from digest.operations.watching.watch import Watcher
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)
READERS = [f"reader{number}@example.org" for number in range(3)]


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def scraped(newsroom: Newsroom, **settings: object) -> Iterator[str]:
    """Serve the newsroom's metrics; yields their address."""
    config = newsroom.app.config
    more = {"metrics_port": free_port(), **settings}
    watching = config.watching.model_copy(update=more)
    newsroom.app.config = config.model_copy(update={"watching": watching})
    with serving_metrics(newsroom.app) as port:
        yield f"http://127.0.0.1:{port}/metrics"


@pytest.fixture
def figures(newsroom) -> Iterator[Callable[..., float]]:
    """Return one figure by its name, without our prefix, and its labels."""
    with scraped(newsroom) as url:

        def read(name: str, **labels: str) -> float:
            for family in text_string_to_metric_families(httpx.get(url).text):
                for sample in family.samples:
                    if sample.name == f"friday_{name}" and sample.labels == labels:
                        return sample.value
            raise LookupError(f"{name} {labels} is not there")

        yield read


def test_a_friday_in_figures(newsroom, figures, run, clock) -> None:
    app = newsroom.app
    newsroom.subscribe(*READERS)
    newsroom.backend.script(lambda envelope: envelope.rcpt_to == READERS[0], Rejected(550, "no"))
    newsroom.draft(FRIDAY)
    newsroom.approve("weekly/1")
    app.sender.tick()
    before = figures("next_slot_due_timestamp_seconds", newsletter="weekly")
    approved = figures("next_slot_approved", newsletter="weekly")
    clock.advance(timedelta(minutes=2))
    overdue = figures("slot_overdue_seconds", newsletter="weekly")
    app.sender.tick()
    pending = figures("copies", newsletter="weekly", issue="open", outcome="pending")
    run(tick_once(app))
    copies = {
        outcome: figures("copies", newsletter="weekly", issue="last", outcome=outcome)
        for outcome in ("pending", "accepted", "rejected", "uncertain")
    }

    assert (approved, overdue, pending) == (1, 60, 3)
    assert before == clock.now().replace(hour=7, minute=0).timestamp()
    assert copies == {"pending": 0, "accepted": 2, "rejected": 1, "uncertain": 0}
    assert figures("issues", newsletter="weekly", state="sent") == 1
    assert figures("last_slot", newsletter="weekly", state="fired") == 1
    assert figures("last_slot_lateness_seconds", newsletter="weekly") == 60
    assert figures("subscriptions", newsletter="weekly", state="active") == 3
    assert figures("suppressions", reason="bounced") == 0
    assert figures("readers", newsletter="weekly") == 3


def test_signs_of_life_and_what_is_wrong(newsroom, figures, clock) -> None:
    nobody = figures("processes", role="scheduler")
    newsroom.app.beat("scheduler")
    alive = figures("processes", role="scheduler")
    clock.advance(timedelta(minutes=5))
    for _ in range(2):
        Watcher(newsroom.app).look()

    assert (nobody, alive) == (0, 1)
    assert figures("heartbeat_age_seconds", role="scheduler") == 300
    assert figures("troubles", kind="keys-not-copied") == 1
    assert figures("troubles", kind="relay-down") == 0
    assert figures("relay_down_seconds", relay="main") == 0
    assert figures("keys_copied") == 0
    assert figures("disk_free_bytes", place="database") > 0
    assert figures("database_bytes") > 100_000


def test_store_that_cannot_be_read_is_a_figure_too(newsroom, figures) -> None:
    with newsroom.app.db.alter() as connection:
        connection.exec_driver_sql("DROP TABLE instance")

    assert figures("store_usable") == 0


def test_figures_of_every_database(any_db, newsroom) -> None:
    newsroom.app.db.close()
    newsroom.app.db = any_db
    with any_db.write() as session:
        seed_newsletters(session, newsroom.app.config.newsletters, now=newsroom.app.clock.now())
    with scraped(newsroom) as url:
        said = httpx.get(url).text

    assert "friday_store_usable 1.0" in said
    assert 'friday_issues{newsletter="weekly",state="draft"} 0.0' in said


def test_no_figure_names_a_reader(newsroom, run) -> None:
    newsroom.subscribe("zebulon@quimby.example", name="Zebulon")
    newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    with scraped(newsroom) as url:
        said = httpx.get(url).text.lower()

    assert "zebulon" not in said
    assert "quimby" not in said
    assert "@" not in said


def test_token_is_asked_for_and_read_anew(newsroom, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    with scraped(newsroom, metrics_token_file=file) as url:
        answers = [
            httpx.get(url, headers=headers).status_code
            for headers in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": "Bearer first"},
            )
        ]
        file.write_text("second\n")
        answers.append(httpx.get(url, headers={"Authorization": "Bearer second"}).status_code)

    assert answers == [401, 401, 200, 200]


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/metrics"), ("GET", "/u/x")])
def test_nothing_else_is_answered_there(newsroom, method: str, path: str) -> None:
    with scraped(newsroom) as url:
        answer = httpx.request(method, url.removesuffix("/metrics") + path)

    assert (answer.status_code, answer.text) == (404, "")


def test_port_that_is_taken_is_one_clear_line(newsroom) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        said = f"watching: cannot listen on 127.0.0.1 port {port}"
        with pytest.raises(ConfigError, match=said), scraped(newsroom, metrics_port=port):
            pass


def test_host_that_others_reach_wants_a_token() -> None:
    with pytest.raises(ConfigError, match="metrics_token_file: needed where metrics_host"):
        check(WatchingConfig, {"metrics_port": 9464, "metrics_host": "192.0.2.1"}, where="here")
