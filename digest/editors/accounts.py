"""Editors' accounts. Name and address are sealed, as a reader's are.

Whatever changes what somebody may do ends all their sessions in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.editors.passwords import hash_password, is_outdated, is_password
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
    has_second_factor: bool


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
        editor.totp_sealed is not None,
    )


def set_password(session: Session, editor: Editor, password: str) -> None:
    """Give an editor a password; BadInput as `hash_password` raises it. Ends their sessions."""
    editor.password_hash = hash_password(password)
    end_sessions(session, editor.id)


def set_role(session: Session, editor: Editor, role: Role) -> None:
    """Change what an editor may do. Ends their sessions."""
    editor.role = role
    end_sessions(session, editor.id)


def set_active(session: Session, editor: Editor, active: bool) -> None:
    """Let an editor in, or no longer. Ends their sessions."""
    editor.active = active
    end_sessions(session, editor.id)


def check_password(session: Session, sealer: Sealer, address: str, password: str) -> Editor | None:
    """Return the editor whose address and password these are, None when they are nobody's; the work
    is the same. A hash made with older parameters is made anew.
    """
    try:
        editor = _find(session, sealer, address)
    except BadInput:
        editor = None
    kept = editor.password_hash if editor is not None and editor.active else ""
    if not is_password(kept, password) or editor is None:
        return None
    if is_outdated(kept):
        editor.password_hash = hash_password(password)
    return editor
