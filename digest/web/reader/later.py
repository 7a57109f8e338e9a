"""Hiding the publisher's message for a while, from the link under it."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Response

from digest.app import App
from digest.subscribers.lifecycle import hide_appeal
from digest.tokens import Purpose
from digest.web.forms import Body
from digest.web.pages import Pages
from digest.web.reader.mail_links import masthead_of

LATER = timedelta(weeks=4)
WEEKS = LATER.days // 7


@dataclass(frozen=True, slots=True)
class AppealPages:
    """The handlers behind the links of the appeal; BadInput and NotFound when one is not valid."""

    instance: App
    pages: Pages

    def ask_later(self, token: str) -> Response:
        """Show one button; changes nothing."""
        masthead = masthead_of(self.instance, Purpose.REMIND_LATER, token)
        return self.pages.show("later.html", masthead, weeks=WEEKS)

    def later(self, token: str, _body: Body) -> Response:
        """Leave the appeal out of this subscription's copies for a while."""
        public_id = self.instance.signer.read(Purpose.REMIND_LATER, token)
        with self.instance.db.write() as session:
            hide_appeal(session, public_id, self.instance.clock.now() + LATER)
        masthead = masthead_of(self.instance, Purpose.REMIND_LATER, token)
        return self.pages.show("later_done.html", masthead, weeks=WEEKS)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of the appeal."""
    appeal = AppealPages(instance, pages)
    router = APIRouter()
    router.add_api_route("/later/{token}", appeal.ask_later, methods=["GET", "HEAD"])
    router.add_api_route("/later/{token}", appeal.later, methods=["POST"])
    return router
