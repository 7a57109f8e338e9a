"""Proofs are counted by editor, all of a lot or none, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.db import Database
from digest.editors.proofs import PROOFS, count_proofs
from digest.errors import Refused
from digest.sealed import Sealer

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


def count(db: Database, sealer: Sealer, editor_id: int, how_many: int, now: datetime) -> None:
    with db.write() as session:
        count_proofs(session, sealer, editor_id, how_many, now)


def test_lot_that_is_too_many_counts_for_nothing(any_db: Database, sealer: Sealer) -> None:
    count(any_db, sealer, 1, PROOFS.most - 1, NOW)
    with pytest.raises(Refused, match="20 proofs an hour are the most"):
        count(any_db, sealer, 1, 2, NOW)
    count(any_db, sealer, 1, 1, NOW)
    with pytest.raises(Refused):
        count(any_db, sealer, 1, 1, NOW)


def test_others_and_later_hours_have_their_own(any_db: Database, sealer: Sealer) -> None:
    count(any_db, sealer, 1, PROOFS.most, NOW)
    count(any_db, sealer, 2, PROOFS.most, NOW)
    count(any_db, sealer, 1, PROOFS.most, NOW + timedelta(hours=1))
