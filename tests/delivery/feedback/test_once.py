"""A token of a signature counts once, until its time is over anyway."""

from datetime import UTC, datetime, timedelta

from digest.db import Database
from digest.delivery.feedback.once import forget_tokens, use_token

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)


def test_token_counts_once_for_a_provider(any_db: Database) -> None:
    with any_db.write() as session:
        used = [use_token(session, who, "t", NOW) for who in ("mailgun", "mailgun", "other")]

    assert used == [True, False, True]


def test_old_tokens_are_forgotten_and_young_ones_kept(any_db: Database) -> None:
    with any_db.write() as session:
        use_token(session, "mailgun", "old", NOW - timedelta(hours=9))
        use_token(session, "mailgun", "young", NOW - timedelta(hours=7))
        forget_tokens(session, NOW - timedelta(hours=8))

        assert use_token(session, "mailgun", "old", NOW)
        assert not use_token(session, "mailgun", "young", NOW)
