"""The dates to come of a newsletter: which are left out, what is planned for them; and an extra."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.issues import new_issue
from digest.curation.newsletters import find_newsletter
from digest.delivery.appointing import list_coming, skip, unskip
from digest.editors.audit import note
from digest.errors import BadInput
from digest.models import Role
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class DatesPages:
    """The handlers of the dates to come."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, slug: str) -> Response:
        """Show the next dates, each with what is planned for it."""
        app, signed = self.instance, signed_of(request)
        configured = app.config.newsletter(slug)
        with app.db.read() as session:
            newsletter = find_newsletter(session, slug)
            coming = list_coming(
                session, newsletter, configured.schedule.as_schedule(), app.clock.now()
            )
        return self.pages.show(
            "dates.html",
            signed,
            configured=configured,
            coming=coming,
            zone=ZoneInfo(configured.schedule.timezone),
            may_skip=signed.role.may(Role.PUBLISHER),
        )

    def skip(self, request: Request, slug: str, form: Form) -> Response:
        """Leave a date out."""
        return self._change(request, slug, form, "skip")

    def unskip(self, request: Request, slug: str, form: Form) -> Response:
        """Plan a date again."""
        return self._change(request, slug, form, "unskip")

    def _change(self, request: Request, slug: str, form: Form, verb: str) -> Response:
        app, now = self.instance, self.instance.clock.now()
        day = _day(form.text("day"))
        schedule = app.config.newsletter(slug).schedule.as_schedule()
        with app.db.write() as session:
            newsletter = find_newsletter(session, slug)
            if verb == "skip":
                skip(session, newsletter, schedule, day, now)
            else:
                unskip(session, newsletter, schedule, day, now)
            editor_id = signed_of(request).editor_id
            note(session, editor_id, f"{verb} a date", slug, now, {"day": day.isoformat()})
        return RedirectResponse(f"{HOME}/{slug}/dates#on-{day}", 303)

    def extra(self, request: Request, slug: str) -> Response:
        """Open a draft that belongs to no date."""
        app, now = self.instance, self.instance.clock.now()
        app.config.newsletter(slug)
        with app.db.write() as session:
            issue = new_issue(session, find_newsletter(session, slug), slot_date=None, now=now)
            name = f"{slug}/{issue.number}"
            note(session, signed_of(request).editor_id, "begin an extra", name, now)
        return RedirectResponse(f"{HOME}/{name}", 303)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{text[:20]!r} is no date: write YYYY-MM-DD") from error


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the dates to come."""
    dates = DatesPages(desk.instance, desk.pages)
    desk.look("/{slug}/dates", dates.show, Role.CONTRIBUTOR)
    desk.act("/{slug}/dates/skip", dates.skip, Role.PUBLISHER)
    desk.act("/{slug}/dates/unskip", dates.unskip, Role.PUBLISHER)
    desk.act("/{slug}/extra", dates.extra, Role.CONTRIBUTOR)
