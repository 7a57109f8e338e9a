"""The pages of an archive that list issues: newest first, what a search found, all headlines.

Each is returned as a template and its values; whoever asks has it shown as an answer or a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from markupsafe import Markup

from digest.config import NewsletterConfig
from digest.errors import NotFound
from digest.press.archive.hits import Hit
from digest.press.archive.past import PastIssue
from digest.web.archive.cards import Card, head_of, locale_name, unguarded
from digest.web.archive.places import Places

T = TypeVar("T")

PAGE = 20  # issues
HEADLINES = 3  # shown of each
Template = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """One page of a list: what stands on it, its number from 1, of how many pages, and how many
    things the whole list has.
    """

    shown: Sequence[T]
    number: int
    pages: int
    total: int


def slices_of(whole: Sequence[T]) -> list[Slice[T]]:
    """Return all pages of a list; an empty list has one."""
    return [slice_of(whole, number) for number in range(1, _pages(whole) + 1)]


def slice_of(whole: Sequence[T], number: int) -> Slice[T]:
    """Return a page of a list, counted from 1; NotFound when the list ends before."""
    pages = _pages(whole)
    if not 1 <= number <= pages:
        raise NotFound(f"the list has {pages} pages")
    return Slice(whole[(number - 1) * PAGE : number * PAGE], number, pages, len(whole))


def _pages(whole: Sequence[T]) -> int:
    return max(1, -(-len(whole) // PAGE))


def issue_list(
    configured: NewsletterConfig,
    places: Places,
    part: Slice[PastIssue],
    head: Markup,
) -> Template:
    """Return a page of past issues, newest first."""
    return "archive.html", {
        **_common(configured, places, head),
        "part": part,
        "headlines": HEADLINES,
    }


def found_list(
    configured: NewsletterConfig, places: Places, part: Slice[Hit], query: str
) -> Template:
    """Return a page of what a search found; search engines are asked to leave it out."""
    head = Markup('<meta name="robots" content="noindex">')
    values = {**_common(configured, places, head), "part": part, "query": query}
    return "archive_found.html", values


def headline_list(
    configured: NewsletterConfig, places: Places, issues: Sequence[PastIssue], head: Markup
) -> Template:
    """Return all headlines on one page, to be searched with the browser's own search."""
    return "archive_headlines.html", {**_common(configured, places, head), "issues": issues}


def _common(configured: NewsletterConfig, places: Places, head: Markup) -> dict[str, Any]:
    name = unguarded(configured, configured.name)
    return {"places": places, "head": head, "named": name, "query": ""}


def list_head(
    configured: NewsletterConfig, title: str, *, url: str, feed: str, description: str = ""
) -> Markup:
    """Return the head of a list that search engines may keep."""
    card = Card(
        title=title,
        kind="website",
        url=url,
        description=unguarded(configured, description),
        site_name=unguarded(configured, configured.name),
        locale=locale_name(configured.language),
    )
    return head_of(card, feed=feed)
