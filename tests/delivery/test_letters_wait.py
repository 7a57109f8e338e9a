"""A letter is not lost because our own set-up is wrong, and never silently."""

import logging
from datetime import timedelta

from sqlalchemy import select

from digest.config import DkimConfig
from digest.delivery.dkim.keys import KeyType, new_private_key, write_private_key
from digest.delivery.outcome import Rejected
from digest.models import Notice, NoticeState
from digest.outbox import NoticeText, enqueue
from digest.testing.newsroom import open_newsroom


def put_in(app, address: str) -> None:
    with app.db.write() as session:
        enqueue(
            session, app.sealer, kind="confirm", newsletter_slug="weekly", address=address,
            text=NoticeText("Please confirm", "…"), dedupe_key=address, now=app.clock.now(),
        )  # fmt: skip


def kept(app) -> Notice:
    with app.db.read() as session:
        return session.scalars(select(Notice)).one()


def test_letter_waits_for_a_signing_key_that_is_missing(tmp_path, clock, run, caplog) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        app, file = newsroom.app, tmp_path / "dkim.pem"
        (weekly,) = app.config.newsletters
        key = DkimConfig(selector="friday", key_file=file)
        app.config = app.config.model_copy(
            update={"newsletters": [weekly.model_copy(update={"dkim": [key]})]}
        )
        put_in(app, "anna@example.org")
        with caplog.at_level(logging.ERROR):
            assert run(app.notices.send_waiting()) == 0
        waiting = kept(app)

        write_private_key(file, new_private_key(KeyType.ED25519))
        clock.advance(timedelta(minutes=20))
        assert run(app.notices.send_waiting()) == 1
        sent = kept(app)

    assert (waiting.state, waiting.attempts) == (NoticeState.WAITING, 0)
    assert "a letter cannot be made, and waits" in caplog.text
    assert "anna" not in caplog.text
    assert sent.state is NoticeState.ACCEPTED


def test_letter_that_is_given_up_is_in_the_log(tmp_path, clock, run, caplog) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.backend.script(lambda _: True, Rejected(550, "5.1.1 nobody"), at="stage")
        put_in(newsroom.app, "anna@example.org")
        with caplog.at_level(logging.WARNING):
            assert run(newsroom.app.notices.send_waiting()) == 0
        given_up = kept(newsroom.app)

    assert given_up.state is NoticeState.FAILED
    assert "a letter is given up" in caplog.text
