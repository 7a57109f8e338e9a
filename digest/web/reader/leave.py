"""Leaving: the page with one button, and the one-click POST of RFC 8058. And what may be done
instead: pausing, or having a link to one's settings mailed.

A GET never changes anything, because link scanners visit every link; the button's POST does. The
one-click POST gets a tiny answer, no cookie and no redirect. None of these pages shows a name, an
address or a choice, so a forwarded copy gives nothing away.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from digest.app import App
from digest.errors import BadInput, Refused
from digest.models import Subscriber
from digest.subscribers.leaving import leave_for_now
from digest.subscribers.lifecycle import leave, pause
from digest.tokens import Purpose
from digest.web.forms import Body, PostedForm, read_form
from digest.web.pages import Pages
from digest.web.reader.asking import ask_for_settings, asked
from digest.web.reader.days import WEEKS, days_to_choose, pause_end
from digest.web.reader.left import LeftPages
from digest.web.reader.mail_links import Linked, linked

OUR_FORM = b"page=1"  # what the button of our own page posts
INSTEAD = b"do="  # what the other forms of our own pages begin with


@dataclass(frozen=True, slots=True)
class LeavePages:
    """The handlers behind the unsubscribe link; BadInput and NotFound when it is not valid."""

    instance: App
    pages: Pages
    left: LeftPages

    def ask(self, token: str) -> Response:
        """Show one button; changes nothing."""
        return self._asking(linked(self.instance, Purpose.UNSUBSCRIBE, token))

    def _asking(self, link: Linked, *, wrong_day: bool = False) -> Response:
        return self.pages.show(
            "leave.html",
            link.masthead,
            status=400 if wrong_day else 200,
            weeks=WEEKS,
            days=days_to_choose(self.instance.clock.now(), link.zone),
            wrong_day=wrong_day,
            can_ask=link.configured is not None,
        )

    async def act(self, token: str, request: Request, body: Body) -> Response:
        """Unsubscribe at once, and again without harm; or do what another form of our pages says.

        Whatever else was posted: RFC 8058 lets a mail program choose the encoding, and only our
        own page's button wants a page back.
        """
        if body == OUR_FORM:
            return await run_in_threadpool(self._leave_by_page, token)
        if body.startswith(INSTEAD):
            form = read_form(body)
            if answer := await run_in_threadpool(self._do_instead, token, request, form):
                return answer
        return await self._leave_at_once(token)

    async def _leave_at_once(self, token: str) -> Response:
        """Mail providers post thousands of these while an issue is being sent."""
        public_id = self.instance.signer.read(Purpose.UNSUBSCRIBE, token)
        now = self.instance.clock.now()
        await self.instance.db.write_together(
            lambda session: leave(session, public_id, now=now, origin="one-click")
        )
        return PlainTextResponse("ok")

    def _leave_by_page(self, token: str) -> Response:
        public_id = self.instance.signer.read(Purpose.UNSUBSCRIBE, token)
        now = self.instance.clock.now()
        with self.instance.db.write() as session:
            just_left = leave_for_now(session, public_id, now=now, origin="page")
        return self.left.show(linked(self.instance, Purpose.UNSUBSCRIBE, token), just_left)

    def _do_instead(self, token: str, request: Request, form: PostedForm) -> Response | None:
        """Do what another form of our pages says; None when it is none of them."""
        match form.text("do"):
            case "pause":
                return self._pause(token, form)
            case "settings":
                return self._mail_settings(token, request)
            case "why":
                return self.left.say_why(token, form)
            case "return":
                return self.left.come_back(token, form)
        return None

    def _pause(self, token: str, form: PostedForm) -> Response:
        """Pause, and say so in words that hold for whoever had left before."""
        link = linked(self.instance, Purpose.UNSUBSCRIBE, token)
        now = self.instance.clock.now()
        try:
            until = pause_end(form, now, link.zone)
        except BadInput:
            return self._asking(link, wrong_day=True)
        try:
            with self.instance.db.write() as session:
                pause(session, link.subscription.public_id, until=until, now=now, origin="page")
        except Refused:
            pass  # not subscribed, which the page must not say
        return self.pages.show("paused.html", link.masthead, day=until.date())

    def _mail_settings(self, token: str, request: Request) -> Response:
        """Keep a request for a link to the settings, to be mailed to the reader's own address."""
        link = linked(self.instance, Purpose.UNSUBSCRIBE, token)
        with self.instance.db.read() as session:
            reader = session.get_one(Subscriber, link.subscription.subscriber_id)
        allowed = ask_for_settings(
            self.instance,
            request,
            newsletter_id=link.subscription.newsletter_id,
            address=self.instance.sealer.open(reader.address_sealed),
            language=link.subscription.language,
            origin="leave page",
        )
        return asked(self.pages, link.masthead, allowed=allowed)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of leaving."""
    leaving = LeavePages(instance, pages, LeftPages(instance, pages))
    router = APIRouter()
    router.add_api_route("/u/{token}", leaving.ask, methods=["GET", "HEAD"])
    router.add_api_route("/u/{token}", leaving.act, methods=["POST"])
    return router
