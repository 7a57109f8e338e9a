"""Finding readers by a part of their address: every page, nobody missed, nothing else opened."""

from datetime import UTC, datetime

import pytest

from digest.db import Database
from digest.errors import BadInput
from digest.models import Subscriber
from digest.sealed import Sealer
from digest.subscribers import scan
from digest.subscribers.scan import Match, clean_term, count_subscribers, scan_page

NOW = datetime(2026, 11, 27, tzinfo=UTC)


def fill(db: Database, sealer: Sealer, addresses: list[str]) -> None:
    with db.write() as session:
        for number, address in enumerate(addresses):
            session.add(
                Subscriber(
                    public_id=f"reader{number}",
                    address_index=sealer.index(address),
                    address_sealed=sealer.seal(address),
                    created_at=NOW,
                )
            )


def find(db: Database, sealer: Sealer, term: str) -> tuple[list[Match], int]:
    """Scan all pages; return what was found and how many were looked at."""
    found, looked_at, after = [], 0, 0
    while page := scan_page(db, sealer, term, after):
        found += page.found
        looked_at += page.looked_at
        after = page.last
    return found, looked_at


def test_every_page_is_looked_at(any_db: Database, sealer: Sealer) -> None:
    number = 2 * scan.PAGE_ROWS + 3
    fill(any_db, sealer, [f"r{each}@example.org" for each in range(number)])
    last = number - 1
    found, looked_at = find(any_db, sealer, f"r{last}@")

    assert looked_at == number
    assert found == [Match(f"reader{last}", f"r{last}@example.org")]
    with any_db.read() as session:
        assert count_subscribers(session) == number


def test_any_part_is_found_whatever_its_case(any_db: Database, sealer: Sealer) -> None:
    fill(any_db, sealer, ["Anna.Berg@example.org", "ben@example.net"])
    for part in ("ANNA", "a.ber", "berg@ex", "ample.org"):
        found, _ = find(any_db, sealer, clean_term(f" {part}\n"))
        assert [match.public_id for match in found] == ["reader0"]
    found, _ = find(any_db, sealer, clean_term("ple.n"))
    assert [match.public_id for match in found] == ["reader1"]


@pytest.mark.parametrize("sign", ["%@%", "_nna", "anna' OR 1=1 --", "a\\b"])
def test_term_is_no_pattern(any_db: Database, sealer: Sealer, sign: str) -> None:
    fill(any_db, sealer, ["anna@example.org"])
    assert find(any_db, sealer, clean_term(sign))[0] == []


@pytest.mark.parametrize("text", ["", "  ", "an", "\0", "a" * 255])
def test_term_that_most_addresses_have_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        clean_term(text)
