"""A new address: asked for in the opened settings, agreed to by both mailboxes.

Nobody learns from these pages whether the new address is known to us; only its own mailbox does.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from digest.app import App
from digest.correspondence.moving import write_about_moving
from digest.errors import BadInput, NotFound
from digest.models import Subscriber
from digest.subscribers.moving import Agreed, Side, agree, find_change
from digest.tokens import Expired, Passing, Purpose
from digest.web.forms import Body, Form
from digest.web.pages import NOBODYS, Masthead, Pages
from digest.web.reader.opened import Opened, Unfit, Visit

PURPOSES = {Purpose.MOVE_FROM: Side.OLD, Purpose.MOVE_TO: Side.NEW}


@dataclass(frozen=True, slots=True)
class MovingPages:
    """The handlers of a change of address; BadInput for a link that is not valid."""

    instance: App
    pages: Pages
    opened: Opened

    def ask(self, form: Form) -> Response:
        """Write to both mailboxes and show the settings again."""
        return self.opened.do(form, self._ask)

    def _ask(self, visit: Visit) -> str:
        correspondent, address = self.instance.correspondent, visit.form.text("address")
        try:
            done = write_about_moving(
                visit.session, correspondent, visit.subscriber, address, now=visit.now
            )
        except BadInput as error:
            raise Unfit("address") from error
        if not done:
            raise Unfit("often")
        return "address"

    def visit(self, token: str) -> Response:
        """Show one button; changes nothing."""
        try:
            passing, _ = self._read(token)
            masthead = self._masthead(passing)
        except (Expired, NotFound):
            return self._over()
        return self.pages.show("move.html", masthead)

    def agree(self, token: str, _body: Body) -> Response:
        """Note that this mailbox agrees; with both, the address is changed."""
        try:
            passing, side = self._read(token)
            masthead = self._masthead(passing)
            with self.instance.db.write() as session:
                agreed = agree(
                    session,
                    self.instance.sealer,
                    passing.public_id,
                    side,
                    now=self.instance.clock.now(),
                    origin="letter",
                )
        except (Expired, NotFound):
            return self._over()
        if agreed is Agreed.TAKEN and side is Side.OLD:
            agreed = Agreed.WAITING  # what the new address is, is not the old mailbox's to know
        return self.pages.show("move_agreed.html", masthead, agreed=agreed.value)

    def _read(self, token: str) -> tuple[Passing, Side]:
        """Return what a link says, and which mailbox it was mailed to."""
        now = self.instance.clock.now()
        for purpose, side in PURPOSES.items():
            try:
                return self.instance.signer.read_until(purpose, token, now), side
            except Expired:
                raise
            except BadInput:
                continue
        raise BadInput("this link is not valid")

    def _masthead(self, passing: Passing) -> Masthead:
        with self.instance.db.read() as session:
            change = find_change(session, passing.public_id)
            return self.opened.masthead(session, session.get_one(Subscriber, change.subscriber_id))

    def _over(self) -> Response:
        language = self.instance.config.newsletters[0].language  # whose it was is not known
        return self.pages.show("move_over.html", NOBODYS.speaking(language), status=410)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of a change of address."""
    moving = MovingPages(instance, pages, Opened(instance, pages))
    router = APIRouter()
    router.add_api_route("/settings/address", moving.ask, methods=["POST"])
    router.add_api_route("/move/{token}", moving.visit, methods=["GET", "HEAD"])
    router.add_api_route("/move/{token}", moving.agree, methods=["POST"])
    return router
