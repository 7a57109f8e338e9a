"""Who may work at the desk, at the command line."""

import io
import sys

import pytest

from digest.db import Database
from digest.editors.passwords import is_password
from digest.models import AuditEntry, Editor

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
    assert said == "Editor 1 added: editor.\n"


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
