"""The media room's pages: what pictures there are, one of them with its words and its focal point,
and what uses it.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.row_numbers import row_number
from digest.editors.audit import note
from digest.errors import Conflict
from digest.media.darkroom import PICTURE_MOST
from digest.media.room import (
    Words,
    change_picture,
    cut_of,
    find_picture,
    hold_picture,
    list_prints,
)
from digest.media.shapes import Shape, read_cut
from digest.media.store import Shelf, kind_of
from digest.media.uses import list_pictures, list_uses
from digest.mirrors import PICTURES
from digest.models import Picture, Role
from digest.web.desk.board_fields import mark
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

MEDIA = f"{HOME}/media"
A_PAGE = 24
SEARCH_MOST = 200
SHAPES = {Shape.CROPPED: "Cut to 3:2", Shape.WHOLE: "Whole, uncut"}


@dataclass(frozen=True, slots=True)
class MediaPages:
    """The handlers of the media room."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, search: str = "", before: str = "") -> Response:
        """Show a page of pictures, the newest first."""
        with self.instance.db.read() as session:
            values = grid_of(session, MEDIA, search, before)
        return self.pages.show("media.html", signed_of(request), **values, **NOTHING_SAID)

    def one(self, request: Request, picture_id: RowId, known: str = "") -> Response:
        """Show a picture; `known` says that somebody just brought it in once more."""
        signed = signed_of(request)
        with self.instance.db.read() as session:
            picture = find_picture(session, picture_id)
            uses = list_uses(session, list_prints(session, picture.id))
        return self.pages.show(
            "media_picture.html",
            signed,
            uses=uses,
            was=mark_of(picture),
            known=bool(known),
            may_remove=signed.role.may(Role.EDITOR),
            **focus_of(picture),
        )

    def original(self, request: Request, picture_id: RowId) -> Response:
        """Show the whole of a picture, to editors alone: what was cut away is nobody else's."""
        with self.instance.db.read() as session:
            name = find_picture(session, picture_id).original
        data = self.instance.media.store.get(Shelf.ORIGINALS, name)
        return Response(data, media_type=kind_of(name))

    def save(self, request: Request, picture_id: RowId, form: Form) -> Response:
        """Save what is said of a picture and how it is cut, unless somebody else did since."""
        app, now = self.instance, self.instance.clock.now()
        words = Words(form.text("alt"), form.text("credit"), form.text("rights"))
        cut = read_cut(form.text("x"), form.text("y"), form.text("shape"))
        shown = app.media.print(picture_id, cut, now)
        with app.db.write() as session:
            picture = hold_picture(session, picture_id)
            if form.text("was") != mark_of(picture):
                raise Conflict("Somebody changed this picture since. Open its page anew.")
            change_picture(picture, words, cut, shown)
            about = f"picture#{picture_id}"
            note(session, signed_of(request).editor_id, "edit picture", about, now)
        return RedirectResponse(picture_path(picture_id), 303)

    def remove(self, request: Request, picture_id: RowId, form: Form) -> Response:
        """Remove a picture that nothing uses."""
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            app.media.remove(session, picture_id)
            about = f"picture#{picture_id}"
            note(session, signed_of(request).editor_id, "remove picture", about, now)
        return RedirectResponse(MEDIA, 303)


# What the page of all pictures says when nothing went wrong and no article waits for a picture.
NOTHING_SAID: dict[str, Any] = {"trouble": "", "back": ""}


def picture_path(picture_id: int) -> str:
    """Return where a picture's page is."""
    return f"{MEDIA}/picture/{picture_id}"


def grid_of(session: Session, path: str, search: str, before: str) -> dict[str, Any]:
    """Return what shows a page of pictures at `path`, where more of them are found."""
    search = " ".join(search[:SEARCH_MOST].split())
    found = list_pictures(session, search=search, before=row_number(before) or 0, most=A_PAGE)
    asked = {"search": search} if search else {}
    older = urlencode({**asked, "before": found.older}) if found.older else ""
    return {
        "pictures": found.pictures,
        "search": search,
        "older": f"{path}?{older}" if older else "",
        "newest": f"{path}?{urlencode(asked)}" if before else "",
        "grid": path,
        "prints": PICTURES,
        "most": PICTURE_MOST,
    }


def focus_of(picture: Picture) -> dict[str, Any]:
    """Return what shows a picture and lets its focal point be set."""
    return {"picture": picture, "cut": cut_of(picture), "shapes": SHAPES, "prints": PICTURES}


def mark_of(picture: Picture) -> str:
    """Return the mark of all that an editor can change about a picture."""
    cut = (picture.focus_x, picture.focus_y, picture.shape)
    return mark("\0".join((picture.alt, picture.credit, picture.rights, *map(str, cut))))


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the media room."""
    # Not /media/{number}, which would be the board of a newsletter called media.
    media, path = MediaPages(desk.instance, desk.pages), "/media/picture/{picture_id}"
    desk.look("/media", media.show, Role.CONTRIBUTOR)
    desk.look(path, media.one, Role.CONTRIBUTOR)
    desk.look(f"{path}/original", media.original, Role.CONTRIBUTOR)
    desk.act(path, media.save, Role.CONTRIBUTOR)
    desk.act(f"{path}/remove", media.remove, Role.EDITOR)
