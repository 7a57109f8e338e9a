"""Erasing a reader who asked the newsroom for it: a typed word, a fresh code of the second factor,
and a record that names nobody. Everything else is what erasing does wherever it is asked for.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.correspondence.erasing import erase_reader
from digest.editors.accounts import get_editor
from digest.editors.attempts import CODES, TooMany, forgive, may_try
from digest.editors.audit import note
from digest.editors.second_factor import take_code
from digest.errors import BadInput
from digest.models import Role
from digest.subscribers.person import take_subscriber
from digest.web.desk.doors import signed_of
from digest.web.desk.knocking import Knocking
from digest.web.desk.reader import ERASE, ReaderId
from digest.web.desk.readers import READERS, about
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form, PostedForm


@dataclass(frozen=True, slots=True)
class ErasingPages:
    """The handler of the form; who must have a second factor has one, or is not signed in."""

    instance: App
    knocking: Knocking

    def erase(self, request: Request, reader: ReaderId, form: Form) -> Response:
        """Erase a reader for good; with `forget`, also that they must not be mailed."""
        if form.text("typed").lower() != ERASE:
            raise BadInput(f"Nobody was erased: type the word {ERASE} to be sure.")
        self._prove(request, form)
        app, now, forget = self.instance, self.instance.clock.now(), form.text("forget") == "yes"
        with app.db.write() as session:
            subscriber_id = take_subscriber(session, reader).id
            erase_reader(session, app.sealer, subscriber_id, now=now, keep_suppression=not forget)
            detail = {"hash of the address": "forgotten" if forget else "kept"}
            editor_id = signed_of(request).editor_id
            note(session, editor_id, "erase reader", about(reader), now, detail)
        app.db.empty_log()  # SQLite's log still holds what was deleted
        return RedirectResponse(f"{READERS}?done=erased", 303)

    def _prove(self, request: Request, form: PostedForm) -> None:
        """Use up a code of the second factor, where whoever asks has one: BadInput for one that is
        not right, TooMany. A browser that was left open erases nobody.
        """
        signed, app, now = signed_of(request), self.instance, self.instance.clock.now()
        if not signed.has_factor:
            return
        with app.db.write() as session:
            editor = get_editor(session, signed.editor_id)
            attempt = self.knocking.at(request, editor)
            allowed = may_try(session, attempt, now, CODES)
            taken = allowed and take_code(session, app.sealer, editor, form.text("code"), now)
            if taken:
                forgive(session, attempt)
        if not allowed:
            raise TooMany
        if not taken:
            raise BadInput(
                "Nobody was erased: this code is not right, or was used already. Wait for the"
                " phone’s next one."
            )


def add_routes(desk: DeskRoutes) -> None:
    """Add the route of the form."""
    erasing = ErasingPages(desk.instance, Knocking(desk.instance))
    desk.act("/readers/who/{reader}/erase", erasing.erase, Role.PUBLISHER)
