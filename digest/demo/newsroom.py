"""The sample newsroom: articles, pictures and one week's issue of The Harbour Courier, frozen.

Everything is read from ``digest/demo/content``; nothing here touches the database, the network or
the clock. All text is plain; in a paragraph ``*words*`` are meant to be set in italics.
"""

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from digest.errors import BadInput

CONTENT = Path(str(files("digest.demo"))) / "content"
ARTICLE_FILES = ("news.toml", "features.toml", "analysis.toml", "opinion.toml")


@dataclass(frozen=True, slots=True)
class Paper:
    """The publication: who it is and what stands in the furniture of every issue."""

    name: str
    town: str
    tagline: str
    about: str
    url: str
    postal_address: str
    corrections_address: str
    accent: str  # #rrggbb
    credit: str  # of every picture


@dataclass(frozen=True, slots=True)
class Picture:
    """An illustration of our own: a JPEG of 1200 by 800 pixels."""

    name: str
    alt: str
    credit: str
    path: Path


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """One article as the paper's own site publishes it."""

    slug: str
    headline: str
    dek: str
    byline: str
    category: str
    kicker: str
    hours: float  # how long before `now` it was published
    picture: Picture
    paragraphs: tuple[str, ...]

    def published_at(self, now: datetime) -> datetime:
        """Return the moment of publication, to the second, as seen from `now`."""
        return (now - timedelta(hours=self.hours)).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class SamplePick:
    """An article in the sample issue; empty words mean the article's own are good enough."""

    article: str  # slug
    section: str
    layout: str  # lead, column or brief
    headline: str = ""
    blurb: str = ""
    kicker: str = ""


@dataclass(frozen=True, slots=True)
class SampleAppeal:
    """The publisher's message; each way to give is a label and a URL."""

    heading: str
    text: str
    once: tuple[str, str]
    monthly: tuple[str, str]
    annual: tuple[str, str]
    payment_line: str
    signed: str


@dataclass(frozen=True, slots=True)
class SampleIssue:
    """What the editors wrote for one issue; picks in the order they appear."""

    subject: str
    preheader: str
    topper: tuple[str, str]  # text, signed
    quote: tuple[str, str]  # text, name and role
    numbers: tuple[tuple[str, str], ...]  # figure, words
    appeal: SampleAppeal
    picks: tuple[SamplePick, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """Return the headings in the order they first appear."""
        return tuple(dict.fromkeys(pick.section for pick in self.picks))


@dataclass(frozen=True, slots=True)
class Newsroom:
    """All of it; articles newest first."""

    paper: Paper
    pictures: tuple[Picture, ...]
    articles: tuple[SampleArticle, ...]
    issue: SampleIssue

    def article(self, slug: str) -> SampleArticle | None:
        """Return the article of that slug, or None."""
        return next((article for article in self.articles if article.slug == slug), None)


def load_newsroom(folder: Path = CONTENT) -> Newsroom:
    """Read the sample newsroom; BadInput names the file in which something is amiss."""
    desk = _read(folder / "newsroom.toml")
    try:
        paper = Paper(**desk["paper"])
        pictures = {
            name: Picture(name, alt, paper.credit, folder / "pictures" / f"{name}.jpg")
            for name, alt in desk["pictures"].items()
        }
        issue = _issue(desk["issue"])
    except (KeyError, TypeError) as error:
        raise BadInput(f"{folder / 'newsroom.toml'}: {error}") from error
    articles = [one for name in ARTICLE_FILES for one in _articles(folder / name, pictures)]
    articles.sort(key=lambda article: article.hours)
    return Newsroom(paper, tuple(pictures.values()), tuple(articles), issue)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: {error}") from error


def _issue(table: dict[str, Any]) -> SampleIssue:
    quote = table["quote"]
    return SampleIssue(
        subject=table["subject"],
        preheader=table["preheader"],
        topper=(table["topper"]["text"], table["topper"]["signed"]),
        quote=(quote["text"], f"{quote['name']}, {quote['role']}"),
        numbers=tuple((number["figure"], number["words"]) for number in table["numbers"]),
        appeal=_appeal(table["appeal"]),
        picks=tuple(SamplePick(**pick) for pick in table["picks"]),
    )


def _appeal(table: dict[str, Any]) -> SampleAppeal:
    ways = {way: (table[way]["label"], table[way]["url"]) for way in ("once", "monthly", "annual")}
    return SampleAppeal(**{**table, **ways})


def _articles(path: Path, pictures: dict[str, Picture]) -> list[SampleArticle]:
    table = _read(path)
    try:
        return [_article(table["category"], entry, pictures) for entry in table["articles"]]
    except (KeyError, TypeError) as error:
        raise BadInput(f"{path}: {error}") from error


def _article(category: str, entry: dict[str, Any], pictures: dict[str, Picture]) -> SampleArticle:
    words = {key: value for key, value in entry.items() if key not in {"body", "picture"}}
    paragraphs = tuple(" ".join(part.split()) for part in entry["body"].strip().split("\n\n"))
    return SampleArticle(
        category=category, picture=pictures[entry["picture"]], paragraphs=paragraphs, **words
    )
