"""A request is kept sealed, in the order of asking, and answered by one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from digest.db import Database
from digest.errors import BadInput
from digest.models import ConsentText, Newsletter, ReaderRequest, RequestKind
from digest.sealed import Sealer
from digest.subscribers.door.requests import Asked, list_requests, put_request, take_request

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)


@pytest.fixture
def newsletter_id(any_db: Database) -> int:
    with any_db.write() as session:
        row = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
        session.add(row)
        session.flush()
        return row.id


def asked(newsletter_id: int, address: str = "Anna@Example.org", **more: str) -> Asked:
    return Asked(RequestKind.JOIN, newsletter_id, address, "page", **more)


def test_request_is_kept_sealed(any_db: Database, sealer: Sealer, newsletter_id: int) -> None:
    wanted = asked(newsletter_id, name="Anna", wording="Send it.", policy="We keep little.")
    with any_db.write() as session:
        put_request(session, sealer, wanted, NOW)

    with any_db.read() as session:
        [row] = list_requests(session, 10)
        texts = set(session.scalars(select(ConsentText.wording)))
    assert sealer.open(row.address_sealed) == "Anna@example.org"
    assert row.name_sealed is not None
    assert sealer.open(row.name_sealed) == "Anna"
    assert b"nna" not in row.address_sealed + row.name_sealed
    assert texts == {"Send it.", "We keep little."}


@pytest.mark.parametrize(
    "wrong",
    [{"address": "no address"}, {"language": "!"}, {"timezone": "Mars/Olympus"}],
)
def test_request_that_cannot_be_answered_is_refused(
    any_db: Database, sealer: Sealer, newsletter_id: int, wrong: dict[str, str]
) -> None:
    with any_db.write() as session, pytest.raises(BadInput):
        put_request(session, sealer, asked(newsletter_id, **wrong), NOW)

    with any_db.read() as session:
        assert session.scalars(select(ReaderRequest)).all() == []


def test_oldest_request_comes_first(any_db: Database, sealer: Sealer, newsletter_id: int) -> None:
    with any_db.write() as session:
        for number in range(3):
            put_request(session, sealer, asked(newsletter_id, f"r{number}@example.org"), NOW)

    with any_db.read() as session:
        found = [sealer.open(row.address_sealed) for row in list_requests(session, 2)]
    assert found == ["r0@example.org", "r1@example.org"]


def test_request_is_taken_once(any_db: Database, sealer: Sealer, newsletter_id: int) -> None:
    with any_db.write() as session:
        put_request(session, sealer, asked(newsletter_id), NOW)
        [row] = list_requests(session, 1)
        taken = [take_request(session, row.id), take_request(session, row.id)]

    assert taken == [True, False]
