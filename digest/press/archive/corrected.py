"""The corrections of past issues as their readers may see them, and a page's links led to the right
place. Only reads; the bytes that were sent stay as they are.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape, unescape
from zoneinfo import ZoneInfo

from sqlalchemy import Subquery, and_, func, select
from sqlalchemy.orm import Session

from digest.models import Article, Correction, Pick

LINK = re.compile(r"""(<a\s[^>]*?\bhref=)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PastCorrection:
    """A note to readers, dated, and of which story, where that was said. All of it is plain text;
    `wrong_url` is where the story's link led, `right_url` where it leads now, empty where it was
    right.
    """

    at: datetime
    day: date
    note: str
    headline: str = ""
    wrong_url: str = ""
    right_url: str = ""


def read_corrections(
    session: Session, ids: Sequence[int], zone: ZoneInfo
) -> dict[int, tuple[PastCorrection, ...]]:
    """Return by issue the corrections that stand, oldest first."""
    rows = session.execute(
        select(Correction, Pick.headline, Article.url)
        .outerjoin(
            Pick,
            and_(Pick.issue_id == Correction.issue_id, Pick.article_id == Correction.article_id),
        )
        .outerjoin(Article, Article.id == Correction.article_id)
        .where(Correction.issue_id.in_(ids), Correction.taken_back_at.is_(None))
        .order_by(Correction.at, Correction.id)
    )
    found: dict[int, tuple[PastCorrection, ...]] = {}
    for row, headline, url in rows:
        correction = PastCorrection(
            at=row.at,
            day=row.at.astimezone(zone).date(),
            note=row.note,
            headline=headline or "",
            wrong_url=(url or "") if row.right_url else "",
            right_url=row.right_url,
        )
        found[row.issue_id] = (*found.get(row.issue_id, ()), correction)
    return found


def last_changes() -> Subquery:
    """Return, to be joined by ``issue_id``, when an issue's corrections last changed (``at``): one
    came, or was taken back.
    """
    at = func.max(func.coalesce(Correction.taken_back_at, Correction.at))
    return select(Correction.issue_id, at.label("at")).group_by(Correction.issue_id).subquery()


def right_links(corrections: Sequence[PastCorrection]) -> dict[str, str]:
    """Return where wrong addresses should lead; of two corrections the later one counts."""
    return {each.wrong_url: each.right_url for each in corrections if each.right_url}


def repointed(html: str, links: Mapping[str, str]) -> str:
    """Return a page whose links to the wrong addresses lead to the right ones; nothing else of it
    changes.
    """
    if not links:
        return html

    def led(found: re.Match[str]) -> str:
        right = links.get(unescape(found[2] if found[2] is not None else found[3]))
        return found[0] if right is None else f'{found[1]}"{escape(right)}"'

    return LINK.sub(led, html)
