"""The picture of an article at the board: chosen from the media room, its focal point set, and its
address, description and credit written into the pick, as any other edit of it.
"""

from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.board_changes import change_pick
from digest.curation.issues import OPEN_TO_EDITS, find_issue
from digest.curation.picks import find_pick
from digest.curation.plain import one_line, web_url
from digest.curation.row_numbers import row_number
from digest.editors.audit import note
from digest.errors import BadInput, Conflict
from digest.media.addresses import address_of, name_in
from digest.media.room import (
    cut_of,
    fill_words,
    find_by_print,
    find_cut,
    find_picture,
    hold_picture,
)
from digest.media.shapes import read_cut
from digest.models import Article, Pick, Picture, Role
from digest.web.desk.board_fields import WAS, mark, pick_fields
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.media import focus_of, grid_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form, PostedForm

FIELDS = ("image_url", "image_alt", "image_credit")


@dataclass(frozen=True, slots=True)
class Offer:
    """A picture somewhere else that can be taken in: in whose words, its address, its credit."""

    said: str
    url: str
    alt: str
    credit: str


@dataclass(frozen=True, slots=True)
class PickPictures:
    """The handlers of a pick's picture."""

    instance: App
    pages: DeskPages

    def show(
        self,
        request: Request,
        slug: str,
        number: int,
        article_id: RowId,
        picture: str = "",
        search: str = "",
        before: str = "",
    ) -> Response:
        """Show what can be chosen; or with `picture`, its number, how it would stand there."""
        path = f"{HOME}/{slug}/{number}"
        with self.instance.db.read() as session:
            issue = find_issue(session, f"{slug}/{number}")
            pick = find_pick(session, issue, article_id)
            here = f"{path}/picks/{pick.article_id}/picture"
            present = self._own(session, pick.image_url)
            values = self._shown(session, here, picture, pick, present, search, before)
            offers = self._offers(pick, session.get_one(Article, pick.article_id))
        return self.pages.show(
            "pick_picture.html" if picture else "pick_pictures.html",
            signed_of(request),
            pick=pick,
            fields=pick_fields(pick),
            mark=mark,
            present=present,
            offers=offers,
            path=path,
            here=here,
            card=_card_of(f"{slug}/{number}", pick.article_id),
            back=f"{slug}/{number}/{pick.article_id}",
            open=issue.state in OPEN_TO_EDITS,
            **values,
        )

    def _own(self, session: Session, url: str) -> Picture | None:
        name = name_in(url, self.instance.config.sites)
        return find_by_print(session, name) if name else None

    def _shown(
        self,
        session: Session,
        here: str,
        asked: str,
        pick: Pick,
        present: Picture | None,
        search: str,
        before: str,
    ) -> dict[str, Any]:
        """Return the pictures to choose from, or the one that was chosen with its present cut."""
        if not asked:
            return grid_of(session, here, search, before)
        chosen = find_picture(session, row_number(asked) or 0)
        values = focus_of(chosen)
        if present is not None and present.id == chosen.id:
            name = name_in(pick.image_url, self.instance.config.sites) or ""
            values["cut"] = find_cut(session, chosen.id, name) or cut_of(chosen)
            return {**values, "alt": pick.image_alt, "credit": pick.image_credit}
        return {**values, "alt": chosen.alt, "credit": chosen.credit}

    def _offers(self, pick: Pick, article: Article) -> list[Offer]:
        """Return the pictures that pick and article have elsewhere, each once."""
        sites = self.instance.config.sites
        rows: tuple[tuple[str, Pick | Article], ...] = (
            ("Take this picture in", pick),
            ("Take in the article’s own picture", article),
        )
        offers = {
            row.image_url: Offer(said, row.image_url, row.image_alt, row.image_credit)
            for said, row in reversed(rows)
            if web_url(row.image_url) and name_in(row.image_url, sites) is None
        }
        return list(offers.values())[::-1]

    def choose(
        self, request: Request, slug: str, number: int, article_id: RowId, form: Form
    ) -> Response:
        """Give a pick a picture in the cut that was asked for, or none, unless somebody else gave
        it another since.
        """
        app, now, reference = self.instance, self.instance.clock.now(), f"{slug}/{number}"
        editor_id, picture_id = signed_of(request).editor_id, row_number(form.text("picture"))
        words = {name: one_line(form.raw(name)) if picture_id else "" for name in FIELDS[1:]}
        wanted = {"image_url": self._printed(slug, picture_id, form) if picture_id else "", **words}
        with app.db.write() as session:
            issue = find_issue(session, reference)
            session.refresh(issue, with_for_update=True)
            pick = find_pick(session, issue, article_id)
            changes = _changes(form, pick, wanted)
            if picture_id:
                picture = hold_picture(session, picture_id)
                fill_words(picture, words["image_alt"], words["image_credit"])
            if changes:
                change_pick(session, issue, editor_id, pick, changes, now)
                detail = {"part": str(article_id), "fields": ", ".join(changes)}
                detail["version"] = str(issue.version)
                note(session, editor_id, "edit", reference, now, detail)
        return RedirectResponse(_card_of(reference, article_id), 303)

    def _printed(self, slug: str, picture_id: int, form: PostedForm) -> str:
        """Return the address of a picture in the cut that was asked for, below the pages of a
        newsletter.
        """
        app = self.instance
        cut = read_cut(form.text("x"), form.text("y"), form.text("shape"))
        name = app.media.print(picture_id, cut, app.clock.now())
        sites = (app.config.site_of(n) for n in app.config.newsletters if n.slug == slug)
        return address_of(next(sites, app.config.web.public_url), name)


def _changes(form: PostedForm, pick: Pick, wanted: dict[str, str]) -> dict[str, str]:
    """Return what differs from what a pick has; Conflict where that is not what the form was shown
    with.
    """
    present = pick_fields(pick)
    if not all(form.text(WAS + name) for name in FIELDS):
        raise BadInput("This form does not say what it was shown with. Open the page anew.")
    if any(form.text(WAS + name) != mark(present[name]) for name in FIELDS):
        raise Conflict("Somebody changed the picture of this article since. Open the page anew.")
    return {name: value for name, value in wanted.items() if value != present[name]}


def _card_of(reference: str, article_id: int) -> str:
    """Return where a pick's form is at the board, open."""
    return f"{HOME}/{reference}?open={article_id}#card-{article_id}"


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of a pick's picture."""
    pictures = PickPictures(desk.instance, desk.pages)
    path = "/{slug}/{number:int}/picks/{article_id}/picture"
    desk.look(path, pictures.show, Role.CONTRIBUTOR)
    desk.act(path, pictures.choose, Role.CONTRIBUTOR)
