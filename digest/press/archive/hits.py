"""What a search shows of an issue it found: the stories it was found by, the words in them marked.
Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from digest.press.archive.past import PastIssue, PastPick
from digest.press.archive.words import Piece, excerpt, fold, marked

STORIES = 3  # shown of one issue
Marked = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """A story that was found: its headline, and of the rest what holds a word."""

    url: str
    headline: Marked
    more: tuple[Marked, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """An issue that was found. `preheader` is empty unless it holds a word."""

    issue: PastIssue
    subject: Marked
    preheader: Marked
    stories: tuple[Story, ...]


def show_hit(issue: PastIssue, words: Sequence[str]) -> Hit:
    """Return an issue with the words marked; of its stories those that hold the most of them."""
    counted = [(_count(pick, words), pick) for pick in issue.picks]
    found = sorted((each for each in counted if each[0]), key=lambda each: -each[0])
    return Hit(
        issue=issue,
        subject=marked(issue.subject, words),
        preheader=excerpt(issue.preheader, words),
        stories=tuple(_story(pick, words) for _, pick in found[:STORIES]),
    )


def _count(pick: PastPick, words: Sequence[str]) -> int:
    text = fold("\n".join((pick.headline, pick.blurb, pick.byline, pick.section)))
    return sum(word in text for word in words)


def _story(pick: PastPick, words: Sequence[str]) -> Story:
    rest = (excerpt(text, words) for text in (pick.blurb, pick.byline, pick.section))
    return Story(pick.url, marked(pick.headline, words), tuple(line for line in rest if line))
