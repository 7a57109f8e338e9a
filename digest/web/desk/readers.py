"""Readers at the desk: how many there are, and the way to one of them.

An address is sent by a form, so that it is in no address bar, log or history; from there on a
reader is called by their public id. Whoever looks somebody up is on record, and the record has no
address.
"""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.editors.audit import note
from digest.errors import BadInput
from digest.models import Role, SubscriptionState, SuppressionReason
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.scan import SHORTEST
from digest.subscribers.standing import count_states
from digest.subscribers.suppression import find_reason
from digest.subscribers.transfer.staging import list_staging_files
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

READERS = f"{HOME}/readers"
ERASED = "The reader is erased. What stays names nobody."
UNFINISHED = (
    "An unfinished import may hold the address, sealed: an operator should end it, or remove its"
    " file."
)
STATE_WORDS = {
    SubscriptionState.ACTIVE: "Active",
    SubscriptionState.PAUSED: "Paused",
    SubscriptionState.PENDING: "To confirm",
    SubscriptionState.UNSUBSCRIBED: "Left",
}


def path_of(public_id: str) -> str:
    """Return the address of one reader's page."""
    return f"{READERS}/who/{public_id}"


def about(public_id: str) -> str:
    """Return what the record calls a reader."""
    return f"reader {public_id}"


@dataclass(frozen=True, slots=True)
class ReadersPages:
    """The handlers of the front page, and of looking somebody up."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, done: str = "") -> Response:
        """Show how many readers each newsletter has, and the forms to find one."""
        return self._show(request, said=self._erased() if done == "erased" else "")

    def _erased(self) -> str:
        left = list_staging_files(self.instance.path.resolve().parent)
        return f"{ERASED} {UNFINISHED}" if left else ERASED

    def _show(
        self, request: Request, trouble: str = "", status: int = 200, *, said: str = ""
    ) -> Response:
        with self.instance.db.read() as session:
            counts = {(slug, state): count for slug, state, count in count_states(session)}
        rows = [
            (each, [counts.get((each.slug, state), 0) for state in STATE_WORDS])
            for each in self.instance.config.newsletters
        ]
        return self.pages.show(
            "readers.html",
            signed_of(request),
            status=status,
            rows=rows,
            state_words=STATE_WORDS.values(),
            trouble=trouble,
            said=said,
            shortest=SHORTEST,
        )

    def find(self, request: Request, form: Form) -> Response:
        """Go to the reader of an address."""
        app, editor_id = self.instance, signed_of(request).editor_id
        try:
            with app.db.write() as session:
                subscriber = find_by_address(session, app.sealer, form.text("address"))
                whom = about(subscriber.public_id) if subscriber else "nobody we know"
                note(session, editor_id, "look up reader", whom, app.clock.now())
                suppressed = find_reason(session, app.sealer, form.text("address"))
        except BadInput:
            return self._show(request, "That is not an e-mail address.", 422)
        if subscriber is None:
            return self._show(request, _unknown(suppressed), 404)
        return RedirectResponse(path_of(subscriber.public_id), 303)


def _unknown(suppressed: SuppressionReason | None) -> str:
    if suppressed is None:
        return "Nobody with this address is known."
    return (
        f"Nobody with this address is known. It is suppressed ({suppressed.value}), so no import "
        "brings it in; digest subscribers unsuppress lifts that."
    )


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the front page."""
    readers = ReadersPages(desk.instance, desk.pages)
    desk.look("/readers", readers.show, Role.PUBLISHER)
    desk.act("/readers/find", readers.find, Role.PUBLISHER)
