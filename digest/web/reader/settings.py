"""The way into one's settings: a form that anybody may fill in, and the mailed link.

The form says the same to everybody. The link shows one button, because scanners visit links; the
press opens the settings and uses the link up.
"""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from digest.app import App
from digest.curation.newsletters import find_newsletter
from digest.errors import BadInput, ConfigError, NotFound
from digest.subscribers.addresses import parse_address
from digest.subscribers.door.spent import is_spent, spend
from digest.subscribers.person import find_subscriber
from digest.tokens import Expired, Passing, Purpose
from digest.web.forms import Form
from digest.web.pages import Masthead, Pages, find_masthead
from digest.web.reader.asking import ask_for_settings, asked
from digest.web.reader.opened import Opened

OPEN = Purpose.OPEN_SETTINGS


@dataclass(frozen=True, slots=True)
class SettingsPages:
    """The handlers in front of the settings; BadInput and NotFound for a link that is not valid."""

    instance: App
    pages: Pages
    opened: Opened

    def form(self, slug: str) -> Response:
        """Ask for an address."""
        masthead, _ = self._newsletter(slug)
        return self.pages.show("settings_form.html", masthead, wrong=False, typed="")

    def ask(self, slug: str, request: Request, form: Form) -> Response:
        """Keep the request, whoever it is about."""
        masthead, newsletter_id = self._newsletter(slug)
        address = form.text("address")
        try:
            parse_address(address)
        except BadInput:
            values = {"wrong": True, "typed": address[:254]}
            return self.pages.show("settings_form.html", masthead, status=400, **values)
        allowed = ask_for_settings(
            self.instance,
            request,
            newsletter_id=newsletter_id,
            address=address,
            language=None,
            origin="settings form",
        )
        return asked(self.pages, masthead, allowed=allowed)

    def _newsletter(self, slug: str) -> tuple[Masthead, int]:
        try:
            configured = self.instance.config.newsletter(slug)
        except ConfigError as error:
            raise NotFound("no such newsletter") from error
        with self.instance.db.read() as session:
            newsletter_id = find_newsletter(session, configured.slug).id
            return find_masthead(session, self.instance.config, newsletter_id), newsletter_id

    def visit(self, token: str) -> Response:
        """Show one button; changes nothing."""
        passing = self._fresh(token)
        if passing is None:
            return self.opened.over(OPEN, token)
        with self.instance.db.read() as session:
            if is_spent(session, passing):
                return self.opened.over(OPEN, token)
            masthead = self.opened.masthead(session, find_subscriber(session, passing.public_id))
        return self.pages.show("settings_open.html", masthead)

    def enter(self, token: str, request: Request, form: Form) -> Response:
        """Use the link up and show the settings; or have a fresh one mailed to the same mailbox."""
        if form.text("do") == "fresh":
            return self.opened.mail_afresh(OPEN, token, request)
        passing = self._fresh(token)
        if passing is None:
            return self.opened.over(OPEN, token)
        with self.instance.db.write() as session:
            find_subscriber(session, passing.public_id)
            is_first = spend(session, passing)
        if not is_first:
            return self.opened.over(OPEN, token)
        whose = passing.public_id
        return self.opened.show(whose, self.opened.key_for(whose))

    def _fresh(self, token: str) -> Passing | None:
        """Return what a link says, None when it was ours and has run out."""
        try:
            return self.instance.signer.read_until(OPEN, token, self.instance.clock.now())
        except Expired:
            return None


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes in front of the settings."""
    settings = SettingsPages(instance, pages, Opened(instance, pages))
    router = APIRouter()
    looks = ["GET", "HEAD"]
    router.add_api_route("/n/{slug}/settings", settings.form, methods=looks)
    router.add_api_route("/n/{slug}/settings", settings.ask, methods=["POST"])
    router.add_api_route("/s/{token}", settings.visit, methods=looks)
    router.add_api_route("/s/{token}", settings.enter, methods=["POST"])
    return router
