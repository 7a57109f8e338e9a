"""The look and the words of the reader pages: one sheet, in the colours of the newsletter's own
mails and in its language.

A page is one file: its style travels inside it, allowed by its hash, so nothing else is asked of
the network and nothing breaks below a path or on a mirror. In a template ``_("…")`` translates and
``ngettext("…", "…", number)`` counts; both return markup, into which values go by ``.format(…)``,
escaped (docs/translating.md).
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from sqlalchemy.orm import Session

from digest.assets import asset
from digest.config import Config, InitialConfig, NewsletterConfig
from digest.errors import RenderingFailed
from digest.models import Newsletter
from digest.rendering.catalogues import Catalogues
from digest.rendering.furniture import Furniture
from digest.rendering.theme import Theme, theme_for
from digest.rendering.view import LOOKS
from digest.rendering.written import date_line, number_written

DEFAULT_ACCENT = InitialConfig().accent


@dataclass(frozen=True, slots=True)
class Masthead:
    """Whose page it is, and in which language it speaks: a newsletter's name and slug, empty when
    unknown, and its colours. `name_language` is that of the name.
    """

    name: str
    language: str
    theme: Theme
    slug: str = ""
    name_language: str = ""
    root: str = ""  # the path below which all its pages are; links begin with it
    has_archive: bool = False
    has_privacy: bool = False

    def speaking(self, language: str | None) -> "Masthead":
        """Return the same in a reader's own language, where one is known."""
        if not language or language == self.language:
            return self
        # The colours are the newsletter's; fonts and direction follow the language.
        letters = theme_for(language, DEFAULT_ACCENT)
        theme = replace(letters, light=self.theme.light, dark=self.theme.dark)
        return replace(self, language=language, theme=theme)


NOBODYS = Masthead("", "en", theme_for("en", DEFAULT_ACCENT))


class Pages:
    """Renders the shipped templates, or a newsroom's own of the same name in `override`."""

    def __init__(self, override: Path | None = None, catalogues: Catalogues | None = None) -> None:
        self._catalogues = catalogues or Catalogues(override)
        folders = [folder for folder in (override, asset("templates") / "web") if folder]
        self._environment = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined
        )

    def words(self, language: str) -> NullTranslations:
        """Return what translates into a language, English where it has no words or a catalogue
        cannot be read: a page must open.
        """
        try:
            return self._catalogues.words(language)
        except RenderingFailed:
            return NullTranslations()

    def show(
        self, template: str, masthead: Masthead = NOBODYS, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page with its status and its Content-Security-Policy.

        A value `policy` adds to the policy, such as ``frame-src 'self'``.
        """
        more = str(values.pop("policy", ""))
        html, style = self.render(template, masthead, **values)
        headers = {"Content-Security-Policy": page_policy(style, more)}
        return HTMLResponse(html, status, headers=headers)

    def render(
        self, template: str, masthead: Masthead = NOBODYS, **values: object
    ) -> tuple[str, str]:
        """Return a page's HTML, and the style sheet that stands in it."""
        style = _sheet(self._environment.get_template("reader.css"), masthead.theme)
        html = self._environment.get_template(template).render(
            masthead=masthead,
            style=Markup(style),  # noqa: S704 - our own sheet, in checked colours
            **self._said(masthead.language),
            **values,
        )
        return html, style

    def _said(self, language: str) -> dict[str, Callable[..., Markup]]:
        """Return how templates say words, numbers and dates in a language."""
        words = self.words(language)

        def translated(text: str) -> Markup:
            return Markup.escape(words.gettext(text))

        def counted(one: str, many: str, count: int) -> Markup:
            form = Markup.escape(words.ngettext(one, many, count))
            return form.format(count=number_written(count, language))

        def dated(day: date) -> Markup:
            return Markup.escape(date_line(day, language))

        def numbered(number: int) -> Markup:
            return Markup.escape(number_written(number, language))

        def issue_number(number: int) -> Markup:
            form = Furniture(words, language).number  # as at the head of the mail
            return Markup.escape(form.format(number=number_written(number, language)))

        return {
            "issue_number": issue_number,
            "_": translated,
            "ngettext": counted,
            "dated": dated,
            "numbered": numbered,
        }


@lru_cache(maxsize=64)
def _sheet(template: Template, theme: Theme) -> str:
    """Return the sheet in a theme's colours; a file that has changed is another template."""
    return template.render(theme=theme)


def page_policy(style: str, more: str = "") -> str:
    """Return the policy of a page: this style, forms that come back here, what `more` adds, and
    nothing else (CSP Level 3, section 8.3).
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    added = f"{more}; " if more else ""
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        f"{added}frame-ancestors 'none'"
    )


def masthead_of(row: Newsletter, config: Config, configured: NewsletterConfig) -> Masthead:
    """Return the masthead of a configured newsletter in its own language."""
    accent = str(row.furniture.get("accent") or DEFAULT_ACCENT)
    look = str(row.furniture.get("look") or LOOKS[0])
    return Masthead(
        name=configured.name,
        language=configured.language,
        theme=_theme(configured.language, accent, look),
        slug=row.slug,
        name_language=configured.language,
        root=urlsplit(config.site_of(configured)).path,
        has_archive=configured.has_archive,
        has_privacy=bool(configured.privacy_file),
    )


def find_masthead(
    session: Session, config: Config, newsletter_id: int, language: str | None = None
) -> Masthead:
    """Return the masthead of a newsletter, in a reader's own language where one is given; a page
    must open even when configuration or colours are not what they should be.
    """
    row = session.get_one(Newsletter, newsletter_id)
    configured = next((n for n in config.newsletters if n.slug == row.slug), None)
    if configured is None:
        return NOBODYS.speaking(language)
    return masthead_of(row, config, configured).speaking(language)


def _theme(language: str, accent: str, look: str) -> Theme:
    try:
        return theme_for(language, accent, look)
    except RenderingFailed:
        return theme_for(language, DEFAULT_ACCENT)
