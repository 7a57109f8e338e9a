"""What a mail's own links open: leave, hide the appeal for a while, read the issue in the browser.

A GET never changes anything, because link scanners visit every link; the button's POST does. The
one-click POST of RFC 8058 gets a tiny answer, no cookie and no redirect. None of these pages shows
a name, an address or a choice, so a forwarded copy gives nothing away.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from sqlalchemy import select
from starlette.exceptions import HTTPException

from digest.app import App
from digest.blocks import FULL
from digest.errors import NotFound
from digest.models import Issue, IssueState, Newsletter
from digest.press.approval import list_renderings
from digest.press.preview import neutral_values
from digest.rendering.offline import shown_inside
from digest.rendering.personalise import fill_html
from digest.rendering.stored import OFFLINE, Rendering
from digest.subscribers.lifecycle import find_subscription, hide_appeal, leave
from digest.tokens import Purpose
from digest.web.pages import Masthead, Pages, find_masthead

BODY_MOST = 10_000  # bytes
OUR_FORM = b"page=1"  # what the button of our own page posts
LATER = timedelta(weeks=4)
SHOWN = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)
ISSUE_ID = re.compile(r"[a-z2-7]{1,24}")  # of curation.issues: base32


async def small_body(request: Request) -> bytes:
    """Return the body of a form post; 413 when it is longer than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MOST:
            raise HTTPException(413)
    return body


Body = Annotated[bytes, Depends(small_body)]


@dataclass(frozen=True, slots=True)
class ReaderPages:
    """The handlers behind a mail's links; BadInput and NotFound when a link is not valid."""

    instance: App
    pages: Pages

    def ask_leave(self, token: str) -> Response:
        """Show one button; changes nothing."""
        return self.pages.show("leave.html", self._masthead(Purpose.UNSUBSCRIBE, token))

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
        return self.pages.show("left.html", self._masthead(Purpose.UNSUBSCRIBE, token))

    def ask_later(self, token: str) -> Response:
        """Show one button; changes nothing."""
        masthead = self._masthead(Purpose.REMIND_LATER, token)
        return self.pages.show("later.html", masthead, weeks=LATER.days // 7)

    def later(self, token: str, _body: Body) -> Response:
        """Leave the appeal out of this subscription's copies for a while."""
        public_id = self.instance.signer.read(Purpose.REMIND_LATER, token)
        with self.instance.db.write() as session:
            hide_appeal(session, public_id, self.instance.clock.now() + LATER)
        masthead = self._masthead(Purpose.REMIND_LATER, token)
        return self.pages.show("later_done.html", masthead, weeks=LATER.days // 7)

    def _masthead(self, purpose: Purpose, token: str) -> Masthead:
        public_id = self.instance.signer.read(purpose, token)
        with self.instance.db.read() as session:
            subscription = find_subscription(session, public_id)
            if subscription is None:
                raise NotFound("no such subscription")
            return find_masthead(session, self.instance.config, subscription.newsletter_id)

    def issue(self, public_id: str) -> Response:
        """Show an issue as approved, as nobody's copy."""
        rendering, slug, _ = self._approved(public_id, FULL)
        site = self._site_of(slug)
        page = fill_html(rendering, neutral_values(site, public_id))
        return HTMLResponse(
            shown_inside(page, rendering.pictures),
            headers={"Content-Security-Policy": issue_policy(site)},
        )

    def _site_of(self, slug: str) -> str:
        """Return where a newsletter's pages are; old issues open even when it is configured no
        more.
        """
        config = self.instance.config
        configured = next((n for n in config.newsletters if n.slug == slug), None)
        return config.site_of(configured) if configured else config.web.public_url

    def offline(self, public_id: str) -> Response:
        """Hand out an issue as one file that needs no network and names nobody."""
        rendering, slug, number = self._approved(public_id, OFFLINE)
        named = f"attachment; filename={slug}-{number}.html"
        headers = {"Content-Disposition": named, "Content-Security-Policy": "sandbox"}
        return HTMLResponse("".join(part.text for part in rendering.html), headers=headers)

    def _approved(self, public_id: str, edition: str) -> tuple[Rendering, str, int]:
        """Return an edition as approved, the newsletter's slug and the issue's number."""
        if not ISSUE_ID.fullmatch(public_id):
            raise NotFound("no such issue")
        with self.instance.db.read() as session:
            found = session.scalar(select(Issue).where(Issue.public_id == public_id))
            if found is None or found.state not in SHOWN:
                raise NotFound("no such issue")
            renderings = {r.edition: r for r in list_renderings(session, found)}
            newsletter = session.get_one(Newsletter, found.newsletter_id)
        if edition not in renderings:
            raise NotFound("no such issue")
        return renderings[edition], newsletter.slug, found.number

    def own_copy(self) -> Response:
        """Say that a link works only in a reader's own copy."""
        return self.pages.show("own_copy.html")


def issue_policy(public_url: str) -> str:
    """Return the policy of an issue's page: its inline styles, its pictures, its links; never a
    script or a form.

    Pictures come from the article hosts, which nobody can list beforehand. Without TLS of our own,
    on loopback only, they may come without it as well.
    """
    pictures = "https:" if public_url.startswith("https:") else "https: http:"
    return (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"style-src 'unsafe-inline'; img-src data: {pictures}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


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
    router.add_api_route("/i/{public_id}/offline.html", reader.offline, methods=looks)
    router.add_api_route("/own-copy", reader.own_copy, methods=looks)
    return router
