"""The board of an issue as it is read: its sections, its cards, and what could be undone."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from digest.curation.board_changes import find_last_change
from digest.curation.issues import OPEN_TO_EDITS
from digest.curation.newsletters import list_sections
from digest.curation.picks import list_picks
from digest.curation.plain import web_url
from digest.models import Article, BoardChange, Issue, IssueState, Pick, Section
from digest.web.desk.board_fields import pick_fields, words_fields
from digest.web.desk.board_places import Column, T
from digest.web.desk.doors import HOME

NAMES_OF_CHANGES = {
    "words": "the issue's words",
    "edit": "words of an article",
    "move": "a move",
    "remove": "a removal",
    "hold over": "holding over",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One article on the board."""

    article_id: int
    fields: dict[str, str]
    source: str  # the article's address
    whole: bool  # its full text is mailed


@dataclass(frozen=True, slots=True)
class Board:
    """An issue as its board shows it, to one editor."""

    slug: str
    number: int
    day: str
    state: IssueState
    version: int
    first_voided: bool  # the first of two approved it, and it was changed since
    columns: list[Column[Card]]
    words: dict[str, str]
    undoable: str  # what this editor would undo next; empty: nothing
    undo_id: int
    corrects: int | None = None  # the number of the issue that it corrects

    @property
    def path(self) -> str:
        """Where the board is."""
        return f"{HOME}/{self.slug}/{self.number}"

    @property
    def corrects_path(self) -> str:
        """Where the corrections of the issue are that it corrects."""
        return f"{HOME}/{self.slug}/{self.corrects}/corrections"

    @property
    def open(self) -> bool:
        """Whether it may still be edited."""
        return self.state in OPEN_TO_EDITS

    @property
    def count(self) -> int:
        """How many articles there are."""
        return sum(len(column.cards) for column in self.columns)


def board_of(session: Session, issue: Issue, slug: str, editor_id: int) -> Board:
    """Return the board of an issue as one editor sees it."""
    last = find_last_change(session, issue.id, editor_id)
    return Board(
        slug=slug,
        number=issue.number,
        day=f"{issue.slot_date:%A, %-d %B %Y}" if issue.slot_date else "an extra",
        state=issue.state,
        version=issue.version,
        first_voided=(
            issue.state is IssueState.DRAFT and bool(issue.first_by) and not issue.first_hash
        ),
        columns=columns_of(session, issue, _card),
        words=words_fields(issue),
        undoable=_undoable(last),
        undo_id=last.id if last else 0,
        corrects=session.get_one(Issue, issue.corrects_id).number if issue.corrects_id else None,
    )


def _undoable(change: BoardChange | None) -> str:
    return NAMES_OF_CHANGES[change.kind] if change else ""


def _card(pick: Pick, article: Article) -> Card:
    source = web_url(article.url) or ""
    return Card(article.id, pick_fields(pick), source, bool(pick.body_html))


def columns_of(
    session: Session, issue: Issue, card: Callable[[Pick, Article], T]
) -> list[Column[T]]:
    """Return the sections of an issue, each with what `card` makes of its picks."""
    picks = list_picks(session, issue.id)
    return [
        Column(
            section.id,
            section.heading,
            [card(pick, article) for at, pick, article in picks if at.id == section.id],
            not section.put_away,
        )
        for section in _sections_of(session, issue, [at for at, _, _ in picks])
    ]


def _sections_of(session: Session, issue: Issue, used: list[Section]) -> list[Section]:
    """Return the sections in use, and those that an old issue stands under."""
    present = list_sections(session, issue.newsletter_id)
    away = dict.fromkeys(section for section in used if section.put_away)
    return [*present, *away]
