"""What a newsletter's alert addresses are told about its relays, once for each trouble, through the
outbox.

A trouble is known by the moment since which it lasts, to the hour: one that comes and goes is told
once an hour at most.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.breaker.rows import Change
from digest.delivery.breaker.standing import WHOLE, Standing
from digest.delivery.failover import list_relays
from digest.models import Issue, Newsletter, Notice
from digest.outbox import NoticeText, enqueue
from digest.sealed import Sealer

log = logging.getLogger(__name__)


class RelayAlarms:
    """Writes alerts into the caller's transaction; sends nothing itself."""

    def __init__(self, config: Config, sealer: Sealer) -> None:
        self._config = config
        self._sealer = sealer

    def standing_changed(self, session: Session, change: Change, now: datetime) -> None:
        """Say what a change means where somebody should know; most changes mean nothing."""
        fields = {"relay": change.relay, "group": change.group or "all"}
        if change.opened:
            log.warning("relay rests: %s", change.after.reason, extra={"fields": fields})
        elif change.ended:
            log.info("relay is well again", extra={"fields": fields})
        if change.opened and change.group != WHOLE:
            self._group_refuses(session, change, now)
        elif change.opened and change.after.refusals > 0:
            self._relay_refuses(session, change, now)
        elif change.ended and change.group == WHOLE:
            self._gives_back(session, change, now)

    def _relay_refuses(self, session: Session, change: Change, now: datetime) -> None:
        text = NoticeText(
            f"The relay {change.relay} refuses us",
            f"The relay {change.relay} refuses our set-up:\n\n  {change.after.reason}\n\n"
            "No copy is lost: all wait, and one is tried again now and then. Somebody has to look\n"
            "at the relay's name and password, and at the senders it allows.\n",
        )
        key = f"relay-{change.relay}-refuses-{_hour(change.after)}"
        self._tell(session, self._readers_of(change.relay), text, key, now)

    def _group_refuses(self, session: Session, change: Change, now: datetime) -> None:
        until = f"{change.after.open_until:%Y-%m-%d %H:%M} UTC"
        text = NoticeText(
            f"Mail to {change.group} is refused and rests",
            f"Servers of the group {change.group} refuse what comes through the relay "
            f"{change.relay},\nand not because of its readers:\n\n  {change.after.reason}\n\n"
            f"Copies to that group wait until {until}, then one connection tries again.\n",
        )
        key = f"relay-{change.relay}-{change.group}-{_hour(change.after)}"
        self._tell(session, self._readers_of(change.relay), text, key, now)

    def spare_took_over(
        self, session: Session, slug: str, spare: str, standing: Standing, now: datetime
    ) -> None:
        """Say that a spare sends a newsletter, its own relay standing like that since a while."""
        own = self._config.newsletter(slug).relay
        text = NoticeText(
            f"The relay {spare} takes over",
            f"The relay {own} has been out of order since {standing.down_since:%Y-%m-%d %H:%M} "
            f"UTC:\n\n  {standing.reason}\n\nUntil it is well again, {spare} sends {slug}.\n",
        )
        key = f"{_trouble(slug, standing)}{spare}"
        self._tell(session, self._own_readers(slug), text, key, now)

    def _gives_back(self, session: Session, change: Change, now: datetime) -> None:
        """Say so to those who were told that a spare took over in this very trouble."""
        for newsletter in self._config.newsletters:
            trouble = _trouble(newsletter.slug, change.before)
            told = select(Notice.id).where(Notice.dedupe_key.startswith(trouble, autoescape=True))
            if newsletter.relay != change.relay or session.scalar(told.limit(1)) is None:
                continue
            text = NoticeText(
                f"The relay {change.relay} is back",
                f"The relay {change.relay} works again and sends {newsletter.slug}.\n",
            )
            readers = self._own_readers(newsletter.slug)
            self._tell(session, readers, text, f"{trouble}back", now)

    def issue_paused(self, session: Session, issue_id: int, why: str, now: datetime) -> None:
        """Say that an issue rests because servers refuse it as a message."""
        issue = session.get_one(Issue, issue_id)
        slug = session.get_one(Newsletter, issue.newsletter_id).slug
        log.error("issue paused: %s", why, extra={"fields": {"issue": issue_id}})
        text = NoticeText(
            f"Number {issue.number} is paused",
            f"Number {issue.number} of {slug} is paused:\n\n  {why}\n\nNo further copy goes out "
            "before somebody resumes or stops it.\n",
        )
        key = f"issue-{issue_id}-refused-{now:%Y%m%d%H%M}"
        self._tell(session, self._own_readers(slug), text, key, now)

    def _own_readers(self, slug: str) -> list[tuple[str, str]]:
        return [(slug, address) for address in self._config.newsletter(slug).alerts]

    def _readers_of(self, relay: str) -> list[tuple[str, str]]:
        """Return (slug, address) of everybody who hears of a relay, each address once."""
        slugs: dict[str, str] = {}
        for newsletter in self._config.newsletters:
            if relay in list_relays(newsletter):
                for address in newsletter.alerts:
                    slugs.setdefault(address, newsletter.slug)
        return [(slug, address) for address, slug in slugs.items()]

    def _tell(
        self,
        session: Session,
        readers: Iterable[tuple[str, str]],
        text: NoticeText,
        key: str,
        now: datetime,
    ) -> None:
        for number, (slug, address) in enumerate(readers):
            enqueue(
                session,
                self._sealer,
                kind="alert",
                newsletter_slug=slug,
                address=address,
                text=text,
                dedupe_key=f"{key}-{number}",
                now=now,
            )


def _hour(standing: Standing) -> str:
    return f"{standing.down_since:%Y%m%d%H}"


def _trouble(slug: str, standing: Standing) -> str:
    """Return how the keys begin of what is said about one trouble of a newsletter's own relay."""
    return f"spare-{slug}-{standing.down_since:%Y%m%d%H%M%S}-"
