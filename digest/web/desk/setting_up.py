"""A second factor being set up: its secret as a QR code and as text, good once its first code came.

Until then nothing is kept: the form carries the secret, signed, and dies with any change of the
account.
"""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

import segno
from fastapi import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors.second_factor import app_address, new_secret, set_factor
from digest.editors.sessions import Signed
from digest.editors.tickets import find_ticket, sign_ticket
from digest.errors import Conflict
from digest.models import Editor
from digest.tokens import Purpose
from digest.web.desk.pages import DeskPages

GOOD = timedelta(minutes=15)
DOT = 4  # pixels
WRONG_CODE = "That is not the code of this moment. Look at your app again, and at its clock."


@dataclass(frozen=True, slots=True)
class SettingUp:
    """Shows a secret, and takes the first code of it."""

    instance: App
    pages: DeskPages

    def begin(self, editor: Editor) -> str:
        """Return what the form carries: a new secret of an editor."""
        app = self.instance
        until = app.clock.now() + GOOD
        return sign_ticket(app.signer, Purpose.DESK_NEW_FACTOR, editor, until, new_secret())

    def finish(self, session: Session, editor: Editor, key: str, code: str) -> list[str]:
        """Give an editor the second factor that a form carried, and return the recovery codes, none
        for a wrong code; Conflict when the form is not good (any more).
        """
        app, now = self.instance, self.instance.clock.now()
        return set_factor(
            session, app.sealer, editor, self._secret(session, editor, key), code, now
        )

    def _secret(self, session: Session, editor: Editor, key: str) -> str:
        app, now = self.instance, self.instance.clock.now()
        ticket = find_ticket(session, app.signer, Purpose.DESK_NEW_FACTOR, key, now)
        if ticket is None or ticket.editor.id != editor.id:
            raise Conflict("This form has run out, or your account has changed. Begin once more.")
        return ticket.said

    def show(
        self,
        session: Session,
        editor: Editor,
        key: str,
        *,
        action: str,
        signed: Signed | None = None,
        after: str = "",
        error: str = "",
    ) -> Response:
        """Show the secret that a form carries, and ask for its first code."""
        secret = self._secret(session, editor, key)
        account = self.instance.sealer.open(editor.address_sealed)
        host = urlsplit(self.instance.config.web.public_url).hostname or ""
        return self.pages.show(
            "second_factor_new.html",
            signed,
            status=422 if error else 200,
            key=key,
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            picture=_picture(app_address(secret, account, f"Friday {host}")),
            action=action,
            after=after,
            error=error,
        )


def _picture(text: str) -> Markup:
    """Return a QR code as SVG, to stand in a page: black on white in dark pages too."""
    code = segno.make_qr(text)
    drawn = code.svg_inline(scale=DOT, light="#fff", svgclass="qr", lineclass=None, title="QR code")
    return Markup(drawn)  # noqa: S704 - drawn by us, of rectangles alone
