"""Facts that one part of an instance leaves for those who watch it, each under its name in
``instance``.
"""

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from digest.app import App
from digest.config import MailboxConfig
from digest.models import InstanceValue

SEEN = "scheduler seen"  # when a scheduler, or a tick by hand, last watched
BACKED_UP = "backup"  # when `digest backup` last ended well


def read_mark(session: Session, name: str) -> datetime | None:
    """Return when something was noted last, or None."""
    kept = session.get(InstanceValue, name)
    return kept.at if kept else None


def mailbox_mark(mailbox: MailboxConfig) -> str:
    """Return under which name it is noted that a mailbox was read."""
    return f"read:{hashlib.sha256(repr(mailbox.account).encode()).hexdigest()[:32]}"


def mailboxes(app: App) -> dict[str, MailboxConfig]:
    """Return the mailboxes that are fetched from, readers' and those of what comes back, each by
    the first newsletter that uses it.
    """
    by_account = {each.account: each for each in app.config.mailboxes}
    found: dict[str, MailboxConfig] = {}
    for newsletter in app.config.newsletters:
        slug = newsletter.slug
        for name, mailbox in ((slug, newsletter.mailbox), (f"{slug} bounces", newsletter.bounces)):
            if mailbox and mailbox.account in by_account:
                found[name] = by_account.pop(mailbox.account)
    return found
