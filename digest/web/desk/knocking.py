"""Looking at a typed password: counted before, slow, outside of any transaction, and the same work
for every address.
"""

from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.orm import Session

from digest.app import App
from digest.editors.accounts import Kept, find_kept, get_editor, take_known
from digest.editors.attempts import Attempt, TooMany, attempt_of, may_try
from digest.editors.passwords import PasswordHash, hash_password, is_outdated, is_password
from digest.models import Editor
from digest.subscribers.door.limits import network_of
from digest.web.forms import visitor_address


@dataclass(frozen=True, slots=True)
class Known:
    """Whose password was right just now: how that was tried, the account as it was, and its hash
    made anew where the old one is outdated.
    """

    attempt: Attempt
    kept: Kept
    renewed: PasswordHash | None

    def take(self, session: Session) -> Editor | None:
        """Return the editor, None when the account has changed since."""
        return take_known(session, self.kept, self.renewed)


@dataclass(frozen=True, slots=True)
class Knocking:
    """Tries passwords, as often as the limits let it."""

    instance: App

    def attempt(self, request: Request, address: str) -> Attempt:
        """Return the attempt that a request makes at an address."""
        app = self.instance
        host = visitor_address(request, app.config.web.trusted_proxies)
        return attempt_of(app.sealer, address, network_of(host))

    def at(self, request: Request, editor: Editor) -> Attempt:
        """Return the attempt that a request makes at an editor's account."""
        return self.attempt(request, self.instance.sealer.open(editor.address_sealed))

    def try_password(self, request: Request, address: str, password: str) -> Known | None:
        """Return who has this address and this password, None for a wrong pair; TooMany."""
        app, now = self.instance, self.instance.clock.now()
        attempt = self.attempt(request, address)
        with app.db.write() as session:
            allowed = may_try(session, attempt, now)
            kept = find_kept(session, app.sealer, address)
        if not allowed:
            raise TooMany
        if not is_password(kept.password_hash, password):
            return None
        outdated = is_outdated(kept.password_hash)
        return Known(attempt, kept, hash_password(password) if outdated else None)

    def try_own(self, request: Request, editor_id: int, password: str) -> Known | None:
        """Do the same for who is signed in."""
        app = self.instance
        with app.db.read() as session:
            address = app.sealer.open(get_editor(session, editor_id).address_sealed)
        return self.try_password(request, address, password)
