"""Which mirrors answer, asked from here: each for a page that it must have, under its title.

A mirror of the reader pages is asked for the newest issue that they show, one of articles for the
newest article that came in from its host. No transaction may be open while anybody is asked.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.mirrors import PAGES, Mirrored
from digest.models import Article, Issue, IssueState
from digest.press.preflight.asking import Progress, ask
from digest.press.preflight.material import Answer
from digest.press.preflight.wording import is_within
from digest.rendering.mirroring import rest_behind

if TYPE_CHECKING:
    from digest.fetch.client import Fetcher

LATEST = 500  # articles, among which one of each host is looked for
SHOWN = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)


class Question(NamedTuple):
    """What one address is asked for; `title` is empty where any page will do."""

    of: str
    address: str
    url: str
    title: str = ""


class Probed(NamedTuple):
    """How one address answered; `problem` is empty where it did."""

    of: str
    address: str
    problem: str


def questions(session: Session, newsletter_id: int, mirrors: Iterable[Mirrored]) -> list[Question]:
    """Return what to ask of every address, the originals among them."""
    asked = []
    for mirror in mirrors:
        path, title = _sample(session, newsletter_id, mirror)
        asked += [Question(mirror.of, at, f"{at}{path}", title) for at in mirror.at]
    return asked


def _sample(session: Session, newsletter_id: int, mirror: Mirrored) -> tuple[str, str]:
    """Return a path that must be there, and the title of its page."""
    if mirror.of == PAGES:
        issue = session.scalar(
            select(Issue)
            .where(Issue.newsletter_id == newsletter_id, Issue.state.in_(SHOWN))
            .order_by(Issue.number.desc())
            .limit(1)
        )
        return (f"/i/{issue.public_id}", issue.subject) if issue else ("/", "")
    latest = select(Article.url, Article.title).order_by(Article.id.desc()).limit(LATEST)
    for url, title in session.execute(latest):
        rest = rest_behind(url, mirror)
        if rest is not None:
            return rest, title
    return "/", ""


def probe(
    fetcher: "Fetcher",
    asked: Sequence[Question],
    progress: Progress = lambda _done, _total: None,
) -> list[Probed]:
    """Ask every address, a few at a time, and return how each answered, in the same order."""
    answers = ask(fetcher, (question.url for question in asked), progress)
    return [Probed(q.of, q.address, _problem(q, answers[q.url])) for q in asked]


def _problem(question: Question, answer: Answer) -> str:
    if answer.problem or not question.title or is_within(answer.title, question.title):
        return answer.problem
    return f"another page: {answer.title[:80]!r}" if answer.title else "a page without a title"


def order_found(found: Iterable[Probed]) -> dict[str, list[str]]:
    """Return the order the answers suggest: those that answered first, otherwise as they were
    asked.
    """
    order: dict[str, list[str]] = {}
    for one in sorted(found, key=lambda probed: bool(probed.problem)):
        order.setdefault(one.of, []).append(one.address)
    return order
