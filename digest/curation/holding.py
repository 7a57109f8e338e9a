"""Holding a pick over: it leaves this issue and stands in a later one, in the same words."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.curation.issues import refuse_closed
from digest.curation.picks import EDITABLE, pick_article, unpick
from digest.errors import Conflict
from digest.models import Article, Issue, Pick, Section

WORDS = sorted(EDITABLE - {"whole"})  # columns; `whole` only fills body_html


def hold_over(session: Session, issue: Issue, pick: Pick, later: Issue) -> Pick:
    """Move a pick to the end of its section in a later issue; return it there. Both are edited.

    Conflict when the article is in there already, Refused when one of them is being sent. Nothing
    is written then.
    """
    refuse_closed(session, issue, "be changed")
    refuse_closed(session, later, "take it")
    refuse_there(session, later, pick)
    words = words_of(pick)
    section = session.get_one(Section, pick.section_id)
    article = session.get_one(Article, pick.article_id)
    unpick(session, issue, pick)
    return pick_article(session, later, article, section, words=words)


def refuse_there(session: Session, issue: Issue, pick: Pick) -> None:
    """Raise Conflict when an issue has a pick's article already."""
    there = select(Pick.id).where(Pick.issue_id == issue.id, Pick.article_id == pick.article_id)
    if session.scalar(there) is not None:
        raise Conflict(
            f"“{pick.headline}” is in number {issue.number} already: take it out of one of the two"
        )


def words_of(pick: Pick) -> dict[str, Any]:
    """Return the editor's words of a pick."""
    return {field: getattr(pick, field) for field in WORDS}
