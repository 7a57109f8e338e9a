"""Articles placed in an issue, in the editor's order and words. Every change counts as an edit of
the issue.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.curation.cleaning import safe_html
from digest.curation.issues import void_approval
from digest.curation.plain import web_url
from digest.errors import BadInput, Conflict, NotFound
from digest.models import Article, Issue, Layout, Pick, Section

EDITABLE = frozenset(
    {"headline", "blurb", "kicker", "byline", "layout", "image_url", "image_alt", "image_credit"}
    | {"whole", "body_html", "ran_before_allowed"}
)
NO_WHOLE_TEXT = "whole: its source gave no full text; paste it as body_html"


def pick_article(
    session: Session,
    issue: Issue,
    article: Article,
    section: Section,
    *,
    position: int | None = None,
    words: dict[str, Any] | None = None,
) -> Pick:
    """Place an article in a section, last unless a position (from 1) is given.

    `words` are the editor's own fields (see EDITABLE); what is not given comes from the article.
    ``whole`` (yes or no) takes the article's full text along, ``body_html`` another one, cleaned.
    Conflict when the article is in this issue already; nothing is written then.
    """
    changes = _checked(words or {}, article)
    _check_place(session, issue, section, position)
    taken = select(Pick.id).where(Pick.issue_id == issue.id, Pick.article_id == article.id)
    if session.scalar(taken) is not None:
        raise Conflict(f"article {article.id} is already in number {issue.number}")
    void_approval(session, issue)
    pick = Pick(
        issue_id=issue.id,
        article_id=article.id,
        section_id=section.id,
        position=len(_in_section(session, issue.id, section.id)) + 1,
        **{**_from_article(article), **changes},
    )
    session.add(pick)
    session.flush()
    if position is not None:
        _place(session, pick, section, position)
    return pick


def _check_place(session: Session, issue: Issue, section: Section, position: int | None) -> None:
    if section.newsletter_id != issue.newsletter_id:
        raise BadInput(f"the section {section.heading!r} belongs to another newsletter")
    if position is not None and position < 1:
        raise BadInput("positions count from 1")
    # Held until the pick is there: whoever puts the section away meanwhile waits, and sees it.
    session.refresh(section, with_for_update={"read": True})
    if section.put_away:
        raise Conflict(f"the section {section.heading!r} was put away: choose another one")


def _from_article(article: Article) -> dict[str, Any]:
    return {
        "headline": article.title,
        "blurb": article.summary,
        "byline": article.author,
        "layout": Layout.COLUMN,
        "image_url": article.image_url,
        "image_alt": article.image_alt,
        "image_credit": article.image_credit,
    }


def _checked(changes: dict[str, Any], article: Article) -> dict[str, Any]:
    for field in changes:
        if field not in EDITABLE:
            raise BadInput(
                f"a pick has no field {field!r} (there are: {', '.join(sorted(EDITABLE))})"
            )
    if not changes.get("headline", "given").strip():
        raise BadInput("headline: a pick needs one")
    if changes.get("image_url") and not web_url(changes["image_url"]):
        raise BadInput("image_url: a picture needs an http:// or https:// address")
    if "layout" in changes:
        try:
            changes = {**changes, "layout": Layout(changes["layout"])}
        except ValueError as error:
            known = ", ".join(layout.value for layout in Layout)
            raise BadInput(
                f"no layout is called {changes['layout']!r} (there are: {known})"
            ) from error
    return _with_body(changes, article)


def _with_body(changes: dict[str, Any], article: Article) -> dict[str, Any]:
    """Return the changes with the whole text they ask for; ours is clean, a pasted one becomes
    so.
    """
    whole = changes.get("whole")
    changes = {field: value for field, value in changes.items() if field != "whole"}
    if "body_html" in changes:
        changes["body_html"] = safe_html(changes["body_html"], article.url)
    if whole not in {None, "yes", "no"}:
        raise BadInput(f"whole={whole}: write yes or no")
    if whole == "yes" and not article.body_html and not changes.get("body_html"):
        raise BadInput(NO_WHOLE_TEXT)
    if whole is not None and "body_html" not in changes:
        changes["body_html"] = article.body_html if whole == "yes" else ""
    return changes


def move_pick(session: Session, issue: Issue, pick: Pick, section: Section, position: int) -> None:
    """Put a pick at a position (from 1; beyond the end means last) of a section."""
    _check_place(session, issue, section, position)
    void_approval(session, issue)
    _place(session, pick, section, position)


def _place(session: Session, pick: Pick, section: Section, position: int) -> None:
    left = pick.section_id
    others = [p for p in _in_section(session, pick.issue_id, section.id) if p.id != pick.id]
    others.insert(position - 1, pick)
    pick.section_id = section.id
    _number(others)
    session.flush()
    if left != section.id:
        _number(_in_section(session, pick.issue_id, left))
        session.flush()


def _number(picks: list[Pick]) -> None:
    for position, pick in enumerate(picks, 1):
        pick.position = position


def edit_pick(session: Session, issue: Issue, pick: Pick, changes: dict[str, Any]) -> None:
    """Change the editor's words of a pick; BadInput names an unknown field or layout."""
    checked = _checked(changes, session.get_one(Article, pick.article_id))
    void_approval(session, issue)
    for field, value in checked.items():
        setattr(pick, field, value)
    session.flush()


def unpick(session: Session, issue: Issue, pick: Pick) -> None:
    """Take a pick out of its issue; the article stays in the inbox."""
    void_approval(session, issue)
    section_id = pick.section_id
    session.delete(pick)
    session.flush()
    _number(_in_section(session, issue.id, section_id))
    session.flush()


def find_pick(session: Session, issue: Issue, article_id: int) -> Pick:
    """Return an article's pick in an issue; NotFound when it is not in there."""
    pick = session.scalar(
        select(Pick).where(Pick.issue_id == issue.id, Pick.article_id == article_id)
    )
    if pick is None:
        raise NotFound(f"article {article_id} is not in number {issue.number}")
    return pick


def list_picks(session: Session, issue_id: int) -> list[tuple[Section, Pick, Article]]:
    """Return an issue's picks with section and article, in reading order."""
    rows = session.execute(
        select(Section, Pick, Article)
        .join(Pick, Pick.section_id == Section.id)
        .join(Article, Article.id == Pick.article_id)
        .where(Pick.issue_id == issue_id)
        .order_by(Section.position, Pick.position)
    )
    return [(section, pick, article) for section, pick, article in rows]


def _in_section(session: Session, issue_id: int, section_id: int) -> list[Pick]:
    return list(
        session.scalars(
            select(Pick)
            .where(Pick.issue_id == issue_id, Pick.section_id == section_id)
            .order_by(Pick.position)
        )
    )
