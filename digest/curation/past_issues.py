"""All issues of the newsletters as the desk lists them: page by page, newest first. Reads only."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from digest.curation.row_numbers import row_number
from digest.errors import BadInput
from digest.models import Issue, IssueState


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for; `before` is a page's `older`, None in `newsletter_id` and `state` means
    all.
    """

    newsletter_id: int | None = None
    state: IssueState | None = None
    search: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class IssuesPage:
    """Some issues, newest first, and the cursor of those after them; empty at the end. Their
    preflight's reports are not loaded.
    """

    issues: tuple[Issue, ...]
    older: str


def read_issues_page(session: Session, sought: Sought, *, most: int) -> IssuesPage:
    """Return the issues sought. Every word of `search` must occur in the subject, in any case of
    any script; a number finds the issue of that number, too. BadInput for a cursor not made here.
    """
    words = sought.search.casefold().split()
    query = _query(sought).execution_options(yield_per=200)
    with closing(session.scalars(query)) as issues:
        matching = (issue for issue in issues if _matches(issue, words))
        found = list(islice(matching, most + 1))
    older = str(found[most - 1].id) if len(found) > most else ""
    return IssuesPage(tuple(found[:most]), older)


def _query(sought: Sought) -> Select[Issue]:
    query = select(Issue).options(defer(Issue.preflight)).order_by(Issue.id.desc())
    if sought.newsletter_id is not None:
        query = query.where(Issue.newsletter_id == sought.newsletter_id)
    if sought.state is not None:
        query = query.where(Issue.state == sought.state)
    if sought.before:
        before = row_number(sought.before)
        if before is None:
            raise BadInput("before: this is no page of ours")
        query = query.where(Issue.id < before)
    return query


def _matches(issue: Issue, words: Sequence[str]) -> bool:
    # In Python, because SQLite's LIKE and lower() know the case of ASCII letters only.
    text = f"{issue.subject} {issue.number}".casefold()
    return all(word in text for word in words)


def list_sent(session: Session, newsletter_id: int, most: int) -> Sequence[Issue]:
    """Return the newest issues that are sent, oldest of them first, corrections left out."""
    newest = session.scalars(
        select(Issue)
        .options(defer(Issue.preflight))
        .where(
            Issue.newsletter_id == newsletter_id,
            Issue.state == IssueState.SENT,
            Issue.corrects_id.is_(None),
        )
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(most)
    ).all()
    return newest[::-1]
