"""Somebody can always say who may come in; sessions that are over are forgotten."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.correspondence.forgetting import forget_old
from digest.editors.accounts import add_editor, set_active, set_password, set_role
from digest.editors.passwords import hash_password
from digest.editors.sessions import IDLE, open_session
from digest.errors import Conflict
from digest.models import DeskSession, Editor, Role
from digest.testing.newsroom import Newsroom, open_newsroom


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as opened:
        yield opened


PASSWORD = "correct horse battery"


def add(newsroom: Newsroom, name: str, password: str = PASSWORD) -> int:
    app = newsroom.app
    address, now = f"{name}@gazette.example", app.clock.now()
    with app.db.write() as session:
        editor = add_editor(
            session, app.sealer, name=name, address=address, role=Role.OPERATOR, now=now
        )
        if password:
            set_password(session, editor, hash_password(password))
        return editor.id


def test_last_operator_stays_one(newsroom: Newsroom) -> None:
    number = add(newsroom, "ada")
    add(newsroom, "ben", password="")  # cannot sign in yet
    changes: list[Callable[[Session, Editor], None]] = [
        lambda session, editor: set_role(session, editor, Role.PUBLISHER),
        lambda session, editor: set_active(session, editor, False),
    ]
    for change in changes:
        with newsroom.app.db.write() as session, pytest.raises(Conflict, match="last operator"):
            change(session, session.get_one(Editor, number))


def test_one_of_two_operators_may_go(newsroom: Newsroom) -> None:
    number, other = add(newsroom, "ada"), add(newsroom, "ben")
    with newsroom.app.db.write() as session:
        set_active(session, session.get_one(Editor, number), False)
    with newsroom.app.db.write() as session, pytest.raises(Conflict):
        set_role(session, session.get_one(Editor, other), Role.EDITOR)


def test_sessions_that_are_over_are_forgotten(newsroom: Newsroom, clock: FixedClock) -> None:
    number = add(newsroom, "ada")
    with newsroom.app.db.write() as session:
        open_session(session, session.get_one(Editor, number), clock.now(), 12)
    clock.advance(IDLE - timedelta(seconds=1))
    forget_old(newsroom.app.db, clock)
    with newsroom.app.db.read() as session:
        assert session.query(DeskSession).count() == 1
    clock.advance(timedelta(seconds=1))
    forget_old(newsroom.app.db, clock)
    with newsroom.app.db.read() as session:
        assert session.query(DeskSession).count() == 0
