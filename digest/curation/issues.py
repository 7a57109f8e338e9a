"""The life of an issue: draft → approved → sending → sent, or cancelled.

Every change is a compare-and-swap on state and version, so two editors cannot overwrite each other
and nothing is approved that was edited a moment before. Any edit turns an approved issue back into
a draft.
"""

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from digest.curation.issue_words import checked_words
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import Issue, IssueState, Newsletter

OPEN_TO_EDITS = (IssueState.DRAFT, IssueState.APPROVED)
MOVES = {
    IssueState.DRAFT: {IssueState.APPROVED, IssueState.CANCELLED},
    IssueState.APPROVED: {IssueState.DRAFT, IssueState.SENDING, IssueState.CANCELLED},
    IssueState.SENDING: {IssueState.SENT},
    IssueState.SENT: set[IssueState](),
    IssueState.CANCELLED: set[IssueState](),
}


def random_public_id() -> str:
    """Return 96 random bits as 20 lower-case characters fit for a URL."""
    return base64.b32encode(secrets.token_bytes(12)).decode().rstrip("=").lower()


def new_issue(
    session: Session,
    newsletter: Newsletter,
    *,
    slot_date: date | None,
    now: datetime,
    public_id: Callable[[], str] = random_public_id,
    words: Mapping[str, Any] | None = None,
) -> Issue:
    """Open a draft for a slot's local date, or an extra without one; Conflict when the date is
    taken. `words` are those of its own that it begins with.
    """
    # Two editors who open an issue at once do it one after the other, numbers without a gap.
    session.refresh(newsletter, with_for_update=True)
    if slot_date is not None:
        taken = find_issue_on(session, newsletter.id, slot_date)
        if taken is not None:
            raise Conflict(f"number {taken.number} is already planned for {slot_date}")
    newsletter.last_number += 1
    issue = Issue(
        public_id=public_id(),
        newsletter_id=newsletter.id,
        number=newsletter.last_number,
        slot_date=slot_date,
        state=IssueState.DRAFT,
        **{"topper": {}, "quote": {}, "numbers": [], **checked_words(words or {})},
        created_at=now,
    )
    session.add(issue)
    session.flush()
    return issue


def find_issue(session: Session, reference: str) -> Issue:
    """Return the issue called ``slug/number``, or ``slug`` for its newest; BadInput or NotFound
    otherwise.
    """
    slug, slash, number = reference.partition("/")
    if slash and not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise BadInput(f"{reference!r}: an issue is called newsletter/number, such as weekly/12")
    query = select(Issue).join(Newsletter).where(Newsletter.slug == slug)
    if number:
        query = query.where(Issue.number == int(number))
    issue = session.scalars(query.order_by(Issue.number.desc()).limit(1)).first()
    if issue is None:
        raise NotFound(_no_issue(session, slug, number))
    return issue


def _no_issue(session: Session, slug: str, number: str) -> str:
    slugs = session.scalars(select(Newsletter.slug).order_by(Newsletter.slug)).all()
    if slug not in slugs:
        return f"no newsletter has the slug {slug!r} (there are: {', '.join(slugs)})"
    return f"there is no issue {slug}/{number}" if number else f"{slug} has no issue yet"


def find_last_begun(session: Session, slug: str) -> Issue | None:
    """Return the issue of a newsletter whose sending began last; None when `slug` is not just a
    newsletter's, or none of it ever began.
    """
    return session.scalar(
        select(Issue)
        .join(Newsletter)
        .where(Newsletter.slug == slug, Issue.sending_at.is_not(None))
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(1)
    )


def find_issue_on(
    session: Session, newsletter_id: int, slot_date: date, *, lock: bool = False
) -> Issue | None:
    """Return the issue planned for a local date, cancelled ones left out.

    With `lock`, nobody else can change it before the transaction ends.
    """
    query = select(Issue).where(
        Issue.newsletter_id == newsletter_id,
        Issue.slot_date == slot_date,
        Issue.state != IssueState.CANCELLED,
    )
    return session.scalar(query.with_for_update() if lock else query)


def edit_issue(session: Session, issue: Issue, changes: dict[str, Any]) -> None:
    """Change an issue's own texts as read at `issue.version`; the approval is void afterwards.

    BadInput for an unknown field or a value that does not fit it; Conflict when someone was faster;
    Refused when it is being sent.
    """
    _swap(session, issue, checked_words(changes))


