"""Bringing an article in by hand: an address is pasted, its page read, and what was found put
right before it is kept. Opening the page, from a bookmark too, asks nobody and keeps nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.articles_file import checked_article
from digest.curation.cleaning import Picture
from digest.curation.inbox import add_article
from digest.curation.intake import fetch_page
from digest.curation.plain import MAX_TITLE, web_url
from digest.curation.sources.base import FoundArticle
from digest.editors.audit import note
from digest.errors import BadInput, Conflict, FetchFailed
from digest.models import Role
from digest.web.desk.doors import signed_of
from digest.web.desk.inbox import INBOX
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

ADD = f"{INBOX}/add"
# The form's fields, named as those of FoundArticle.
LINES = ("url", "title", "author", "site_name", "summary", "language", "published_at")
PICTURE = ("image_url", "image_alt", "image_credit")
OTHER = "other"  # in the place of a picture: the one whose address was typed
SUMMARY_MOST = 2_000  # characters; what pages say is cut much shorter
NO_PICTURE: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True)
class AddPages:
    """The handlers of bringing in."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, url: str = "") -> Response:
        """Show where an address is pasted; `url` is what the bookmark was pressed on."""
        bookmark = bookmark_of(self.instance.config.web.public_url)
        signed = signed_of(request)
        return self.pages.show("inbox_add.html", signed, url=url[:4_000], bookmark=bookmark)

    def read(self, request: Request, form: Form) -> Response:
        """Read a page and show what it says of itself; an empty form when it cannot be read."""
        url = form.text("url")
        if web_url(url) is None:
            raise BadInput("Paste the whole address of a page; it begins with https:// or http://.")
        try:
            page = fetch_page(self.instance.fetcher, url)
        except (FetchFailed, BadInput) as error:
            trouble = f"{error}. You can type in what it says."
            return self._form(request, {"url": url}, NO_PICTURE, trouble=trouble)
        return self._form(request, _fields_of(page.article), page.pictures)

    def save(self, request: Request, form: Form) -> Response:
        """Keep an article; show the form again, with what was typed, when it cannot be kept."""
        app, fields = self.instance, {name: form.text(name) for name in (*LINES, *PICTURE)}
        if form.text("picture") != OTHER:
            fields["image_url"] = form.text("picture")
        try:
            found = checked_article(_given(fields), "The article")
            _refuse_long(found)
            with app.db.write() as session:
                article = add_article(session, found, now=app.clock.now())
                about, now = f"article#{article.id}", app.clock.now()
                note(session, signed_of(request).editor_id, "add article", about, now)
        except (BadInput, Conflict) as error:
            status = 409 if isinstance(error, Conflict) else 422
            pictures = [Picture(url) for url in (fields["image_url"],) if web_url(url)]
            return self._form(request, fields, pictures, trouble=str(error), status=status)
        return RedirectResponse(f"{INBOX}?source=hand#article-{article.id}", 303)

    def _form(
        self,
        request: Request,
        fields: dict[str, str],
        pictures: Sequence[Picture],
        *,
        trouble: str = "",
        status: int = 200,
    ) -> Response:
        filled = {name: fields.get(name, "") for name in (*LINES, *PICTURE)}
        return self.pages.show(
            "inbox_article.html",
            signed_of(request),
            status=status,
            fields=filled,
            pictures=pictures,
            trouble=trouble,
        )


def _fields_of(article: FoundArticle) -> dict[str, str]:
    at = article.published_at
    fields = {name: str(getattr(article, name) or "") for name in (*LINES, *PICTURE)}
    return {**fields, "published_at": f"{at:%Y-%m-%dT%H:%M}" if at else ""}


def _given(fields: dict[str, str]) -> dict[str, object]:
    """Return the fields as an article's words: a picture's words belong to a picture."""
    given: dict[str, object] = {**fields, "published_at": fields["published_at"] or None}
    if not fields["image_url"]:
        given |= {"image_alt": "", "image_credit": ""}
    return given


def _refuse_long(found: FoundArticle) -> None:
    for name, most in (("title", MAX_TITLE), ("summary", SUMMARY_MOST)):
        if (length := len(getattr(found, name))) > most:
            raise BadInput(f"{name}: {length} characters are more than the {most} allowed")


def bookmark_of(public_url: str) -> str:
    """Return the bookmark that brings the page one reads here, in a window that knows nothing of
    it.
    """
    there = f"{public_url.rstrip('/')}{ADD}?url="
    opens = f"window.open('{there}'+encodeURIComponent(location.href),'_blank','noopener')"
    return f"javascript:void({opens})"


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of bringing in."""
    adding = AddPages(desk.instance, desk.pages)
    desk.look("/inbox/add", adding.show, Role.CONTRIBUTOR)
    desk.act("/inbox/add/read", adding.read, Role.CONTRIBUTOR)
    desk.act("/inbox/add", adding.save, Role.CONTRIBUTOR)
