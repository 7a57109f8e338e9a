"""A newsletter's readers as a whole: how they grow, and all of them as a file."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from digest.app import App
from digest.curation.newsletters import find_newsletter
from digest.editors.audit import note
from digest.models import Role
from digest.subscribers.tally import list_weeks
from digest.subscribers.transfer.csv_export import csv_pieces
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, configured_of

LONGEST_REST = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class ListPages:
    """The handlers of growth and export."""

    instance: App
    pages: DeskPages

    def growth(self, request: Request, slug: str) -> Response:
        """Show who came and who went, week by week."""
        configured = configured_of(self.instance, slug)
        with self.instance.db.read() as session:
            weeks = list_weeks(session, find_newsletter(session, slug).id)
        return self.pages.show(
            "reader_growth.html", signed_of(request), newsletter=configured, weeks=weeks
        )

    def export(self, request: Request, slug: str) -> Response:
        """Hand out a newsletter's subscribers as a CSV file, page by page as it is read."""
        app, now = self.instance, self.instance.clock.now()
        configured = configured_of(app, slug)
        with app.db.write() as session:
            newsletter_id = find_newsletter(session, slug).id
            note(session, signed_of(request).editor_id, "export subscribers", slug, now)
        name = f"{configured.slug}-subscribers-{now:%Y-%m-%d}.csv"
        return StreamingResponse(
            self._pieces(newsletter_id),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _pieces(self, newsletter_id: int) -> Iterator[str]:
        """Yield the file, and rest after each piece for as long as it took: others want to be
        served meanwhile.
        """
        app = self.instance
        pieces = csv_pieces(app.db, app.sealer, newsletter_id)
        while True:
            began = app.clock.monotonic()
            piece, _readers = next(pieces, ("", 0))
            worked = app.clock.monotonic() - began
            if not piece:
                return
            yield piece
            time.sleep(min(worked, LONGEST_REST))


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of growth and export."""
    lists = ListPages(desk.instance, desk.pages)
    desk.look("/readers/growth/{slug}", lists.growth, Role.PUBLISHER)
    desk.act("/readers/export/{slug}", lists.export, Role.PUBLISHER)
