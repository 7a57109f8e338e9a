"""One message that came in, whoever it is for: a reader's letter is acted on, a report is handed to
delivery's feedback, what nobody understands is kept. In the caller's transaction.

A reader's own signed address counts first, so that leaving works from any of our mailboxes. What
machines write to people (an answer from somebody who is away) is never a bounce.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from digest.correspondence.correspondent import Correspondent
from digest.correspondence.incoming.acting import act_on
from digest.correspondence.incoming.commands import Asked, understand
from digest.correspondence.incoming.letter import Letter
from digest.delivery.feedback.keeping import keep_message
from digest.delivery.feedback.returned import Read, read_returned
from digest.delivery.feedback.taking import Rules, Taken, take
from digest.delivery.return_paths import comes_back, token_in

MAIL = "mail"  # what feedback that came by mail is said to come from


@dataclass(frozen=True, slots=True)
class Reception:
    """Takes messages in. `place` is where they come from: ``mailbox`` or ``pipe``; `only_returned`:
    it is a place for what comes back, where nothing else is anybody's letter.
    """

    correspondent: Correspondent
    rules: Rules
    place: str
    only_returned: bool = False

    def wants_whole(self, letter: Letter) -> bool:
        """Tell whether the header is not enough: it may tell of a copy of ours."""
        config = self.correspondent.config
        asked = understand(letter, config.newsletters, self.correspondent.signer).asked
        if asked in {Asked.AUTOMATIC, Asked.UNKNOWN}:
            return self.only_returned or comes_back(letter.recipients, config.newsletters)
        return asked is Asked.REPORT

    def read(self, letter: Letter, raw: bytes, now: datetime) -> Read | None:
        """Return what a message tells of copies of ours, or None where it is somebody's letter.
        Slow work, before any transaction; `raw` is all of it where `wants_whole` says so.
        """
        return self.read_returned(letter, raw, now) if self.wants_whole(letter) else None

    def read_returned(self, letter: Letter, raw: bytes, now: datetime) -> Read:
        """Return what a message tells, each event with the sign of its return path."""
        newsletters = self.correspondent.config.newsletters
        read = read_returned(raw, token_in(letter.recipients, newsletters), now)
        if letter.is_answer and read.how == "guess":
            return Read("")
        events = [
            each if each.token else replace(each, token=token_in([each.return_path], newsletters))
            for each in read.events
        ]
        return Read(read.how, tuple(events))

    def receive(
        self, session: Session, letter: Letter, raw: bytes, read: Read | None, now: datetime
    ) -> Asked:
        """Do what a message asks or tells, and return what that was. What cannot be understood is
        kept, unless a machine answered for somebody who is away.
        """
        if read is None:
            return act_on(session, self.correspondent, letter, now)
        if read.how:
            self.take(session, read, now)
            return Asked.REPORT
        if letter.is_answer:
            return Asked.AUTOMATIC
        keep_message(
            session,
            self.correspondent.sealer,
            _with_recipient(raw, letter),
            place=self.place,
            why="a report of no kind that we know" if letter.is_report else "no report at all",
            rules=self.rules.feedback,
            now=now,
        )
        return Asked.KEPT

    def take(self, session: Session, read: Read, now: datetime) -> Taken:
        """Take in what a message told."""
        return take(session, self.rules, MAIL, read.events, now, trusted=False)


def _with_recipient(raw: bytes, letter: Letter) -> bytes:
    """Return a message that says whom it came to, for a later reading, where only its envelope
    did.
    """
    to = letter.recipients[0].encode() if letter.recipients else b""
    return raw if to in raw.lower() else b"Delivered-To: " + to + b"\n" + raw