def void_approval(session: Session, issue: Issue) -> None:
    """Count a change of the issue's picks as an edit of the issue; same errors as edit_issue."""
    _swap(session, issue, {})


def _swap(session: Session, issue: Issue, changes: dict[str, Any]) -> None:
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue.id, Issue.version == issue.version, Issue.state.in_(OPEN_TO_EDITS))
        .values(
            **changes,
            version=Issue.version + 1,
            state=IssueState.DRAFT,
            approved_hash=None,
            approved_at=None,
            first_hash=None,
            first_at=None,
        )
        .returning(Issue.id)
    ).first()
    if hit is None:
        _explain_miss(session, issue, "be edited")
    session.refresh(issue)


def _explain_miss(session: Session, issue: Issue, verb: str) -> None:
    refuse_closed(session, issue, verb)
    raise Conflict(f"number {issue.number} was changed by someone else meanwhile; look again")


def refuse_closed(session: Session, issue: Issue, verb: str) -> None:
    """Raise Refused ("number 3 is sent and cannot …") unless an issue is a draft or approved."""
    state = session.scalar(select(Issue.state).where(Issue.id == issue.id))
    if state not in OPEN_TO_EDITS:
        raise Refused(f"number {issue.number} is {state or 'gone'} and cannot {verb}")


def approve_issue(
    session: Session, issue_id: int, *, version: int, content_hash: str, by: str, now: datetime
) -> None:
    """Bind the approval to the bytes of one version; Conflict when the issue was edited since."""
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.version == version, Issue.state.in_(OPEN_TO_EDITS))
        .values(
            state=IssueState.APPROVED, approved_hash=content_hash, approved_at=now, approved_by=by
        )
        .returning(Issue.id)
    ).first()
    if hit is None:
        refuse_closed(session, session.get_one(Issue, issue_id), "be approved")
        raise Conflict("the issue was edited while it was being rendered: approve it again")


def keep_first_approval(
    session: Session, issue_id: int, *, version: int, content_hash: str, by: str, now: datetime
) -> bool:
    """Keep the first of two approvals that the bytes of one version need, and return True; False
    when `by` is the second person, who now may approve those bytes.

    The issue is a draft until then, whatever was approved of it before. Refused for a person who
    approved the same bytes already; Conflict when the issue was edited since.
    """
    issue = session.get_one(Issue, issue_id, with_for_update=True, populate_existing=True)
    refuse_closed(session, issue, "be approved")
    if issue.version != version:
        raise Conflict("the issue was edited while it was being rendered: approve it again")
    if issue.approved_hash == content_hash:
        raise Refused(f"number {issue.number} is approved already")
    if issue.first_hash == content_hash:
        if _same_person(issue.first_by, by):
            raise Refused(
                f"you approved number {issue.number} already: somebody else has to do it, too"
            )
        return False
    issue.state, issue.approved_hash, issue.approved_at = IssueState.DRAFT, None, None
    issue.approved_by = ""
    issue.first_hash, issue.first_at, issue.first_by = content_hash, now, by
    session.flush()
    return True


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def move_issue(session: Session, issue_id: int, *, to: IssueState, **values: Any) -> bool:
    """Move an issue to a later state if it is in a state that allows it; returns whether this call
    did it.
    """
    allowed = [state for state, targets in MOVES.items() if to in targets]
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state.in_(allowed))
        .values(state=to, **values)
        .returning(Issue.id)
    ).first()
    return hit is not None


def pause_issue(session: Session, issue_id: int, why: str = "") -> bool:
    """Let no further copy of an issue leave until it is resumed; returns whether this call did it.

    False when it is not being sent, paused already, or stopped. A dot that a sender was committing
    in that moment may still be written. `why` is told to whoever may resume it, and cut at 300
    characters.
    """
    return _set_run(session, issue_id, Issue.paused.is_(False), paused=True, paused_why=why[:300])


def stop_presses(session: Session, issue_id: int, why: str = "") -> IssueState:
    """Let nothing of an issue leave by itself any more: an approval is void, an extra's moment is
    taken back, a run is paused. Return the state that it was in.

    Decided under a lock, so that a run that begins in this very moment is stopped as well. Refused
    when there is nothing to stop.
    """
    issue = session.get_one(Issue, issue_id, with_for_update=True, populate_existing=True)
    was = issue.state
    if was is IssueState.SENDING and issue.stopped_at is None:
        pause_issue(session, issue_id, why)
    elif was is IssueState.APPROVED or (was is IssueState.DRAFT and issue.first_hash):
        void_approval(session, issue)
        if issue.slot_date is None:
            # A slot is held when nothing is approved; a moment that is over would let an extra
            # leave as soon as somebody approves it.
            plan_extra(session, issue, None)
    else:
        raise Refused(f"number {issue.number} is {was.value}: nothing of it leaves by itself")
    return was


