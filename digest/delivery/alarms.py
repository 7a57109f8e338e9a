"""What a newsletter's alert addresses are told about its slots, once each, through the outbox."""

import logging
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from digest.config import Config
from digest.delivery.slots import Verdict
from digest.models import Issue, Newsletter, Slot
from digest.outbox import NoticeText, enqueue
from digest.sealed import Sealer

log = logging.getLogger(__name__)

WHAT = {
    Verdict.HOLD: "was held: no approved issue was there",
    Verdict.MISS: "was missed: its moment passed while nothing was running",
}
AFTER_ALL = "To send it after all: approve it, then digest issue schedule … --now\n"


class Alarms:
    """Writes alerts into the caller's transaction; sends nothing itself."""

    def __init__(self, config: Config, sealer: Sealer) -> None:
        self._config = config
        self._sealer = sealer

    def slot_not_fired(self, session: Session, slot: Slot, verdict: Verdict, now: datetime) -> None:
        """Say that a slot was held or missed."""
        what = WHAT[verdict]
        log.error("slot %s", what, extra={"fields": {"slot": slot.local_date}})
        text = NoticeText(
            f"The issue of {slot.local_date} {what.partition(':')[0]}",
            f"The issue of {slot.local_date} {what}. Nothing was sent.\n\n{AFTER_ALL}",
        )
        key = f"slot-{slot.id}-{verdict}-{slot.due_at:%Y%m%d%H%M}"
        self._tell(session, slot.newsletter_id, text, key, now)

    def not_approved(self, session: Session, slot: Slot, name: str, now: datetime) -> None:
        """Say that a slot comes near and nothing is approved for it; `name` is the warning's."""
        text = NoticeText(
            f"No approved issue for {slot.local_date}",
            f"The issue of {slot.local_date} is due at {slot.due_at:%Y-%m-%d %H:%M} UTC "
            "and nothing is approved for it yet.\n",
        )
        self._tell(session, slot.newsletter_id, text, f"slot-{slot.id}-warn-{name}", now)

    def extra_not_sent(
        self, session: Session, issue: Issue, verdict: Verdict, now: datetime
    ) -> None:
        """Say that an extra was held or missed."""
        what = WHAT[verdict]
        log.error("extra %s", what, extra={"fields": {"issue": issue.id}})
        text = NoticeText(
            f"The extra number {issue.number} {what.partition(':')[0]}",
            f"The extra number {issue.number} {what}. Nothing was sent.\n\n{AFTER_ALL}",
        )
        key = f"extra-{issue.id}-{now:%Y%m%d%H%M}"
        self._tell(session, issue.newsletter_id, text, key, now)

    def disk_full(self, session: Session, since: datetime, now: datetime) -> None:
        """Say that the disk is full since then and sending pauses, of every newsletter."""
        text = NoticeText(
            "The disk is full",
            "The disk that the database is on is full. The room that was kept for this is given "
            "back, and no new copy is begun.\n\nMake room: sending goes on by itself.\n",
        )
        for newsletter_id in session.scalars(select(Newsletter.id).where(self._configured())):
            key = f"disk-{newsletter_id}-{since:%Y%m%d%H%M%S}"
            self._tell(session, newsletter_id, text, key, now)

    def _configured(self) -> ColumnElement[bool]:
        return Newsletter.slug.in_([each.slug for each in self._config.newsletters])

    def _tell(
        self, session: Session, newsletter_id: int, text: NoticeText, key: str, now: datetime
    ) -> None:
        slug = session.get_one(Newsletter, newsletter_id).slug
        for number, address in enumerate(self._config.newsletter(slug).alerts):
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
