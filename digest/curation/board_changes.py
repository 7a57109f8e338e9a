"""Changes that editors make at the board, each kept so that whoever made it can undo it.

A change is undone only while what it left is still there: where somebody changed the same thing
since, undoing raises Conflict and writes nothing. Holds words of issues and picks, no reader's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest.curation.holding import WORDS as OF_A_PICK
from digest.curation.holding import hold_over, words_of
from digest.curation.issues import edit_issue
from digest.curation.picks import edit_pick, find_pick, move_pick, pick_article, unpick
from digest.errors import Conflict, NotFound
from digest.models import Article, BoardChange, Issue, Pick, Section

KEPT = 30  # changes of one editor to one issue
WORDS, EDITED, MOVED, TAKEN_OUT, HELD = "words", "edit", "move", "remove", "hold over"


def change_words(
    session: Session, issue: Issue, editor_id: int, changes: Mapping[str, Any], now: datetime
) -> None:
    """Change an issue's own texts; errors of `edit_issue`."""
    before = _of_row(issue, changes)
    edit_issue(session, issue, dict(changes))
    _keep(session, issue, editor_id, None, WORDS, before, _of_row(issue, changes), now)


def change_pick(
    session: Session,
    issue: Issue,
    editor_id: int,
    pick: Pick,
    changes: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change the editor's words of a pick; errors of `edit_pick`."""
    before = _of_row(pick, changes)
    edit_pick(session, issue, pick, dict(changes))
    after = _of_row(pick, changes)
    _keep(session, issue, editor_id, pick.article_id, EDITED, before, after, now)


def change_place(
    session: Session,
    issue: Issue,
    editor_id: int,
    pick: Pick,
    section: Section,
    position: int,
    now: datetime,
) -> None:
    """Put a pick at a position of a section; errors of `move_pick`. Nothing where it is there."""
    before = _place_of(pick)
    if before == {"section": section.id, "position": position}:
        return
    move_pick(session, issue, pick, section, position)
    _keep(session, issue, editor_id, pick.article_id, MOVED, before, _place_of(pick), now)


def take_out(session: Session, issue: Issue, editor_id: int, pick: Pick, now: datetime) -> None:
    """Take a pick out of its issue; errors of `unpick`."""
    before, article_id = {**_of_row(pick, OF_A_PICK), **_place_of(pick)}, pick.article_id
    unpick(session, issue, pick)
    _keep(session, issue, editor_id, article_id, TAKEN_OUT, before, {}, now)


def change_issue(
    session: Session, issue: Issue, editor_id: int, pick: Pick, later: Issue, now: datetime
) -> None:
    """Hold a pick over to a later issue; errors of `hold_over`."""
    before = {**_of_row(pick, OF_A_PICK), **_place_of(pick)}
    there = hold_over(session, issue, pick, later)
    after = {"issue": later.id, **_of_row(there, OF_A_PICK)}
    _keep(session, issue, editor_id, there.article_id, HELD, before, after, now)


def find_last_change(session: Session, issue_id: int, editor_id: int) -> BoardChange | None:
    """Return what an editor would undo next in an issue."""
    mine = select(BoardChange).where(
        BoardChange.issue_id == issue_id, BoardChange.editor_id == editor_id
    )
    return session.scalar(mine.order_by(BoardChange.id.desc()).limit(1))


def undo_change(session: Session, issue: Issue, change: BoardChange) -> None:
    """Put back what was there before a change, and forget it.

    Conflict where somebody changed the same thing since; Refused when the issue is being sent.
    """
    UNDOING[change.kind](session, issue, change)
    forget_change(session, change.id)


def forget_change(session: Session, change_id: int) -> None:
    """Forget a change, whether it was undone or no longer can be."""
    session.execute(delete(BoardChange).where(BoardChange.id == change_id))


def _undo_words(session: Session, issue: Issue, change: BoardChange) -> None:
    _refuse_changed(_of_row(issue, change.after), change.after)
    edit_issue(session, issue, change.before)


def _undo_edit(session: Session, issue: Issue, change: BoardChange) -> None:
    pick = _find_still(session, issue, change)
    _refuse_changed(_of_row(pick, change.after), change.after)
    edit_pick(session, issue, pick, change.before)


def _undo_move(session: Session, issue: Issue, change: BoardChange) -> None:
    pick = _find_still(session, issue, change)
    _refuse_changed(_place_of(pick), change.after)
    section = session.get_one(Section, change.before["section"])
    move_pick(session, issue, pick, section, change.before["position"])


def _undo_holding(session: Session, issue: Issue, change: BoardChange) -> None:
    """Take a pick back from the later issue, unless somebody worked on it there."""
    left = dict(change.after)
    later = session.get_one(Issue, left.pop("issue"))
    session.refresh(later, with_for_update=True)
    there = _find_still(session, later, change)
    _refuse_changed(words_of(there), left)
    unpick(session, later, there)
    _undo_removal(session, issue, change)


def _undo_removal(session: Session, issue: Issue, change: BoardChange) -> None:
    before = dict(change.before)
    section = session.get_one(Section, before.pop("section"))
    position = before.pop("position")
    article = session.get_one(Article, change.article_id)
    pick_article(session, issue, article, section, position=position, words=before)


UNDOING: dict[str, Callable[[Session, Issue, BoardChange], None]] = {
    WORDS: _undo_words,
    EDITED: _undo_edit,
    MOVED: _undo_move,
    TAKEN_OUT: _undo_removal,
    HELD: _undo_holding,
}


def _find_still(session: Session, issue: Issue, change: BoardChange) -> Pick:
    try:
        return find_pick(session, issue, change.article_id or 0)
    except NotFound as error:
        raise Conflict("This cannot be undone: the article was taken out since.") from error


def _refuse_changed(present: Mapping[str, Any], left: Mapping[str, Any]) -> None:
    if dict(present) != dict(left):
        raise Conflict("This cannot be undone: somebody changed the same thing since.")


def _of_row(row: Issue | Pick, fields: Mapping[str, Any] | list[str]) -> dict[str, Any]:
    return {field: getattr(row, field) for field in fields}


def _place_of(pick: Pick) -> dict[str, int]:
    return {"section": pick.section_id, "position": pick.position}


def _keep(
    session: Session,
    issue: Issue,
    editor_id: int,
    article_id: int | None,
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
    now: datetime,
) -> None:
    whose = {"issue_id": issue.id, "editor_id": editor_id, "article_id": article_id}
    session.add(BoardChange(**whose, at=now, kind=kind, before=before, after=after))
    session.flush()
    mine = select(BoardChange.id).where(
        BoardChange.issue_id == issue.id, BoardChange.editor_id == editor_id
    )
    old = session.scalars(mine.order_by(BoardChange.id.desc()).offset(KEPT)).all()
    session.execute(delete(BoardChange).where(BoardChange.id.in_(old)))
