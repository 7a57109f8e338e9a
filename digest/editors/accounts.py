"""Editors' accounts. Name and address are sealed, as a reader's are.

Whatever changes what somebody may do ends all their sessions in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.editors.passwords import hash_password
from digest.editors.sessions import end_sessions
from digest.errors import BadInput, Conflict, NotFound
from digest.models import Editor, Role
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Person:
    """An editor in plain words."""

    id: int
    name: str
    address: str
    role: Role
    active: bool
    has_password: bool


def add_editor(
    session: Session, sealer: Sealer, *, name: str, address: str, role: Role, now: datetime
) -> Editor:
    """Add a person, without a password yet; Conflict when the address is somebody's already."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInput(f"a name has 1 to {LONGEST_NAME} characters")
    parsed = parse_address(address)
    if _find(session, sealer, address) is not None:
        raise Conflict("there is an editor of that address already")
    editor = Editor(
        name_sealed=sealer.seal(name),
        address_sealed=sealer.seal(parsed.address),
        address_index=sealer.index(parsed.key),
        role=role,
        created_at=now,
    )
    session.add(editor)
    session.flush()
    return editor


def find_editor(session: Session, sealer: Sealer, address: str) -> Editor:
    """Return the editor of an address; NotFound when there is none."""
    editor = _find(session, sealer, address)
    if editor is None:
        raise NotFound("there is no editor of that address")
    return editor


def _find(session: Session, sealer: Sealer, address: str) -> Editor | None:
    indexes = sealer.indexes(parse_address(address).key)
    return session.scalar(select(Editor).where(Editor.address_index.in_(indexes)))


def name_in_records(editor_id: int) -> str:
    """Return what stands for an editor where names are not sealed, such as ``editor 3``."""
    return f"editor {editor_id}"


def find_name(session: Session, sealer: Sealer, recorded: str) -> str:
    """Return the name of whom `name_in_records` stands for; what stands for nobody stays."""
    number = recorded.removeprefix("editor ")
    known = session.get(Editor, int(number)) if number.isdecimal() and number != recorded else None
    return sealer.open(known.name_sealed) if known else recorded


def list_editors(session: Session, sealer: Sealer) -> list[Person]:
    """Return everybody, in the order they were added."""
    return [person_of(sealer, each) for each in _all(session)]


def _all(session: Session) -> Sequence[Editor]:
    return session.scalars(select(Editor).order_by(Editor.id)).all()


def person_of(sealer: Sealer, editor: Editor) -> Person:
    """Return an editor in plain words."""
    return Person(
        editor.id,
        sealer.open(editor.name_sealed),
        sealer.open(editor.address_sealed),
        editor.role,
        editor.active,
        bool(editor.password_hash),
    )


def set_password(session: Session, editor: Editor, password: str) -> None:
    """Give an editor a password; BadInput as `hash_password` raises it. Ends their sessions."""
    editor.password_hash = hash_password(password)
    end_sessions(session, editor.id)


def set_role(session: Session, editor: Editor, role: Role) -> None:
    """Change what an editor may do; Conflict for the last operator. Ends their sessions."""
    if role is not Role.OPERATOR:
        _keep_an_operator(session, editor)
    editor.role = role
    end_sessions(session, editor.id)


def set_active(session: Session, editor: Editor, active: bool) -> None:
    """Let an editor in, or no longer; Conflict for the last operator. Ends their sessions."""
    if not active:
        _keep_an_operator(session, editor)
    editor.active = active
    end_sessions(session, editor.id)


def _keep_an_operator(session: Session, editor: Editor) -> None:
    """Conflict when nobody else could say who may come in. All operators are locked in one order:
    two who shut each other out at once must not both find the other.
    """
    operators = session.scalars(
        select(Editor)
        .where(Editor.role == Role.OPERATOR, Editor.active)
        .order_by(Editor.id)
        .with_for_update()
    ).all()
    others = [each for each in operators if each.id != editor.id and each.password_hash]
    if editor in operators and not others:
        raise Conflict("this is the last operator who can sign in: make somebody else one first")


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of whoever has an address: their account's id and password hash, or nothing."""

    editor_id: int | None = None
    password_hash: str = ""


def find_kept(session: Session, sealer: Sealer, address: str) -> Kept:
    """Return what a typed password is compared with: outside a transaction, for that takes long. An
    account that is locked is as good as none.
    """
    try:
        editor = _find(session, sealer, address)
    except BadInput:
        return Kept()
    if editor is None or not editor.active:
        return Kept()
    return Kept(editor.id, editor.password_hash)


def take_known(session: Session, kept: Kept, renewed: str = "") -> Editor | None:
    """Return the editor whose password was right; None when the account has changed meanwhile. A
    hash made anew with today's parameters replaces the old one.
    """
    editor = session.get(Editor, kept.editor_id)
    if editor is None or not editor.active or editor.password_hash != kept.password_hash:
        return None
    if renewed:
        editor.password_hash = renewed
    return editor
