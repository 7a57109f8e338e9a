"""Inviting people to the desk: by a mailed link, or one to hand over where none can be mailed."""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.editors.accounts import add_editor, drop_password
from digest.editors.letters import DeskPost
from digest.errors import Conflict
from digest.models import Editor, Role


def invite(
    session: Session,
    post: DeskPost,
    *,
    name: str,
    address: str,
    role: Role,
    now: datetime,
    by: str = "",
) -> tuple[Editor, str]:
    """Add a person and invite them; return them, and the link where no mail can be sent. `by` is
    the name of who invites, empty at the command line. Errors as `add_editor` raises them.
    """
    editor = add_editor(session, post.sealer, name=name, address=address, role=role, now=now)
    return editor, post.invite(session, editor, now, by)


def invite_anew(
    session: Session, post: DeskPost, editor: Editor, now: datetime, by: str = ""
) -> str:
    """Invite a person once more, whose password is taken away; return the link where no mail can be
    sent. Conflict for who is locked out, and for the last operator.
    """
    if not editor.active:
        raise Conflict("this editor is locked out: let them in first")
    if editor.password_hash:
        drop_password(session, editor)
    return post.invite(session, editor, now, by)
