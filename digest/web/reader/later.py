"""The publisher's message, from the link under it: put off for a while, or thanked for a year."""

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter, Response

from digest.app import App
from digest.errors import NotFound
from digest.subscribers.choices import note_support
from digest.subscribers.lifecycle import hide_appeal
from digest.tokens import Purpose
from digest.web.forms import Body
from digest.web.pages import Pages
from digest.web.reader.mail_links import linked

LATER = timedelta(weeks=4)
WEEKS = LATER.days // 7
SUPPORTS = timedelta(days=365)
OUR_SUPPORT_FORM = b"do=support"


@dataclass(frozen=True, slots=True)
class AppealPages:
    """The handlers behind the links of the appeal; BadInput and NotFound when one is not valid."""

    instance: App
    pages: Pages

    def ask(self, token: str) -> Response:
        """Show two buttons, or one where nothing about money may be kept; changes nothing."""
        link = linked(self.instance, Purpose.REMIND_LATER, token)
        return self.pages.show(
            "later.html", link.masthead, weeks=WEEKS, can_support=not link.is_guarded
        )

    def act(self, token: str, body: Body) -> Response:
        """Leave the appeal out of this subscription's copies for a while, or thank in its place."""
        if body == OUR_SUPPORT_FORM:
            return self._support(token)
        link = linked(self.instance, Purpose.REMIND_LATER, token)
        with self.instance.db.write() as session:
            until = self.instance.clock.now() + LATER
            hide_appeal(session, link.subscription.public_id, until)
        return self.pages.show("later_done.html", link.masthead, weeks=WEEKS)

    def _support(self, token: str) -> Response:
        link = linked(self.instance, Purpose.REMIND_LATER, token)
        if link.is_guarded:
            raise NotFound("nothing is kept about who supports a guarded newsletter")
        with self.instance.db.write() as session:
            until = self.instance.clock.now() + SUPPORTS
            note_support(session, link.subscription.public_id, until, guarded=link.is_guarded)
        return self.pages.show("supports.html", link.masthead)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of the appeal."""
    appeal = AppealPages(instance, pages)
    router = APIRouter()
    router.add_api_route("/later/{token}", appeal.ask, methods=["GET", "HEAD"])
    router.add_api_route("/later/{token}", appeal.act, methods=["POST"])
    return router