def resume_issue(session: Session, issue_id: int) -> bool:
    """Let a paused issue go on; False when it is not paused, or was stopped for good."""
    return _set_run(session, issue_id, Issue.paused.is_(True), paused=False, paused_why="")


def stop_issue(session: Session, issue_id: int, now: datetime) -> bool:
    """End a run for good; returns whether this call did it, False when nothing is being sent.

    Only the issue's own part: `ledger.stopping.stop_rows` skips its rows, in the same transaction.
    """
    return _set_run(session, issue_id, paused=True, stopped_at=now)


def _set_run(
    session: Session, issue_id: int, *conditions: ColumnElement[bool], **values: Any
) -> bool:
    hit = session.execute(
        update(Issue)
        .where(
            Issue.id == issue_id,
            Issue.state == IssueState.SENDING,
            Issue.stopped_at.is_(None),
            *conditions,
        )
        .values(**values)
        .returning(Issue.id)
    ).first()
    return hit is not None


def reopen_issue(session: Session, issue_id: int) -> bool:
    """Make a sent issue one that is being sent again, because a row of it is open again.

    Not a move of `move_issue`: nothing is frozen a second time. A stopped issue stays paused.
    """
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.SENT)
        .values(
            state=IssueState.SENDING,
            sent_at=None,
            sums=None,
            paused=Issue.stopped_at.is_not(None),
        )
        .returning(Issue.id)
    ).first()
    return hit is not None


def cancel_issue(session: Session, issue: Issue) -> None:
    """Give an issue up before it is sent; Refused when it is too late."""
    if not move_issue(session, issue.id, to=IssueState.CANCELLED):
        _explain_miss(session, issue, "be cancelled")
    session.refresh(issue)


def plan_extra(session: Session, issue: Issue, send_at: datetime | None) -> None:
    """Set the moment at which an extra is sent once approved, None to take it back; Refused for an
    issue with a slot, or one that is being sent.
    """
    if issue.slot_date is not None:
        raise Refused(f"number {issue.number} belongs to the slot of {issue.slot_date}")
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue.id, Issue.state.in_(OPEN_TO_EDITS))
        .values(send_at=send_at)
        .returning(Issue.id)
    ).first()
    if hit is None:
        _explain_miss(session, issue, "be scheduled")
    session.refresh(issue)


def list_due_extras(session: Session, newsletter_ids: Sequence[int], now: datetime) -> list[Issue]:
    """Return the extras of these newsletters whose moment has come, approved or not."""
    return list(
        session.scalars(
            select(Issue)
            .where(
                Issue.newsletter_id.in_(newsletter_ids),
                Issue.state.in_(OPEN_TO_EDITS),
                Issue.slot_date.is_(None),
                Issue.send_at <= now,
            )
            .order_by(Issue.id)
        )
    )


def find_latest(session: Session, newsletter_id: int) -> Issue | None:
    """Return the newest issue whose sending has begun, stopped ones and corrections left out."""
    begun = (IssueState.SENDING, IssueState.SENT)
    return session.scalar(
        select(Issue)
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state.in_(begun),
            Issue.stopped_at.is_(None),
            Issue.corrects_id.is_(None),
        )
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(1)
    )


def list_issues(session: Session, newsletter_id: int | None = None, limit: int = 20) -> list[Issue]:
    """Return the newest issues, of one newsletter or of all."""
    query = select(Issue).order_by(Issue.id.desc()).limit(limit)
    if newsletter_id is not None:
        query = query.where(Issue.newsletter_id == newsletter_id)
    return list(session.scalars(query))


def find_open(session: Session, newsletter_id: int) -> Issue | None:
    """Return a newsletter's newest issue that may be edited, corrections left out, or None."""
    return session.scalar(
        select(Issue)
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state.in_(OPEN_TO_EDITS),
            Issue.corrects_id.is_(None),
        )
        .order_by(Issue.number.desc())
        .limit(1)
    )


def list_sending(session: Session) -> list[Issue]:
    """Return the issues that are being sent now, oldest first."""
    return list(
        session.scalars(select(Issue).where(Issue.state == IssueState.SENDING).order_by(Issue.id))
    )
