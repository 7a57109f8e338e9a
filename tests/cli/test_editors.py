"""Who may work at the desk, at the command line."""

import io
import sys
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from digest.db import Database
from digest.editors.passwords import is_password
from digest.editors.sessions import open_session
from digest.models import AuditEntry, DeskSession, Editor, RecoveryCode

ADA = "ada@courier.example"
PASSWORD = "correct horse battery"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """Have this line on standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(f"{text}\n"))


@pytest.fixture
def ada(line, typed) -> None:
    typed(PASSWORD)
    said = line.good("editors", "add", ADA, "--name", "Ada", "--password-stdin")
    assert said == "Editor 1 added: editor. The desk is at http://127.0.0.1:8000/desk\n"


def kept(line) -> Editor:
    db = Database(f"sqlite:///{line.folder}/digest.db")
    with db.read() as session:
        (editor,) = session.query(Editor).all()
    db.close()
    return editor


def test_editor_is_added_and_listed(line, ada: None) -> None:
    listed = line.good("editors", "list")
    for word in ("Ada", ADA, "editor", "active"):
        assert word in listed
    assert is_password(kept(line).password_hash, PASSWORD)


def test_store_knows_neither_name_nor_address(line, ada: None) -> None:
    editor = kept(line)
    assert b"Ada" not in editor.name_sealed
    assert b"ada@" not in editor.address_sealed + editor.address_index


def test_password_and_role_are_changed(line, ada: None, typed) -> None:
    typed("quite another phrase")
    line.good("editors", "password", ADA, "--password-stdin")
    assert "publisher" in line.good("editors", "role", ADA, "publisher")
    editor = kept(line)
    assert editor.role.value == "publisher"
    assert is_password(editor.password_hash, "quite another phrase")


def test_editor_is_locked_out_and_let_in(line, ada: None) -> None:
    assert line.good("editors", "lock", ADA) == "Editor 1 is locked out.\n"
    assert "already locked out" in line.bad("editors", "lock", ADA)
    assert "locked out" in line.good("editors", "list")
    assert "may come in again" in line.good("editors", "lock", ADA, "--back")


def test_every_change_is_on_record(line, ada: None) -> None:
    line.good("editors", "role", ADA, "publisher")
    line.good("editors", "lock", ADA)
    db = Database(f"sqlite:///{line.folder}/digest.db")
    with db.read() as session:
        verbs = [entry.verb for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
        assert not any("@" in str(entry.detail) for entry in session.query(AuditEntry))
    db.close()
    assert verbs == ["add editor", "change role", "lock out"]


def test_bad_input_is_named(line, ada: None, typed) -> None:
    typed("short")
    again = ("--name", "Ben", "--password-stdin")
    assert "12 to 500 characters" in line.bad("editors", "add", "ben@courier.example", *again)
    typed(PASSWORD)
    assert "already" in line.bad("editors", "add", ADA.upper(), *again)
    typed(PASSWORD)
    assert "editor" in line.bad("editors", "password", "nobody@courier.example", "--password-stdin")
    assert kept(line).id == 1


def test_last_operator_is_neither_demoted_nor_locked_out(line, ada: None) -> None:
    line.good("editors", "role", ADA, "operator")
    assert "last operator" in line.bad("editors", "role", ADA, "editor")
    assert "last operator" in line.bad("editors", "lock", ADA)


def changed(line, change) -> None:
    """Change something in the store."""
    db = Database(f"sqlite:///{line.folder}/digest.db")
    with db.write() as session:
        change(session)
    db.close()


def test_editor_is_invited_by_letter(line) -> None:
    said = line.good("editors", "invite", ADA, "--name", "Ada", "--role", "publisher")
    assert said == "Editor 1 is invited: a letter is on its way.\n"
    assert "invited" in line.good("editors", "list")
    assert kept(line).password_hash == ""
    assert "already" in line.bad("editors", "invite", ADA, "--name", "Ada")
    assert "a name has" in line.bad("editors", "invite", "ben@courier.example")


def test_invitation_is_printed_where_no_letter_can_go(line) -> None:
    config = line.folder / "config.toml"
    guarded = (
        'guarded = true\nguarded_names = ["gazette"]\npublic_url = "https://neutral.example"\n'
    )
    text = config.read_text().replace("postal_address", f"{guarded}postal_address")
    config.write_text(text)
    said = line.good("editors", "invite", ADA, "--name", "Ada")
    assert "hand this over, good for 7 days: http://127.0.0.1:8000/desk/invitation/" in said


def test_new_invitation_takes_the_password_away(line, ada: None) -> None:
    assert "is invited" in line.good("editors", "invite", ADA, "--anew")
    assert kept(line).password_hash == ""
    assert "no editor" in line.bad("editors", "invite", "nobody@courier.example", "--anew")


def test_last_operator_is_not_invited_anew(line, ada: None) -> None:
    line.good("editors", "role", ADA, "operator")
    assert "last operator" in line.bad("editors", "invite", ADA, "--anew")


def test_second_factor_is_turned_off_for_who_lost_everything(line, ada: None) -> None:
    assert line.good("editors", "second-factor", ADA) == "Editor 1 has no second factor.\n"
    assert "no second factor" in line.bad("editors", "second-factor", ADA, "--off")

    def set_up(session: Session) -> None:
        editor = session.query(Editor).one()
        editor.totp_sealed = b"sealed"
        session.add(RecoveryCode(editor_id=editor.id, digest=b"d" * 32))
        open_session(session, editor, datetime(2026, 11, 27, tzinfo=UTC), 12)

    changed(line, set_up)
    said = line.good("editors", "second-factor", ADA)
    assert said == "Editor 1 has a second factor, and 1 recovery codes.\n"
    said = line.good("editors", "second-factor", ADA, "--off")
    assert said == "Editor 1 has no second factor any more, and is signed out everywhere.\n"

    def look(session: Session) -> None:
        assert session.query(Editor).one().totp_sealed is None
        assert session.query(RecoveryCode).count() == 0
        assert session.query(DeskSession).count() == 0
        last = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert last is not None
        assert (last.verb, last.about) == ("reset second factor", "editor 1")

    changed(line, look)
