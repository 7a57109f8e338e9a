"""Relays as the doctor meets them: real conversations, with certificates good and bad."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import SystemClock
from digest.delivery.smtp.envelopes import Extensions
from digest.delivery.smtp.survey import Survey
from digest.operations.doctor.findings import Finding
from digest.operations.doctor.relays import judge_certificate, judge_offers
from digest.testing import LoopbackCertificate, MailServer
from digest.testing.newsroom import open_newsroom
from tests.operations.doctor.conftest import ask, levels, texts

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def asked(tmp_path: Path):
    """Ask a relay of these options on loopback."""

    def look(port: int, *lines: str, id: str = "RELAY-2") -> list[Finding]:
        relay = "\n".join(('backend = "smtp"', 'host = "127.0.0.1"', f"port = {port}", *lines))
        with open_newsroom(tmp_path, SystemClock(), relay=relay) as room:
            return ask(room, id)

    return look


@pytest.mark.parametrize(
    ("days", "address", "trusted", "level", "words"),
    [
        (90, "127.0.0.1", True, "ok", "the certificate ends in 89 days"),
        (10, "127.0.0.1", True, "warn", "the certificate ends in 9 days"),
        (1, "127.0.0.1", True, "error", "the certificate ends in 0 days"),
        (-1, "127.0.0.1", True, "error", "certificate has expired"),
        (90, "127.0.0.2", True, "error", "IP address mismatch"),
        (90, "127.0.0.1", False, "error", "certificate verify failed"),
    ],
)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate(
    tmp_path, asked, security, days: float, address: str, trusted: bool, level: str, words: str
) -> None:
    made = LoopbackCertificate(tmp_path, days=days, address=address)
    trust = f'ca_file = "{made.file}"' if trusted else ""

    with MailServer(tls=made.server, implicit=security == "tls") as server:
        found = asked(server.port, f'security = "{security}"', trust)

    worst = max(found, key=lambda one: one.level.rank)
    assert worst.level == level, found
    assert words in "\n".join(one.text for one in found)
    if level == "error":
        assert "certificate" in worst.hint or "renew" in worst.hint
    assert server.received == []  # no mail, whatever was found


def test_log_in_is_tried(tmp_path, asked) -> None:
    made = LoopbackCertificate(tmp_path, days=90)
    options = (f'ca_file = "{made.file}"', 'username = "friday"')

    with MailServer(tls=made.server, credentials=("friday", "right")) as server:
        good = asked(server.port, *options, 'password = "right"')
        bad = asked(server.port, *options, 'password = "wrong"')

    assert levels(good) == {"ok"}
    assert good[0].text == f"relays.main: 127.0.0.1:{server.port} answers as mail.test, logged in"
    assert levels(bad) == {"error"}
    assert "535" in bad[0].text
    assert "wrong" not in bad[0].text
    assert bad[0].hint.startswith("correct username and password")


def test_relay_without_starttls_is_an_error(asked) -> None:
    with MailServer() as server:
        (found,) = asked(server.port)

    assert found.level == "error"
    assert "offers no STARTTLS" in found.hint


def test_relay_that_is_not_there_is_an_error(asked) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (found,) = asked(taken.getsockname()[1])

    assert found.level == "error"
    assert found.hint.startswith("correct host and port")


def test_plain_relay_on_this_machine_is_well(asked) -> None:
    with MailServer() as server:
        found = asked(server.port, 'security = "none"')

    assert [(one.level, one.text) for one in found] == [
        ("ok", f"relays.main: 127.0.0.1:{server.port} answers as mail.test, no log-in needed")
    ]


@contextlib.contextmanager
def mute() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_check_that_waits_for_ever_is_given_up_in_time(tmp_path) -> None:
    from digest.operations.doctor.case import Case
    from digest.operations.doctor.registry import select
    from digest.operations.doctor.run import examine

    with mute() as port:
        relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}'
        with open_newsroom(tmp_path, SystemClock(), relay=relay) as room:
            began = time.monotonic()
            found = examine(Case(room.app), select(["RELAY-2"]), online=True, within=0.3)

    assert time.monotonic() - began < 3
    (one,) = found.findings
    assert (one.id, one.level, one.text) == (
        "RELAY-2",
        "warn",
        "no full answer within 0.3 seconds",
    )
    assert threading.active_count() < 50


def test_offers_of_a_real_server_are_listed(asked) -> None:
    with MailServer(pipelining=True, smtputf8=True) as server:
        found = asked(server.port, 'security = "none"', id="RELAY-3")

    assert "PIPELINING" in texts(found, "ok")
    assert "SMTPUTF8" in texts(found, "ok")
    assert texts(found, "note").splitlines() == [
        "relays.main: no DSN: failures are reported as the relay likes"
    ]


def offers(limits: dict[str, int] | None = None, **offered: object) -> Survey:
    whole = {"pipelining": True, "smtputf8": True, "dsn": True, **offered}
    extensions = Extensions(**whole)  # type: ignore[arg-type]
    return Survey("r:25", "r", extensions, (), limits or {}, (), False, "", None)


@pytest.mark.parametrize(
    ("survey", "level", "words"),
    [
        (offers(), "ok", "nothing beyond plain SMTP"),
        (offers(pipelining=False), "note", "no PIPELINING"),
        (offers(smtputf8=False), "note", "no SMTPUTF8"),
        (offers(dsn=False), "note", "no DSN"),
        (offers(size_offered=True, size=100_000), "warn", "at most 100,000 octets"),
        (offers(size_offered=True, size=50_000_000), "ok", ""),
        (offers({"MAILMAX": 20}), "warn", "20 messages on one connection"),
        (offers({"MAILMAX": 500}), "ok", ""),
    ],
)
def test_what_a_relay_lacks_is_told(survey: Survey, level: str, words: str) -> None:
    worst = max(judge_offers("relays.main", survey, 100), key=lambda said: said.level.rank)

    assert worst.level == level
    assert words in worst.text


def test_certificate_is_judged_by_the_days_that_are_left() -> None:
    said = [judge_certificate("x", NOW + timedelta(days=days), NOW) for days in (2, 13, 14, 80)]

    assert [one.level.value for one in said] == ["error", "warn", "ok", "ok"]
