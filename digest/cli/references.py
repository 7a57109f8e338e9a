"""How commands find the issue they are about, with everything they need to know of it."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue, find_last_begun
from digest.errors import BadInput
from digest.models import Issue, Newsletter

IssueName = Annotated[str, typer.Argument(help="newsletter/number, or newsletter for its newest.")]
NewsletterSlug = Annotated[
    str | None,
    typer.Option("--newsletter", "-n", help="Its slug; not needed when there is only one."),
]
ArticleRef = Annotated[str, typer.Argument(help="The article's id or address.")]


def heard(address: str) -> str:
    """Return an address from a command line; ``-`` is one that is asked for, or read from standard
    input: what is typed as a word of a command stays in the records of shells and of sudo.
    """
    if address != "-":
        return address
    if sys.stdin.isatty():
        asked: str = typer.prompt("Address")
        return asked.strip()
    return sys.stdin.readline().strip()


ReaderAddress = Annotated[
    str,
    typer.Argument(
        callback=heard, help="The reader's address; - asks for it, so that no history keeps it."
    ),
]


@dataclass(frozen=True, slots=True)
class Referred:
    """An issue, what it is called in full, and the configuration of its newsletter."""

    row: Issue
    name: str
    configured: NewsletterConfig


def refer(instance: App, session: Session, reference: str, *, begun: bool = False) -> Referred:
    """Return the issue meant; BadInput, NotFound or ConfigError say what is wrong with the name.

    `begun`: a newsletter alone means the issue whose sending began last, for the next draft opens
    as soon as it does; the newest one where none ever began.
    """
    row = (find_last_begun(session, reference) if begun else None) or find_issue(session, reference)
    slug = session.get_one(Newsletter, row.newsletter_id).slug
    return Referred(row, f"{slug}/{row.number}", instance.config.newsletter(slug))


def chosen(instance: App, slug: str | None) -> str:
    """Return the newsletter's slug, checked; the only one when none is given."""
    if slug is not None:
        return instance.config.newsletter(slug).slug
    slugs = [newsletter.slug for newsletter in instance.config.newsletters]
    if len(slugs) > 1:
        raise BadInput(f"say --newsletter, there are several: {', '.join(slugs)}")
    return slugs[0]
