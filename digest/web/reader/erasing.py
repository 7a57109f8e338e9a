"""Erasing everything: asked for in the opened settings, confirmed by a letter of its own.

No link of an issue and no other letter's link does it, so a forwarded mail cannot be used against
its owner.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Response

from digest.app import App
from digest.correspondence.erasing import erase_reader
from digest.correspondence.moving import write_about_erasing
from digest.errors import NotFound
from digest.subscribers.person import find_subscriber, take_subscriber
from digest.tokens import Expired, Purpose
from digest.web.forms import Form
from digest.web.pages import NOBODYS, Masthead, Pages
from digest.web.reader.opened import Opened, Unfit, Visit


@dataclass(frozen=True, slots=True)
class ErasingPages:
    """The handlers of an erasure; BadInput for a link that is not valid."""

    instance: App
    pages: Pages
    opened: Opened

    def ask(self, form: Form) -> Response:
        """Mail the last question and show the settings again."""
        return self.opened.do(form, self._ask)

    def _ask(self, visit: Visit) -> str:
        correspondent = self.instance.correspondent
        if not write_about_erasing(visit.session, correspondent, visit.subscriber, now=visit.now):
            raise Unfit("often")
        return "erase"

    def visit(self, token: str) -> Response:
        """Show one button and one choice; changes nothing."""
        try:
            _, masthead = self._whose(token)
        except (Expired, NotFound):
            return self._over()
        return self.pages.show("erase.html", masthead)

    def erase(self, token: str, form: Form) -> Response:
        """Erase the reader; with `forget`, also that they must not be mailed."""
        try:
            public_id, masthead = self._whose(token)
            with self.instance.db.write() as session:
                erase_reader(
                    session,
                    self.instance.sealer,
                    take_subscriber(session, public_id).id,
                    now=self.instance.clock.now(),
                    keep_suppression=not form.text("forget"),
                )
        except (Expired, NotFound):
            return self._over()
        self.instance.db.empty_log()  # SQLite's log still holds what was deleted
        return self.pages.show("erased.html", masthead)

    def _whose(self, token: str) -> tuple[str, Masthead]:
        signer, now = self.instance.signer, self.instance.clock.now()
        passing = signer.read_until(Purpose.ERASE, token, now)
        with self.instance.db.read() as session:
            subscriber = find_subscriber(session, passing.public_id)
            return passing.public_id, self.opened.masthead(session, subscriber)

    def _over(self) -> Response:
        language = self.instance.config.newsletters[0].language  # whose it was is not known
        return self.pages.show("erase_over.html", NOBODYS.speaking(language), status=410)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of an erasure."""
    erasing = ErasingPages(instance, pages, Opened(instance, pages))
    router = APIRouter()
    router.add_api_route("/settings/erase", erasing.ask, methods=["POST"])
    router.add_api_route("/erase/{token}", erasing.visit, methods=["GET", "HEAD"])
    router.add_api_route("/erase/{token}", erasing.erase, methods=["POST"])
    return router
