"""What lasts and whether it was told: the rows of ``troubles``, and the judgement over them.

The only writer of its table. Works in the caller's transaction.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from digest.config import Config
from digest.inserts import insert_new
from digest.models import Trouble
from digest.operations.watching.alerts import ALERTS, PAGE
from digest.outbox import NoticeText, enqueue
from digest.sealed import Sealer

LONGEST_DETAIL = 300
Key = tuple[str, str]  # kind and subject


@dataclass(frozen=True, slots=True)
class Seen:
    """A trouble as a look found it; `since` where something knows better than the first look."""

    kind: str
    subject: str
    detail: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of ``troubles``."""

    since: datetime
    seen_at: datetime
    told: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written and told: `seen` with since when, `began`, `over` with since when
    until when, and `gone`, which nobody was told of.
    """

    seen: Mapping[Key, tuple[datetime, str]]
    began: Sequence[Key]
    over: Mapping[Key, tuple[datetime, datetime]]
    gone: Sequence[Key]


def judge(kept: Mapping[Key, Kept], found: Sequence[Seen], now: datetime) -> Plan:
    """Decide what began, what lasts and what is over."""
    seen = {}
    for each in found:
        key = (each.kind, each.subject)
        since = kept[key].since if key in kept else min(each.since or now, now)
        seen[key] = (since, each.detail[:LONGEST_DETAIL])
    began = [
        key
        for key, (since, _) in seen.items()
        if not (key in kept and kept[key].told) and now - since >= ALERTS[key[0]].after
    ]
    past = {
        key: row
        for key, row in kept.items()
        if key not in seen and (key[0] not in ALERTS or now - row.seen_at >= ALERTS[key[0]].calm)
    }
    over = {
        key: (row.since, row.seen_at) for key, row in past.items() if row.told and key[0] in ALERTS
    }
    return Plan(seen, began, over, [key for key in past if key not in over])


def list_troubles(session: Session) -> dict[Key, Kept]:
    """Return every trouble that lasts, told or not, the oldest first."""
    rows = session.scalars(select(Trouble).order_by(Trouble.since, Trouble.kind, Trouble.subject))
    return {
        (row.kind, row.subject): Kept(row.since, row.seen_at, row.told_at is not None, row.detail)
        for row in rows
    }


class Teller:
    """Writes troubles and the mails about them; sends nothing itself."""

    def __init__(self, config: Config, sealer: Sealer) -> None:
        self._operators = config.watching.operators
        # A letter in the name of a guarded newsletter would give it away on the way.
        self._newsletter = (config.desk_sender or config.newsletters[0]).slug
        self._sealer = sealer

    def write(self, session: Session, found: Sequence[Seen], now: datetime) -> Plan:
        """Keep what a look found, and tell of what began and what is over; returns that."""
        plan = judge(list_troubles(session), found, now)
        for (kind, subject), (since, detail) in plan.seen.items():
            row = {"kind": kind, "subject": subject, "since": since}
            session.execute(insert_new(session, Trouble), {**row, "seen_at": now, "detail": detail})
            session.execute(
                update(Trouble)
                .where(Trouble.kind == kind, Trouble.subject == subject)
                .values(seen_at=now, detail=detail)
            )
        for key in plan.began:
            self._began(session, key, *plan.seen[key], now)
        for key, (since, until) in plan.over.items():
            self._over(session, key, since, until, now)
        for kind, subject in (*plan.over, *plan.gone):
            session.execute(delete(Trouble).where(Trouble.kind == kind, Trouble.subject == subject))
        return plan

    def _began(
        self, session: Session, key: Key, since: datetime, detail: str, now: datetime
    ) -> None:
        kind, subject = key
        session.execute(
            update(Trouble)
            .where(Trouble.kind == kind, Trouble.subject == subject)
            .values(told_at=now)
        )
        title = ALERTS[kind].titled(subject)
        body = f"{title}, since {_minute(since)}.\n{_quoted(detail)}\n{_what_to_do(kind)}"
        self._tell(session, key, "began", since, NoticeText(title, body), now)

    def _over(
        self, session: Session, key: Key, since: datetime, until: datetime, now: datetime
    ) -> None:
        title = ALERTS[key[0]].titled(key[1])
        body = f"Over: {title}.\n\nIt lasted from {_minute(since)} to {_minute(until)}.\n"
        self._tell(session, key, "over", since, NoticeText(f"Over: {title}", body), now)

    def happened(
        self, session: Session, kind: str, subject: str, detail: str, now: datetime
    ) -> None:
        """Tell of an event, which is over with that."""
        title = ALERTS[kind].titled(subject)
        text = NoticeText(title, f"{title}.\n{_quoted(detail)}\n{_what_to_do(kind)}")
        self._tell(session, (kind, subject), "happened", now, text, now)

    def _tell(
        self,
        session: Session,
        key: Key,
        what: str,
        since: datetime,
        text: NoticeText,
        now: datetime,
    ) -> None:
        mark = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        for number, address in enumerate(self._operators):
            enqueue(
                session,
                self._sealer,
                kind="alert",
                newsletter_slug=self._newsletter,
                address=address,
                text=text,
                dedupe_key=f"watch-{key[0]}-{mark}-{since:%Y%m%d%H%M%S}-{what}-{number}",
                now=now,
            )


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _quoted(detail: str) -> str:
    return f"\n  {detail}\n" if detail else ""


def _what_to_do(kind: str) -> str:
    return f"{ALERTS[kind].do}\n\nMore: {PAGE}#{kind}\n"
