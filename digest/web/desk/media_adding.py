"""Bringing pictures into the media room: from an address, which is asked once and by nothing but a
form, or as a file. Leads on to the picture, or back to the article that it is for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.audit import note
from digest.errors import BadInput, FetchFailed, NotFound, Refused
from digest.media.addresses import name_in
from digest.media.darkroom import PICTURE_MOST
from digest.media.room import Words, find_by_print
from digest.models import Role
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.media import MEDIA, grid_of, picture_path
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.uploads import upload_of
from digest.web.forms import Form, PostedForm

ACCEPT = "image/jpeg,image/png,image/webp,image/gif"
PICK = re.compile(r"([a-z0-9-]{1,41})/([0-9]{1,9})/([0-9]{1,18})")  # newsletter, issue, article

Take = Callable[[], tuple[int, bool]]


@dataclass(frozen=True, slots=True)
class AddingPages:
    """The handlers of bringing in."""

    instance: App
    pages: DeskPages

    def take(self, request: Request, form: Form) -> Response:
        """Fetch a picture, unless it is here already."""
        editor_id, now = signed_of(request).editor_id, self.instance.clock.now()

        def taken() -> tuple[int, bool]:
            if own := self._own(form.text("url")):
                return own, False
            words = _words_of(form)
            media = self.instance.media
            return media.take_from(form.text("url"), self._fetch, words, editor_id, now)

        return self._taken(request, form, taken)

    def upload(self, request: Request) -> Response:
        """Keep a picture that came as a file."""
        editor_id, now = signed_of(request).editor_id, self.instance.clock.now()
        upload = upload_of(request)

        def taken() -> tuple[int, bool]:
            words = _words_of(upload.form)
            return self.instance.media.take_in(upload.chosen().read(), words, editor_id, now)

        return self._taken(request, upload.form, taken)

    def _own(self, url: str) -> int | None:
        """Return the picture of ours that an address leads to: nothing is fetched from oneself."""
        name = name_in(url, self.instance.config.sites)
        if name is None:
            return None
        with self.instance.db.read() as session:
            picture = find_by_print(session, name)
        if picture is None:
            raise NotFound("This picture was removed from the media room.")
        return picture.id

    def _fetch(self, url: str) -> bytes:
        try:
            return self.instance.fetcher.get(url, accept=ACCEPT).body
        except FetchFailed as error:
            raise BadInput(f"The picture could not be fetched. {error}") from error

    def _taken(self, request: Request, form: PostedForm, take: Take) -> Response:
        """Take a picture in and lead to it; show what was wrong with it beside another try."""
        signed, back = signed_of(request), form.text("back")
        try:
            picture_id, is_new = take()
        except (BadInput, Refused, NotFound) as error:
            with self.instance.db.read() as session:
                values = grid_of(session, MEDIA, "", "")
            values |= {"trouble": str(error), "back": back if PICK.fullmatch(back) else ""}
            return self.pages.show("media.html", signed, status=422, **values)
        if is_new:
            now, about = self.instance.clock.now(), f"picture#{picture_id}"
            with self.instance.db.write() as session:
                note(session, signed.editor_id, "add picture", about, now)
        return RedirectResponse(_place_of(picture_id, back, is_new), 303)


def _words_of(form: PostedForm) -> Words:
    return Words(form.text("alt"), form.text("credit"), form.text("rights"))


def _place_of(picture_id: int, back: str, is_new: bool) -> str:
    """Return where a picture is looked at next: at the article that it is for, if there is one."""
    if found := PICK.fullmatch(back):
        slug, number, article_id = found.groups()
        return f"{HOME}/{slug}/{number}/picks/{article_id}/picture?picture={picture_id}"
    return picture_path(picture_id) + ("" if is_new else "?known=yes")


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of bringing in."""
    adding = AddingPages(desk.instance, desk.pages)
    desk.act("/media/take", adding.take, Role.CONTRIBUTOR)
    desk.act_with_file("/media/upload", adding.upload, Role.CONTRIBUTOR, PICTURE_MOST)
