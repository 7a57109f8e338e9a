"""Copies nobody is sure about: listed, and settled by a publisher who has looked at the relay."""

from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.row_numbers import row_number
from digest.delivery.evidence import issue_key, name_copies
from digest.delivery.ledger.doubts import By, Doubt, list_doubts
from digest.delivery.ledger.sums import count_doubts
from digest.delivery.running import choose_doubts, settle_doubts
from digest.editors.accounts import name_in_records
from digest.editors.audit import note
from digest.errors import BadInput, ConfigError
from digest.models import DeliveryState, Role
from digest.web.desk.an_issue import AnIssue, open_issue, require_typed
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form, PostedForm

A_PAGE = 50  # rows: a form has at most a hundred fields


@dataclass(frozen=True, slots=True)
class DoubtsPages:
    """The handlers of copies in doubt."""

    instance: App
    pages: DeskPages

    def show(
        self,
        request: Request,
        slug: str,
        number: RowId,
        settled: int | None = None,
        left: int | None = None,
    ) -> Response:
        """Show the oldest copies in doubt; `settled` and `left` are what was just done."""
        app = self.instance
        with app.db.read() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
            doubts = list_doubts(session, opened.issue.id, A_PAGE)
            count = count_doubts(session, opened.issue.id)
        return self.pages.show(
            "doubts.html",
            signed_of(request),
            opened=opened,
            doubts=doubts,
            count=count,
            names=self._names_of(opened, doubts),
            settled=settled,
            left=left,
            now=app.clock.now(),
        )

    def _names_of(self, opened: AnIssue, doubts: list[Doubt]) -> dict[int, str]:
        """Return the Message-IDs of copies; none where the key that makes them is gone."""
        try:
            key = issue_key(self.instance.keys, opened.issue)
        except ConfigError:
            return {}
        ids = [doubt.delivery_id for doubt in doubts]
        return {id: name for name, id in name_copies(ids, key, opened.configured.host).items()}

    def accept(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Take copies as accepted: those that were ticked, or all."""
        return self._settle(request, slug, number, form, DeliveryState.ACCEPTED)

    def resend(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Send copies again, if the issue's name was typed: some readers may get two."""
        require_typed(form, f"{slug}/{number}")
        return self._settle(request, slug, number, form, DeliveryState.PENDING)

    def _settle(
        self, request: Request, slug: str, number: int, form: PostedForm, to: By
    ) -> Response:
        app, signed = self.instance, signed_of(request)
        with app.db.read() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
            doubts = list_doubts(session, opened.issue.id)
        wanted = [] if form.text("all") else _numbers(form)
        ids = choose_doubts(doubts, wanted, opened.name)
        # A batch in a transaction: a sender's dots need not wait for thousands of rows.
        by = name_in_records(signed.editor_id)
        done = settle_doubts(app.db, app.clock, ids, to, by=by)
        with app.db.write() as session:
            detail = {"to": to.value, "copies": done}
            now = app.clock.now()
            note(session, signed.editor_id, "settle doubts", opened.name, now, detail)
        said = f"settled={done}&left={len(ids) - done}"
        return RedirectResponse(f"{opened.path}/doubts?{said}", 303)


def _numbers(form: PostedForm) -> list[int]:
    """Return the ticked copies' numbers; BadInput where none is ticked."""
    ticked = [row_number(text) for text in form.all("delivery")]
    numbers = [number for number in ticked if number is not None]
    if not numbers or len(numbers) < len(ticked):
        raise BadInput("Nothing was done: tick the copies that you mean, or take them all.")
    return numbers


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of copies in doubt."""
    pages, path = DoubtsPages(desk.instance, desk.pages), "/{slug}/{number}/doubts"
    desk.look(path, pages.show, Role.PUBLISHER)
    desk.act(f"{path}/accept", pages.accept, Role.PUBLISHER)
    desk.act(f"{path}/resend", pages.resend, Role.PUBLISHER)
