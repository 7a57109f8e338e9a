"""Lets a database be sent from again that is held: what it holds, and what becomes of that.

The default never doubles: what was open when the copy was made comes into doubt, and evidence
decides. Nothing here sends anything.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.issues import list_sending, plan_extra
from digest.delivery.home import rows as home_rows
from digest.delivery.home.judgement import Hold
from digest.delivery.ledger.restored import free_chunks, leave_in_doubt, take_as_accepted
from digest.delivery.ledger.sums import Sums, count_sums
from digest.delivery.running import stop_run
from digest.errors import BadInput, Refused
from digest.models import (
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeState,
    ReaderRequest,
    Slot,
    SlotState,
)


class Choice(enum.StrEnum):
    """What becomes of an issue's open copies."""

    IN_DOUBT = "in-doubt"
    ACCEPTED = "accepted"
    STOP = "stop"
    GO_ON = "go-on"


DEFAULT = Choice.IN_DOUBT


@dataclass(frozen=True, slots=True)
class HeldIssue:
    """An issue that would be sent from here: under way, or approved and due, which has no rows."""

    id: int
    name: str
    due_at: datetime | None  # of one that has not begun
    sums: Sums | None = None
    newest: datetime | None = None  # when the last of its copies was accepted


@dataclass(frozen=True, slots=True)
class HeldWork:
    """What a takeover lets go: the hold, when the database was last heard of, its open issues,
    letters and requests of readers that waited then.
    """

    hold: Hold | None
    last_heard: datetime | None
    issues: list[HeldIssue]
    notices: int
    requests: int


def list_held(app: App) -> HeldWork:
    """Return what is held now, or would be."""
    with app.db.read() as session:
        hold, now = app.home.hold(session), app.clock.now()
        since = hold.since if hold else now
        waiting = _waiting_notices(since)
        asked = ReaderRequest.asked_at < since
        return HeldWork(
            hold,
            home_rows.last_heard(session),
            [*_under_way(session), *_due(session, now)],
            session.scalar(select(func.count()).select_from(Notice).where(*waiting)) or 0,
            session.scalar(select(func.count()).select_from(ReaderRequest).where(asked)) or 0,
        )


def _under_way(session: Session) -> list[HeldIssue]:
    found = []
    for issue in list_sending(session):
        sums = count_sums(session, issue.id)
        if sums.open and issue.stopped_at is None:
            newest = session.scalar(
                select(func.max(Delivery.done_at)).where(
                    Delivery.issue_id == issue.id, Delivery.state == DeliveryState.ACCEPTED
                )
            )
            found.append(HeldIssue(issue.id, _name(session, issue), None, sums, newest))
    return found


def _due(session: Session, now: datetime) -> list[HeldIssue]:
    """Return approved issues whose moment is over: they may have been sent since."""
    slots = session.execute(
        select(Issue, Slot.due_at)
        .join(
            Slot,
            (Slot.newsletter_id == Issue.newsletter_id) & (Slot.local_date == Issue.slot_date),
        )
        .where(
            Issue.state == IssueState.APPROVED,
            Slot.state == SlotState.PLANNED,
            Slot.due_at <= now,
        )
    )
    extras = session.execute(
        select(Issue, Issue.send_at).where(
            Issue.state == IssueState.APPROVED, Issue.slot_date.is_(None), Issue.send_at <= now
        )
    )
    return [
        HeldIssue(issue.id, _name(session, issue), due_at) for issue, due_at in [*slots, *extras]
    ]


def _name(session: Session, issue: Issue) -> str:
    return f"{session.get_one(Newsletter, issue.newsletter_id).slug}/{issue.number}"


def read_choices(words: list[str], held: HeldWork) -> dict[str, Choice]:
    """Return the choice for each held issue, from words such as ``weekly/12=stop``; BadInput for
    one that is not held, or no choice.
    """
    choices = {issue.name: DEFAULT for issue in held.issues}
    for word in words:
        name, _, choice = word.partition("=")
        if name not in choices:
            known = ", ".join(choices) or "none"
            raise BadInput(f"{name} is not held (held: {known})")
        try:
            choices[name] = Choice(choice)
        except ValueError as error:
            raise BadInput(f"{word}: choose {', '.join(Choice)}") from error
    return choices


def take_over(
    app: App, held: HeldWork, choices: Mapping[str, Choice], *, send_letters: bool
) -> dict[str, int]:
    """Do what was chosen for each issue and make this place the database's only home; return the
    number of copies that changed by issue. Cut off half-way, the rest is still held.

    `send_letters`: letters and requests that waited when the copy was made are sent and answered,
    perhaps for the second time; otherwise they are given up.
    """
    changed = {issue.name: _release(app, issue, choices[issue.name]) for issue in held.issues}
    with app.db.write() as session:
        if not send_letters and held.hold is not None:
            _give_up_letters(session, held.hold.since, app.clock.now())
        app.home.settle(session, alone=True)
    app.home.settled()
    return changed


def _release(app: App, held: HeldIssue, choice: Choice) -> int:
    with app.db.write() as session:
        now = app.clock.now()
        issue = session.get_one(Issue, held.id, with_for_update=True)
        if held.due_at is not None:
            if choice is not Choice.GO_ON:
                _pass_over(session, issue, now)
            return 0
        free_chunks(session, issue.id)
        if choice is Choice.ACCEPTED:
            return take_as_accepted(session, issue.id, now)
        if choice is Choice.STOP:
            return stop_run(session, issue, held.name, app.clock)
        if choice is Choice.IN_DOUBT:
            slug = held.name.partition("/")[0]
            relay = app.config.newsletter(slug).relay
            return leave_in_doubt(session, issue.id, relay, now)
        return 0


def _pass_over(session: Session, issue: Issue, now: datetime) -> None:
    """Let an approved issue whose moment is over not be sent by itself."""
    if issue.slot_date is None:
        plan_extra(session, issue, None)
        return
    session.execute(
        update(Slot)
        .where(
            Slot.newsletter_id == issue.newsletter_id,
            Slot.local_date == issue.slot_date,
            Slot.state == SlotState.PLANNED,
        )
        .values(state=SlotState.MISSED, settled_at=now)
    )


def _waiting_notices(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (Notice.state == NoticeState.WAITING, Notice.created_at < since)


def _give_up_letters(session: Session, since: datetime, now: datetime) -> None:
    waiting = _waiting_notices(since)
    session.execute(update(Notice).where(*waiting).values(state=NoticeState.FAILED, done_at=now))
    session.execute(delete(ReaderRequest).where(ReaderRequest.asked_at < since))


def join(app: App) -> None:
    """Make this place one more home of a database that others send from; Refused for a file, which
    has one machine, and while the database is held everywhere.
    """
    if app.db.is_sqlite:
        raise Refused("a SQLite database is sent from one place: digest takeover, without --join")
    with app.db.write() as session:
        hold = app.home.hold(session)
        if hold is not None and hold.everywhere:
            raise Refused(f"{hold}: take it over first, without --join")
        app.home.settle(session, alone=False)
    app.home.settled()
