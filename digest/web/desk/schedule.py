"""When an issue leaves: its moment, until when it must be approved, when its last copy leaves; and
what a publisher does about it: another moment, now, not at all, stop the presses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.issues import OPEN_TO_EDITS, stop_presses
from digest.delivery.appointing import appoint, give_up, read_moment, send_now, take_back
from digest.delivery.departure import foresee_departure, slot_of, when_due
from digest.editors.accounts import name_of_record
from digest.editors.audit import note
from digest.models import IssueState, Role
from digest.subscribers.audience import audience_count
from digest.web.desk.an_issue import AnIssue, open_issue, require_typed
from digest.web.desk.board_notes import cutoff_of
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

Act = Callable[[Session, AnIssue, datetime], str | None]  # which page to go on with


@dataclass(frozen=True, slots=True)
class SchedulePages:
    """The handlers of an issue's schedule."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, slug: str, number: RowId) -> Response:
        """Show when an issue leaves; whoever may not change that sees no button."""
        app, signed, now = self.instance, signed_of(request), self.instance.clock.now()
        with app.db.read() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
            issue = opened.issue
            is_open = issue.state in OPEN_TO_EDITS
            departure = None
            if is_open:
                departure = foresee_departure(session, app.config, opened.configured, issue, now)
            due = when_due(session, issue, opened.configured) if is_open else None
            values: dict[str, Any] = {
                "opened": opened,
                "is_open": is_open,
                "slot": slot_of(session, issue),
                "due": due,
                "cutoff_at": cutoff_of(due, opened.configured) if due else None,
                "departure": departure,
                "readers": _readers(session, opened, departure.readers if departure else None, now),
                "first": name_of_record(session, app.sealer, issue.first_by),
                "approver": name_of_record(session, app.sealer, issue.approved_by),
            }
        return self.pages.show(
            "schedule.html",
            signed,
            now=now,
            alive=app.hears_scheduler(),
            may_approve=signed.role.may(Role.EDITOR),
            may_change=signed.role.may(Role.PUBLISHER),
            **values,
        )

    def move(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Let an issue leave at another moment, written as a date and a time of its own zone."""

        def act(session: Session, opened: AnIssue, now: datetime) -> str | None:
            written = f"{form.text('day')} {form.text('time')}"
            zone = opened.configured.schedule.timezone
            appoint(session, opened.issue, read_moment(written, zone, now))
            return None

        return self._do(request, slug, number, "set the moment", act)

    def take_back(self, request: Request, slug: str, number: RowId) -> Response:
        """Let the schedule say when an issue leaves, as it did before somebody set a moment."""

        def act(session: Session, opened: AnIssue, now: datetime) -> str | None:
            take_back(session, opened.issue, opened.configured.schedule.as_schedule(), now)
            return None

        return self._do(request, slug, number, "take the moment back", act)

    def send(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Let an approved issue leave at once, if its name was typed."""

        def act(session: Session, opened: AnIssue, now: datetime) -> str | None:
            require_typed(form, opened.name)
            send_now(session, opened.issue, form.text("hash"), now)
            return "sending"

        return self._do(request, slug, number, "send now", act)

    def cancel(self, request: Request, slug: str, number: RowId, form: Form) -> Response:
        """Give an issue up, if its name was typed."""

        def act(session: Session, opened: AnIssue, _now: datetime) -> str | None:
            require_typed(form, opened.name)
            give_up(session, opened.issue)
            return None

        return self._do(request, slug, number, "cancel", act)

    def stop_presses(self, request: Request, slug: str, number: RowId) -> Response:
        """Let nothing leave by itself any more: an approval is void, a run is paused."""

        def act(session: Session, opened: AnIssue, _now: datetime) -> str | None:
            was = stop_presses(session, opened.issue.id, "The presses were stopped.")
            return "sending" if was is IssueState.SENDING else None

        return self._do(request, slug, number, "stop the presses", act)

    def _do(self, request: Request, slug: str, number: int, verb: str, act: Act) -> Response:
        """Do one thing and write it down, in one transaction."""
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            opened = open_issue(app, session, f"{slug}/{number}")
            after = act(session, opened, now) or "schedule"
            note(session, signed_of(request).editor_id, verb, opened.name, now)
        return RedirectResponse(f"{opened.path}/{after}", 303)


def _readers(session: Session, opened: AnIssue, known: int | None, now: datetime) -> int | None:
    """Return how many would get an issue if it left now; None where nobody asks any more."""
    if known is not None:
        return known
    if opened.issue.state is not IssueState.APPROVED:
        return None
    return audience_count(session, opened.issue.newsletter_id, now)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of an issue's schedule."""
    pages, path = SchedulePages(desk.instance, desk.pages), "/{slug}/{number}/schedule"
    desk.look(path, pages.show, Role.CONTRIBUTOR)
    desk.act(f"{path}/move", pages.move, Role.PUBLISHER)
    desk.act(f"{path}/take-back", pages.take_back, Role.PUBLISHER)
    desk.act(f"{path}/send-now", pages.send, Role.PUBLISHER)
    desk.act(f"{path}/cancel", pages.cancel, Role.PUBLISHER)
    desk.act(f"{path}/stop-the-presses", pages.stop_presses, Role.PUBLISHER)
