"""The look of the reader pages: one sheet, in the colours of the newsletter's own mails.

A page is one file: its style travels inside it, allowed by its hash, so nothing else is asked of
the network and nothing breaks below a path or on a mirror.
"""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from digest.assets import asset
from digest.config import Config, InitialConfig
from digest.errors import RenderingFailed
from digest.models import Newsletter
from digest.rendering.theme import Theme, theme_for
from digest.rendering.view import LOOKS

DEFAULT_ACCENT = InitialConfig().accent


@dataclass(frozen=True, slots=True)
class Masthead:
    """Whose page it is: a newsletter's name and language, empty when unknown, and its colours."""

    name: str
    language: str
    theme: Theme


NOBODYS = Masthead("", "", theme_for("en", DEFAULT_ACCENT))


class Pages:
    """Renders the shipped templates, or a newsroom's own of the same name in `override`."""

    def __init__(self, override: Path | None = None) -> None:
        folders = [folder for folder in (override, asset("templates") / "web") if folder]
        self._environment = Environment(
            loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined
        )

    def show(
        self, template: str, masthead: Masthead = NOBODYS, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page with its status and its Content-Security-Policy."""
        style = self._environment.get_template("reader.css").render(theme=masthead.theme)
        html = self._environment.get_template(template).render(
            masthead=masthead, style=style, **values
        )
        return HTMLResponse(html, status, headers={"Content-Security-Policy": page_policy(style)})


def page_policy(style: str) -> str:
    """Return the policy of a page: this style, forms that come back here, and nothing else (CSP
    Level 3, section 8.3).
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def find_masthead(session: Session, config: Config, newsletter_id: int) -> Masthead:
    """Return the masthead of a newsletter; a page must open even when configuration or colours are
    not what they should be.
    """
    row = session.get_one(Newsletter, newsletter_id)
    configured = next((n for n in config.newsletters if n.slug == row.slug), None)
    if configured is None:
        return NOBODYS
    accent = str(row.furniture.get("accent") or DEFAULT_ACCENT)
    look = str(row.furniture.get("look") or LOOKS[0])
    return Masthead(configured.name, configured.language, _theme(configured.language, accent, look))


def _theme(language: str, accent: str, look: str) -> Theme:
    try:
        return theme_for(language, accent, look)
    except RenderingFailed:
        return NOBODYS.theme
