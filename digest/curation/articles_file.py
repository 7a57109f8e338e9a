"""Articles typed into a TOML or JSON file: ``[[article]]`` tables with the words of `FoundArticle`.

Every mistake is found before anything is taken in; its message names file, article and key.
"""

import json
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from digest.config import Strict, check
from digest.curation.cleaning import safe_html
from digest.curation.plain import language_tag, one_line, web_url
from digest.curation.sources.base import FoundArticle
from digest.errors import BadInput, ConfigError


def _web(value: str) -> str:
    url = web_url(value)
    if url is None:
        raise ValueError("must be an http:// or https:// address")
    return url


def _web_or_nothing(value: str) -> str:
    return _web(value) if value else ""


def _language(value: str) -> str:
    tag = language_tag(value)
    if value and not tag:
        raise ValueError("must be a language tag such as en or pt-BR")
    return tag


def _moment(value: Any) -> Any:
    """Take a day for its first instant; pydantic reads texts and TOML's own times."""
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return datetime.combine(value, time(), UTC) if is_day else value


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Line = Annotated[str, AfterValidator(one_line)]
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_aware)]


class _Entry(Strict):
    """One ``[[article]]`` table. A time without a zone is UTC."""

    url: Annotated[str, AfterValidator(_web)]
    title: Annotated[Line, Field(min_length=1)]
    summary: Line = ""
    author: Line = ""
    published_at: Moment | None = None
    image_url: Annotated[str, AfterValidator(_web_or_nothing)] = ""
    image_alt: Line = ""
    image_credit: Line = ""
    categories: tuple[Line, ...] = ()
    body_html: str = ""
    site_name: Line = ""
    language: Annotated[str, AfterValidator(_language)] = ""


def read_articles_file(path: Path) -> list[FoundArticle]:
    """Return the articles in a ``.toml`` or ``.json`` file, in its order.

    Raises BadInput when the file cannot be read or a table is wrong; it names file, article number
    and key.
    """
    tables = _tables(path)
    unknown = sorted(set(tables) - {"article"})
    if unknown:
        raise BadInput(
            f"{path}: {unknown[0]}: this key is unknown (articles are [[article]] tables)"
        )
    entries = tables.get("article", [])
    if not isinstance(entries, list) or not entries:
        raise BadInput(f"{path}: article: there must be a list of at least one article")
    return [
        checked_article(entry, f"{path}: article {n}") for n, entry in enumerate(entries, start=1)
    ]


def _tables(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        tables = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: not a TOML or JSON file: {error}") from error
    if not isinstance(tables, dict):
        raise BadInput(f"{path}: the file must be an object with the key article")
    return tables


def checked_article(entry: Any, where: str) -> FoundArticle:
    """Return one article from the words of a table, or of a form; BadInput, after `where`, names
    what is wrong.
    """
    try:
        checked = check(_Entry, entry, where=where)
    except ConfigError as error:
        raise BadInput(str(error)) from error
    values = checked.model_dump()
    return FoundArticle(**{**values, "body_html": safe_html(checked.body_html, checked.url)})
