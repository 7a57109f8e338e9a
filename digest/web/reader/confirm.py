"""Confirming: the page with one button behind the link of the confirmation letter.

A GET never changes anything, because link scanners visit every link; the button's POST does.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response

from digest.app import App
from digest.correspondence.confirming import confirm_reader, find_configured
from digest.correspondence.notices import CONFIRM_WITHIN
from digest.correspondence.rhythm import when_it_comes
from digest.errors import NotFound, Refused
from digest.models import Subscription, SubscriptionState
from digest.subscribers.leaving import has_left_since
from digest.subscribers.lifecycle import find_subscription
from digest.tokens import Expired, Passing, Purpose
from digest.web.forms import Form
from digest.web.pages import Masthead, Pages, find_masthead

A_SECOND = timedelta(seconds=1)  # a link runs out at a whole one
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ConfirmPages:
    """The handlers of confirming; BadInput and NotFound when a link is not valid."""

    instance: App
    pages: Pages

    def ask(self, token: str) -> Response:
        """Show one button; changes nothing."""
        passing, expired = self._read(token)
        subscription, masthead = self._whose(passing)
        expired = expired or self._left_since(passing, subscription)
        if subscription.state is SubscriptionState.UNSUBSCRIBED:
            return self.pages.show("confirm_left.html", masthead)
        if expired:
            return self.pages.show("confirm_expired.html", masthead, status=410)
        return self.pages.show("confirm.html", masthead)

    def confirm(self, token: str, _form: Form) -> Response:
        """Confirm, and again without harm."""
        passing, expired = self._read(token)
        if expired or self._left_since(passing, self._whose(passing)[0]):
            return self.ask(token)
        app = self.instance
        try:
            with app.db.write() as session:
                subscription = confirm_reader(
                    session,
                    app.correspondent,
                    passing.public_id,
                    now=app.clock.now(),
                    origin="confirmation page",
                )
                configured = find_configured(session, app.correspondent, subscription.newsletter_id)
        except Refused:
            return self.ask(token)
        _, masthead = self._whose(passing)
        words = self.pages.words(masthead.language)
        when = when_it_comes(words, configured, masthead.language)
        return self.pages.show("confirmed.html", masthead, when=when)

    def _read(self, token: str) -> tuple[Passing, bool]:
        """Return what a link says, and whether its time is over."""
        signer = self.instance.signer
        try:
            return signer.read_until(Purpose.CONFIRM, token, self.instance.clock.now()), False
        except Expired:
            return signer.read_until(Purpose.CONFIRM, token, LONG_AGO), True

    def _left_since(self, passing: Passing, subscription: Subscription) -> bool:
        """Tell whether the reader has left since this link was mailed: then anybody may have asked
        for it anew, and an old letter must not be what agrees to that.
        """
        with self.instance.db.read() as session:
            mailed_by = passing.until - CONFIRM_WITHIN + A_SECOND
            return has_left_since(session, subscription, mailed_by)

    def _whose(self, passing: Passing) -> tuple[Subscription, Masthead]:
        """Return the subscription, and the newsletter's masthead in its reader's language."""
        with self.instance.db.read() as session:
            found = find_subscription(session, passing.public_id)
            if found is None:
                raise NotFound("no such subscription")
            masthead = find_masthead(
                session, self.instance.config, found.newsletter_id, found.language
            )
        return found, masthead


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of confirming."""
    confirming = ConfirmPages(instance, pages)
    router = APIRouter()
    router.add_api_route("/c/{token}", confirming.ask, methods=["GET", "HEAD"])
    router.add_api_route("/c/{token}", confirming.confirm, methods=["POST"])
    return router
