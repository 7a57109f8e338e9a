"""Reads a mailbox: every letter's act is committed before anything happens to the letter itself, so
that a crash in between repeats a harmless act and loses nothing.

What was understood is deleted, and so is what came back, which is taken in or kept for a person
elsewhere (`receiving`). What a machine wrote is marked as read, and what nobody understood is
marked as read and flagged: it stays for a person.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import OperationalError

from digest.clock import Clock
from digest.config import MailboxConfig
from digest.correspondence.incoming.commands import Asked
from digest.correspondence.incoming.imap import Folder, open_folder
from digest.correspondence.incoming.letter import Letter, read_letter
from digest.correspondence.incoming.receiving import Reception
from digest.db import Database
from digest.delivery.feedback.returned import MOST_BYTES
from digest.errors import DatabaseUnfit
from digest.models import InstanceValue

log = logging.getLogger(__name__)

MOST_LETTERS = 500  # in one round


@dataclass(frozen=True, slots=True)
class MailboxReader:
    """Reads one mailbox. The only writer of its mark: how far it was read."""

    db: Database
    reception: Reception
    clock: Clock
    settings: MailboxConfig

    def read_new(self, is_ending: Callable[[], bool] = lambda: False) -> Counter[Asked]:
        """Do one round, and return how often what was asked; MailboxDown, DatabaseUnfit or
        ConfigError when it cannot go on: what has been done stays done.
        """
        done = Counter[Asked]()
        with open_folder(self.settings) as folder:
            for uid in folder.list_new(self._read_mark(folder.uid_validity))[:MOST_LETTERS]:
                if is_ending():
                    break
                asked = self._take(folder, uid)
                self._write_mark(folder.uid_validity, uid)
                done.update([asked] if asked else [])
        return done

    def _take(self, folder: Folder, uid: int) -> Asked | None:
        header = folder.read_header(uid)
        if header is None:
            return None  # somebody has deleted it
        letter = read_letter(header)
        raw: bytes | None = header
        if self.reception.wants_whole(letter):
            raw = folder.read_message(uid, MOST_BYTES)
        if raw is None:
            return None
        asked = self._act(letter, raw)
        match asked:
            case Asked.AUTOMATIC if not self.reception.only_returned:
                folder.mark(uid, r"\Seen")
            case Asked.UNKNOWN | Asked.TOO_MANY:
                folder.mark(uid, r"\Seen", r"\Flagged")
            case _:
                folder.remove(uid)
        return asked

    def _act(self, letter: Letter, raw: bytes) -> Asked:
        """Do what a message asks, and commit it; one that we fail on is one for a person, and must
        not keep the others waiting.
        """
        try:
            now = self.clock.now()
            read = self.reception.read(letter, raw, now)
            with self.db.write() as session:
                return self.reception.receive(session, letter, raw, read, now)
        except (DatabaseUnfit, OperationalError):
            raise
        except Exception:
            log.exception("a letter could not be acted on and is flagged in its mailbox")
            return Asked.UNKNOWN

    def _read_mark(self, uid_validity: int) -> int | None:
        """Return the last UID that was read; None when the server has given new ones since."""
        with self.db.read() as session:
            mark = session.get(InstanceValue, _name_of(self.settings))
        validity, _, uid = mark.value.partition(":") if mark else ("", "", "")
        return int(uid) if validity == str(uid_validity) else None

    def _write_mark(self, uid_validity: int, uid: int) -> None:
        name, value = _name_of(self.settings), f"{uid_validity}:{uid}"
        with self.db.write() as session:
            session.merge(InstanceValue(name=name, value=value, at=self.clock.now()))


def _name_of(mailbox: MailboxConfig) -> str:
    """Return what a mailbox's mark is called."""
    return f"mailbox:{hashlib.sha256(repr(mailbox.account).encode()).hexdigest()[:32]}"
