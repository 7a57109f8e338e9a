"""How long those who carry copies keep who got one."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.operations.doctor.retention import judge_logs, judge_queue, oldest_mail_log
from tests.operations.doctor.conftest import EARNEST, Said

NOW = datetime(2026, 11, 27, tzinfo=UTC)
NEUTRAL = {
    "The Harbour Courier": "Letters",
    "[[newsletters]]": '[[newsletters]]\nguarded = true\nguarded_names = ["harbour"]\n'
    'public_url = "https://news.courier.example"',
}


def test_oldest_log_is_found(tmp_path: Path) -> None:
    assert oldest_mail_log(tmp_path) is None
    for name, days in (("mail.log", 0), ("mail.log.1", 6), ("mail.log.2.gz", 20), ("syslog", 99)):
        (tmp_path / name).write_text("x")
        at = (NOW - timedelta(days=days)).timestamp()
        os.utime(tmp_path / name, (at, at))

    assert oldest_mail_log(tmp_path) == NOW - timedelta(days=20)


@pytest.mark.parametrize(("days", "levels"), [(2, ["ok"]), (20, ["warn"]), (None, [])])
def test_logs(days: int | None, levels: list[str]) -> None:
    oldest = None if days is None else NOW - timedelta(days=days)

    assert [said.level.value for said in judge_logs(oldest, NOW)] == levels


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ("", 0),
        ("maximal_queue_lifetime = 2d", 0),
        ("maximal_queue_lifetime = 2w\nbounce_queue_lifetime=10d", 2),
        ("maximal_queue_lifetime = 30", 1),
        ("bounce_queue_lifetime = 240h", 1),
        ("# maximal_queue_lifetime = 2w", 0),
    ],
)
def test_queue(lines: str, count: int) -> None:
    assert len(list(judge_queue(lines))) == count


def test_guarded_newsletter_through_a_provider_is_noted(said: Said) -> None:
    relay = 'backend = "smtp"\nhost = "smtp.relay.example"'

    guarded = said("RELAY-4", NEUTRAL, relay=relay)

    assert [one.level.value for one in guarded] == ["note"]


def test_other_newsletters_are_not_asked_about_it(said: Said) -> None:
    relay = 'backend = "smtp"\nhost = "smtp.relay.example"'

    assert said("RELAY-4", EARNEST, relay=relay) == []
