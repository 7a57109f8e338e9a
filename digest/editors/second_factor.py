"""The second factor: codes from an app on a phone (TOTP, RFC 6238), and recovery codes for when the
phone is gone. The secret is sealed; of recovery codes a keyed hash is kept.

A code is taken once: the step of time it stands for only ever goes forward.
"""

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from digest.editors.sessions import end_sessions
from digest.models import Editor, RecoveryCode, Role
from digest.sealed import Sealer

STEP_SECONDS = 30
WINDOW = 1  # steps before and after: clocks differ, and typing takes time
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP_LETTERS = 3, 4  # 59 bits, behind a key and the limits of signing in


def must_have(rule: str, role: Role) -> bool:
    """Tell whether a role must have a second factor by the rule in `desk.second_factor`."""
    return rule == "everyone" or (rule == "publishers" and role.may(Role.PUBLISHER))


def new_secret() -> str:
    """Return a secret for an app: 160 bits in base32."""
    return pyotp.random_base32()


def app_address(secret: str, account: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def set_factor(
    session: Session, sealer: Sealer, editor: Editor, secret: str, code: str, now: datetime
) -> list[str]:
    """Give an editor a second factor, in place of another one, and end their sessions; return the
    recovery codes. Nothing is changed, and nothing returned, when the code is not of the secret.
    """
    step = _step_of(secret, code, now)
    if step is None:
        return []
    editor.totp_sealed, editor.totp_step = sealer.seal(secret), step
    end_sessions(session, editor.id)
    return renew_recovery_codes(session, sealer, editor)


def drop_factor(session: Session, editor: Editor) -> None:
    """Take an editor's second factor away, with its recovery codes; ends their sessions."""
    editor.totp_sealed = None
    _drop_codes(session, editor.id)
    end_sessions(session, editor.id)


def take_code(
    session: Session, sealer: Sealer, editor: Editor, typed: str, now: datetime
) -> str | None:
    """Use up what an editor typed; return what it was (``code``, ``recovery code``), None when it
    is not, or no longer, good.
    """
    if editor.totp_sealed is None:
        return None
    step = _step_of(sealer.open(editor.totp_sealed), typed, now)
    if step is not None:
        return "code" if _move_to(session, editor.id, step) else None
    return "recovery code" if _take_recovery(session, sealer, editor.id, typed) else None


def _move_to(session: Session, editor_id: int, step: int) -> bool:
    """Move an editor's last step forward; False when it is there or past it already."""
    moved = (
        update(Editor)
        .where(Editor.id == editor_id, Editor.totp_step < step)
        .values(totp_step=step)
        .returning(Editor.id)
    )
    return session.scalar(moved) is not None


def _step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the step, in the window around now, whose code was typed."""
    present, app = int(now.timestamp()) // STEP_SECONDS, pyotp.TOTP(secret)
    code = "".join(typed.split()).encode()
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), code):
            return step
    return None


def renew_recovery_codes(session: Session, sealer: Sealer, editor: Editor) -> list[str]:
    """Make an editor's recovery codes anew; those before are good no more."""
    _drop_codes(session, editor.id)
    codes = [_new_code() for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(editor_id=editor.id, digest=sealer.index(_said(editor.id, code)))
        for code in codes
    )
    session.flush()
    return codes


def count_recovery_codes(session: Session, editor_id: int) -> int:
    """Return how many recovery codes an editor has left."""
    theirs = select(func.count()).where(RecoveryCode.editor_id == editor_id)
    return session.scalars(theirs).one()


def _take_recovery(session: Session, sealer: Sealer, editor_id: int, typed: str) -> bool:
    taken = (
        delete(RecoveryCode)
        .where(
            RecoveryCode.editor_id == editor_id,
            RecoveryCode.digest.in_(sealer.indexes(_said(editor_id, typed))),
        )
        .returning(RecoveryCode.id)
    )
    return session.scalar(taken) is not None


def _drop_codes(session: Session, editor_id: int) -> None:
    session.execute(delete(RecoveryCode).where(RecoveryCode.editor_id == editor_id))


def _new_code() -> str:
    letters = [secrets.choice(LETTERS) for _ in range(GROUPS * GROUP_LETTERS)]
    groups = range(0, len(letters), GROUP_LETTERS)
    return "-".join("".join(letters[at : at + GROUP_LETTERS]) for at in groups)


def _said(editor_id: int, code: str) -> str:
    """Return what is hashed of a recovery code, however it was typed."""
    letters = "".join(letter for letter in code.lower() if letter.isalnum())
    return f"desk recovery {editor_id} {letters}"
