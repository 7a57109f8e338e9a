"""What a mail's own links open: leave, hide the appeal for a while, read the issue in the browser.

A GET never changes anything, because link scanners visit every link; the button's POST does. The
one-click POST of RFC 8058 gets a tiny answer, no cookie and no redirect. None of these pages shows
a name, an address or a choice, so a forwarded copy gives nothing away.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from digest.app import App
from digest.assets import asset
from digest.errors import NotFound
from digest.models import Issue, IssueState, Newsletter
from digest.press.approval import list_renderings
from digest.press.preview import neutral_values
from digest.rendering.personalise import fill_html
from digest.subscribers.lifecycle import find_subscription, hide_appeal, leave
from digest.tokens import Purpose
from digest.web.pages import Pages

BODY_MOST = 10_000
LATER = timedelta(weeks=4)
# The issue's own page: its inline styles and its pictures, never a script.
ISSUE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
SHOWN = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)


async def small_body(request: Request) -> bytes:
    """Return the body of a form post; 413 when it is longer than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MOST:
            raise HTTPException(413, "too large")
    return body


Body = Annotated[bytes, Depends(small_body)]


@dataclass(frozen=True, slots=True)
class ReaderPages:
    """The handlers behind a mail's links."""

    instance: App
    pages: Pages

    def ask_leave(self, token: str) -> Response:
        """Show one button; changes nothing."""
        with self.instance.db.read() as session:
            name = self._newsletter(session, self._public_id(Purpose.UNSUBSCRIBE, token))
        return self.pages.show("leave.html", newsletter=name)

    def leave(self, token: str, body: Body) -> Response:
        """Unsubscribe at once, and again without harm; the mail program's own POST gets two letters
        back.
        """
        public_id = self._public_id(Purpose.UNSUBSCRIBE, token)
        with self.instance.db.write() as session:
            name = self._newsletter(session, public_id)
            leave(session, public_id, now=self.instance.clock.now(), origin="link")
        if b"List-Unsubscribe" in body:
            return PlainTextResponse("ok")
        return self.pages.show("left.html", newsletter=name)

    def ask_later(self, token: str) -> Response:
        """Show one button; changes nothing."""
        self._public_id(Purpose.REMIND_LATER, token)
        return self.pages.show("later.html", weeks=LATER.days // 7)

    def later(self, token: str, body: Body) -> Response:
        """Leave the appeal out of this subscription's next issues."""
        public_id = self._public_id(Purpose.REMIND_LATER, token)
        with self.instance.db.write() as session:
            hide_appeal(session, public_id, self.instance.clock.now() + LATER)
        return self.pages.show("later_done.html", weeks=LATER.days // 7)

    def issue(self, public_id: str) -> Response:
        """Show an issue as approved, as nobody's copy."""
        with self.instance.db.read() as session:
            found = session.scalar(select(Issue).where(Issue.public_id == public_id))
            if found is None or found.state not in SHOWN:
                raise NotFound("no such issue")
            renderings = list_renderings(session, found)
        values = neutral_values(self.instance.config.web.public_url, public_id)
        return HTMLResponse(
            fill_html(renderings[0], values), headers={"Content-Security-Policy": ISSUE_POLICY}
        )

    def own_copy(self) -> Response:
        """Say that a link works only in a reader's own copy."""
        return self.pages.show("own_copy.html")

    def style(self) -> Response:
        """Return the pages' one style sheet."""
        return FileResponse(asset("templates") / "web" / "reader.css", media_type="text/css")

    def _public_id(self, purpose: Purpose, token: str) -> str:
        return self.instance.signer.read(purpose, token)

    def _newsletter(self, session: Session, public_id: str) -> str:
        subscription = find_subscription(session, public_id)
        if subscription is None:
            raise NotFound("no such subscription")
        slug = session.get_one(Newsletter, subscription.newsletter_id).slug
        return self.instance.config.newsletter(slug).name


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the reader pages' routes."""
    reader = ReaderPages(instance, pages)
    router = APIRouter()
    looks = ["GET", "HEAD"]
    router.add_api_route("/u/{token}", reader.ask_leave, methods=looks)
    router.add_api_route("/u/{token}", reader.leave, methods=["POST"])
    router.add_api_route("/later/{token}", reader.ask_later, methods=looks)
    router.add_api_route("/later/{token}", reader.later, methods=["POST"])
    router.add_api_route("/i/{public_id}", reader.issue, methods=looks)
    router.add_api_route("/own-copy", reader.own_copy, methods=looks)
    router.add_api_route("/reader.css", reader.style, methods=looks)
    return router
