"""What the desk mails to editors: a link to sign in, an invitation. Each holds our own words alone
and is put into the outbox in the caller's transaction.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.config import Config
from digest.editors.accounts import find_reachable
from digest.editors.tickets import sign_nobodys, sign_ticket
from digest.errors import ConfigError
from digest.models import Editor
from digest.outbox import NoticeText, enqueue, take_back
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address
from digest.tokens import Purpose, TokenSigner

LINK_GOOD = timedelta(minutes=15)
INVITATION_GOOD = timedelta(days=7)

NEUTRAL = "the desk"  # of a newsroom that must not be named in a letter
MOST_NAMED = 3  # newsletters; more make no sentence

LINK_TEXT = """\
Somebody asked for a link to sign in at {desk}. If it was you, open it within 15 minutes:

{link}

It works once. If it was not you, ignore this letter: without the link nobody gets in.
"""
INVITATION_TEXT = """\
{opening}, where the newsletter is made. Open this page to choose a password:

{link}

It can be opened for 7 days. If you do not know what this is about, ignore this letter.
"""


@dataclass(frozen=True, slots=True)
class DeskPost:
    """Writes to editors in the name of the first newsletter that is not guarded."""

    config: Config
    sealer: Sealer
    signer: TokenSigner

    @property
    def can_write(self) -> bool:
        """Tell whether there is such a newsletter."""
        return self.config.desk_sender is not None

    def mail_link(self, session: Session, address: str, now: datetime) -> None:
        """Mail a link to sign in to whoever has this address; BadInput for what is no address. The
        work is the same when it is nobody's: the letter is written all the same, and taken back.
        """
        typed = parse_address(address).address
        editor = find_reachable(session, self.sealer, address)
        until, key = now + LINK_GOOD, f"desk-link-{secrets.token_hex(16)}"
        if editor is None:
            to, token = typed, sign_nobodys(self.signer, Purpose.DESK_LINK, until)
        else:
            to = self.sealer.open(editor.address_sealed)
            token = sign_ticket(self.signer, Purpose.DESK_LINK, editor, until)
        link = f"{self.config.web.public_url}/desk/sign-in/link/{token}"
        desk = desk_of(self.config)
        text = NoticeText(f"Your link to sign in at {desk}", LINK_TEXT.format(desk=desk, link=link))
        self._put(session, "desk-link", to, text, key, now)
        take_back(session, key if editor is None else "desk-link-of-nobody")

    def invitation(self, editor: Editor, now: datetime) -> str:
        """Return the address where an editor chooses a password."""
        until = now + INVITATION_GOOD
        token = sign_ticket(self.signer, Purpose.DESK_INVITATION, editor, until)
        return f"{self.config.web.public_url}/desk/invitation/{token}"

    def invite(self, session: Session, editor: Editor, now: datetime, by: str = "") -> str:
        """Mail an invitation and return nothing; where no mail can be sent, return the address to
        hand over by other means. `by` is the name of who invites, where one is known.
        """
        link = self.invitation(editor, now)
        if not self.can_write:
            return link
        desk = desk_of(self.config)
        body = INVITATION_TEXT.format(opening=_opening(desk, by), link=link)
        # The subject waits unsealed: the name of who invites stands in the body alone.
        text = NoticeText(f"You are invited to {desk}", body)
        to = self.sealer.open(editor.address_sealed)
        self._put(session, "desk-invitation", to, text, f"desk-inv-{secrets.token_hex(16)}", now)
        return ""

    def _put(
        self, session: Session, kind: str, to: str, text: NoticeText, key: str, now: datetime
    ) -> None:
        if (sender := self.config.desk_sender) is None:
            raise ConfigError("every newsletter is guarded: none may write to an editor")
        enqueue(
            session,
            self.sealer,
            kind=kind,
            newsletter_slug=sender.slug,
            address=to,
            text=text,
            dedupe_key=key,
            now=now,
        )


def desk_of(config: Config) -> str:
    """Return what letters call the desk: by the names of its newsletters, and neutral where one of
    them is guarded, for a letter lies in a mailbox that others may read.
    """
    if any(each.guarded for each in config.newsletters):
        return NEUTRAL
    return f"{NEUTRAL} of {_listed([each.name for each in config.newsletters])}"


def _listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them; pure."""
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and others"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _opening(desk: str, by: str) -> str:
    if desk == NEUTRAL or not by:
        return f"You are invited to work at {desk}"
    return f"{by} invites you to work at {desk}"
