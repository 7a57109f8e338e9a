"""What stands from week to week: the blocks that a new draft begins with.

Sections, the appeal's text and the furniture are the newsletter's own and are in every issue as
they are. Of an issue's own words, a new draft takes those that are marked as standing from the
newest issue of the newsletter, so that what an editor last made of them goes on.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.errors import BadInput
from digest.models import Issue, IssueState, Newsletter

CHOICES = {
    "appeal": "Appeal, shown or left out",
    "signed": "Who signs the paper's message",
    "topper": "The paper's message",
    "quote": "Quote",
    "numbers": "By the numbers",
}
USUAL = ("appeal", "signed")


def list_standing(newsletter: Newsletter) -> tuple[str, ...]:
    """Return what stands in a newsletter, in the order of CHOICES."""
    marked = USUAL if newsletter.standing is None else newsletter.standing
    return tuple(name for name in CHOICES if name in marked)


def standing_words(session: Session, newsletter: Newsletter) -> dict[str, Any]:
    """Return the words that a new issue begins with, as `new_issue` takes them."""
    last = session.scalar(
        select(Issue)
        .where(
            Issue.newsletter_id == newsletter.id,
            Issue.state != IssueState.CANCELLED,
            Issue.slot_date.is_not(None),
        )
        .order_by(Issue.slot_date.desc())
        .limit(1)
    )
    return {} if last is None else _words_of(last, list_standing(newsletter))


def _words_of(issue: Issue, standing: Iterable[str]) -> dict[str, Any]:
    words: dict[str, Any] = {}
    for name in standing:
        if name in {"signed", "topper"}:
            key = {"signed": "signed", "topper": "text"}[name]
            words["topper"] = {**words.get("topper", {}), key: issue.topper.get(key, "")}
        else:
            words[name] = getattr(issue, name)
    return words


def check_standing(names: Iterable[str]) -> list[str]:
    """Return names of what is to stand, each once; BadInput for one that is none."""
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in CHOICES:
            raise BadInput(f"{name!r} cannot stand (what can: {', '.join(CHOICES)})")
    return wanted
