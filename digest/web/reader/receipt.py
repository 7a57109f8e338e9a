"""What a reader may read and take along: the consent receipt, and all that we hold about them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.correspondence.export import export_reader
from digest.correspondence.receipt import consent_receipt
from digest.models import Subscriber
from digest.subscribers.person import find_subscriber
from digest.tokens import Expired, Purpose
from digest.web.forms import Form
from digest.web.pages import Masthead, Pages
from digest.web.reader.opened import Opened

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ReceiptPages:
    """The handlers that tell a reader about themselves; BadInput and NotFound for a key that is
    not valid. They change nothing.
    """

    instance: App
    pages: Pages
    opened: Opened

    def receipt(self, form: Form) -> Response:
        """Show the consent receipt."""
        return self._page(form, "receipt.html", self._receipt)

    def receipt_file(self, form: Form) -> Response:
        """Hand the consent receipt out as a file."""
        return self._file(form, "consent-receipt.json", self._receipt)

    def export(self, form: Form) -> Response:
        """Show all that is held."""
        return self._page(form, "export.html", self._export)

    def export_file(self, form: Form) -> Response:
        """Hand all that is held out as a file."""
        return self._file(form, "all-about-me.json", self._export)

    def _receipt(self, session: Session, subscriber: Subscriber) -> Told:
        return consent_receipt(session, subscriber, self.instance.clock.now())

    def _export(self, session: Session, subscriber: Subscriber) -> Told:
        now = self.instance.clock.now()
        return export_reader(session, self.instance.sealer, subscriber, now)

    def _page(
        self, form: Form, template: str, tell: Callable[[Session, Subscriber], Told]
    ) -> Response:
        key = form.text("key")
        try:
            told, masthead = self._told(key, tell)
        except Expired:
            return self.opened.over(Purpose.SETTINGS, key)
        return self.pages.show(template, masthead, told=told, key=key)

    def _file(self, form: Form, name: str, tell: Callable[[Session, Subscriber], Told]) -> Response:
        key = form.text("key")
        try:
            told, _ = self._told(key, tell)
        except Expired:
            return self.opened.over(Purpose.SETTINGS, key)
        headers = {"Content-Disposition": f"attachment; filename={name}"}
        text = json.dumps(told, ensure_ascii=False, indent=2) + "\n"
        return Response(text, media_type="application/json", headers=headers)

    def _told(self, key: str, tell: Callable[[Session, Subscriber], Told]) -> tuple[Told, Masthead]:
        whose = self.opened.read_key(key)
        with self.instance.db.read() as session:
            subscriber = find_subscriber(session, whose)
            return tell(session, subscriber), self.opened.masthead(session, subscriber)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of receipt and export."""
    telling = ReceiptPages(instance, pages, Opened(instance, pages))
    router = APIRouter()
    router.add_api_route("/settings/receipt", telling.receipt, methods=["POST"])
    router.add_api_route("/settings/receipt.json", telling.receipt_file, methods=["POST"])
    router.add_api_route("/settings/export", telling.export, methods=["POST"])
    router.add_api_route("/settings/export.json", telling.export_file, methods=["POST"])
    return router
