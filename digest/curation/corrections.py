"""Corrections of issues that were sent: a dated note, where a wrong link should lead, and the extra
issue that tells those who got it.

What was sent is never changed: a correction changes what is shown from now on. A note that was
itself wrong is taken back and kept, so that feeds can say that something changed.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.curation.corrigible import refuse_unmailable, refuse_unsent
from digest.curation.issue_words import LINE_MOST
from digest.curation.issues import OPEN_TO_EDITS, edit_issue, new_issue
from digest.curation.picks import find_pick
from digest.curation.plain import one_line, shorten, web_url
from digest.errors import BadInput, Conflict, NotFound
from digest.models import Correction, Issue, IssueState, Newsletter

NOTE_MOST = 2_000  # characters


def add_correction(
    session: Session,
    issue: Issue,
    *,
    note: str,
    article_id: int | None = None,
    right_url: str = "",
    now: datetime,
) -> Correction:
    """Add a note to an issue whose sending has begun; of which pick, and where its link should
    lead, where that is said.

    Refused for an issue that can still be edited; BadInput for a note without words or a link that
    leads nowhere; NotFound when the article is not in the issue.
    """
    refuse_unsent(issue)
    if right_url and article_id is None:
        raise BadInput("Say which article the link belongs to.")
    link = web_url(right_url) if right_url else ""
    if link is None:
        raise BadInput("The right link must be an http:// or https:// address.")
    if article_id is not None:
        find_pick(session, issue, article_id)
    correction = Correction(
        issue_id=issue.id, at=now, note=_note(note), article_id=article_id, right_url=link
    )
    session.add(correction)
    session.flush()
    return correction


def _note(text: str) -> str:
    lines = [one_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    note = "\n".join(lines).strip()
    if not note:
        raise BadInput("A correction needs a note: what was wrong, and what is right.")
    if len(note) > NOTE_MOST:
        raise BadInput(f"note: {len(note)} characters are more than the {NOTE_MOST} allowed")
    return note


def find_correction(session: Session, issue: Issue, correction_id: int) -> Correction:
    """Return one correction of an issue that still stands; NotFound for another's, Conflict when it
    was taken back.
    """
    correction = session.get(Correction, correction_id)
    if correction is None or correction.issue_id != issue.id:
        raise NotFound(f"number {issue.number} has no correction {correction_id}")
    if correction.taken_back_at is not None:
        raise Conflict("Somebody took this correction back already.")
    return correction


def take_back(session: Session, correction: Correction, now: datetime) -> None:
    """Show a correction no more, and lead its link where it led before."""
    correction.taken_back_at = now
    session.flush()


def list_corrections(session: Session, issue_id: int) -> Sequence[Correction]:
    """Return the corrections of an issue that stand, oldest first."""
    return session.scalars(
        select(Correction)
        .where(Correction.issue_id == issue_id, Correction.taken_back_at.is_(None))
        .order_by(Correction.at, Correction.id)
    ).all()


def list_mails(session: Session, issue_id: int) -> Sequence[Issue]:
    """Return the extra issues that correct an issue, oldest first, given up ones left out."""
    return session.scalars(
        select(Issue)
        .where(Issue.corrects_id == issue_id, Issue.state != IssueState.CANCELLED)
        .order_by(Issue.id)
    ).all()


def open_mail(
    session: Session, issue: Issue, correction: Correction, *, subject: str, now: datetime
) -> Issue:
    """Open the draft of an extra issue for exactly those whose copy of `issue` was accepted; its
    text is the note.

    Refused while that issue is on its way and once its ledger has shrunk; Conflict while another
    such draft is open.
    """
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    # Two who press at once do so one after the other.
    session.refresh(newsletter, with_for_update=True)
    refuse_unmailable(session, issue)
    for other in list_mails(session, issue.id):
        if other.state in OPEN_TO_EDITS:
            raise Conflict(f"number {other.number} is open already and corrects this issue")
    extra = new_issue(session, newsletter, slot_date=None, now=now)
    extra.corrects_id = issue.id
    words = {
        "subject": shorten(one_line(subject), LINE_MOST),
        "topper": {"text": _text(session, issue, correction), "signed": ""},
        "appeal": False,
    }
    edit_issue(session, extra, words)
    return extra


def _text(session: Session, issue: Issue, correction: Correction) -> str:
    if not correction.right_url or correction.article_id is None:
        return correction.note
    headline = one_line(find_pick(session, issue, correction.article_id).headline)
    return f"{correction.note}\n\n{headline}: {correction.right_url}"
