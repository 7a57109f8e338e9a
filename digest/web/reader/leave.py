"""Leaving: the page with one button, and the one-click POST of RFC 8058.

A GET never changes anything, because link scanners visit every link; the button's POST does. The
one-click POST gets a tiny answer, no cookie and no redirect. None of these pages shows a name, an
address or a choice, so a forwarded copy gives nothing away.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from digest.app import App
from digest.subscribers.lifecycle import leave
from digest.tokens import Purpose
from digest.web.forms import Body
from digest.web.pages import Pages
from digest.web.reader.mail_links import masthead_of

OUR_FORM = b"page=1"  # what the button of our own page posts


@dataclass(frozen=True, slots=True)
class LeavePages:
    """The handlers behind the unsubscribe link; BadInput and NotFound when it is not valid."""

    instance: App
    pages: Pages

    def ask(self, token: str) -> Response:
        """Show one button; changes nothing."""
        masthead = masthead_of(self.instance, Purpose.UNSUBSCRIBE, token)
        return self.pages.show("leave.html", masthead)

    def leave(self, token: str, body: Body) -> Response:
        """Unsubscribe at once, and again without harm.

        Whatever was posted: RFC 8058 lets a mail program choose the encoding, and only our own
        page's button wants a page back.
        """
        public_id = self.instance.signer.read(Purpose.UNSUBSCRIBE, token)
        by_page = body == OUR_FORM
        origin = "page" if by_page else "one-click"
        with self.instance.db.write() as session:
            leave(session, public_id, now=self.instance.clock.now(), origin=origin)
        if not by_page:
            return PlainTextResponse("ok")
        masthead = masthead_of(self.instance, Purpose.UNSUBSCRIBE, token)
        return self.pages.show("left.html", masthead)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of leaving."""
    leaving = LeavePages(instance, pages)
    router = APIRouter()
    router.add_api_route("/u/{token}", leaving.ask, methods=["GET", "HEAD"])
    router.add_api_route("/u/{token}", leaving.leave, methods=["POST"])
    return router
