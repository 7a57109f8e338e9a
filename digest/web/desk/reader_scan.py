"""Finding readers by a part of their address: a page that fills while every address is looked at.

The page itself streams, so it needs no script. It ends when the browser goes away, when Stop is
pressed, when enough was found, when its session is over, and when the server stops. One scan for
each editor: a new one ends the older, in whichever process that runs. Between two pages of readers
it rests for as long as the last one took, and of all scans of a process one works at a time. What
was looked for is neither logged nor on record.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask

from digest.app import App
from digest.editors.audit import note
from digest.editors.sessions import find_signed
from digest.models import Role
from digest.subscribers.scan import (
    Match,
    ScannedPage,
    clean_term,
    count_subscribers,
    scan_page,
)
from digest.web.desk.doors import COOKIE, signed_of
from digest.web.desk.pages import HEADERS, DeskPages
from digest.web.desk.readers import path_of
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

MOST_FOUND = 100
TOLD_EVERY = 10_000  # readers
LEAST_REST = 0.002  # seconds
HERE = "<!-- what is found -->"  # in the template: where the page grows


@dataclass(slots=True)
class Scan:
    """One scan: whose, of how many, and how far it came."""

    editor_id: int
    secret: str = field(repr=False)  # of the session that asked
    term: str = field(repr=False)
    total: int
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    looked_at: int = 0
    found: int = 0
    ended: str = "the browser went away"


@dataclass(frozen=True, slots=True)
class ScanPages:
    """The handlers of scans."""

    instance: App
    pages: DeskPages
    turn: asyncio.Semaphore
    closing: asyncio.Event

    def begin(self, request: Request, form: Form) -> Response:
        """Note that a scan is made, and answer with the page of its results."""
        app, signed = self.instance, signed_of(request)
        term = clean_term(form.raw("part"))
        with app.db.write() as session:
            secret = request.cookies[COOKIE]
            scan = Scan(signed.editor_id, secret, term, count_subscribers(session))
            note(session, signed.editor_id, "scan addresses", "readers", app.clock.now())
        app.note(_name(scan.editor_id), scan.mark)
        whole = self.pages.show("reader_scan.html", signed, total=scan.total, most=MOST_FOUND)
        head, _, tail = _html(whole).partition(HERE)
        return StreamingResponse(
            self._stream(scan, head, tail),
            media_type="text/html",
            headers={**HEADERS, "X-Accel-Buffering": "no"},  # a proxy in front shall not collect it
            background=BackgroundTask(self._note_end, scan),
        )

    def stop(self, request: Request) -> Response:
        """End the scan of who asks. There is nothing to show: their page stays and ends there."""
        self.instance.note(_name(signed_of(request).editor_id), "stopped")
        return Response(status_code=204)

    def _note_end(self, scan: Scan) -> None:
        app = self.instance
        detail = {"looked at": scan.looked_at, "found": scan.found, "ended": scan.ended}
        with app.db.write() as session:
            note(session, scan.editor_id, "scanned addresses", "readers", app.clock.now(), detail)

    async def _stream(self, scan: Scan, head: str, tail: str) -> AsyncIterator[str]:
        yield head
        async for page in self._scan(scan):
            told = scan.looked_at // TOLD_EVERY
            scan.looked_at += page.looked_at
            for match in page.found[: MOST_FOUND - scan.found]:
                scan.found += 1
                yield self._found(match)
            if scan.looked_at // TOLD_EVERY > told:
                yield self._progress(scan)
            if scan.found >= MOST_FOUND:
                scan.ended = "enough was found"
                break
        yield self._progress(scan, last=True)
        yield tail

    async def _scan(self, scan: Scan) -> AsyncIterator[ScannedPage]:
        app, after = self.instance, 0
        while True:
            async with self.turn:
                began = app.clock.monotonic()
                page = await asyncio.to_thread(self._next, scan, after)
                worked = app.clock.monotonic() - began
            if page is None:
                return
            yield page
            after = page.last
            await asyncio.sleep(max(worked, LEAST_REST))

    def _next(self, scan: Scan, after: int) -> ScannedPage | None:
        """Return the next page; None once there is none, or the scan shall end."""
        app = self.instance
        kept = app.noted(_name(scan.editor_id))
        if kept is None or kept.value != scan.mark:
            scan.ended = "stopped"
            return None
        if self.closing.is_set():
            scan.ended = "the server stopped"
            return None
        if not self._may_go_on(scan):
            scan.ended = "the session was over"
            return None
        page = scan_page(app.db, app.sealer, scan.term, after)
        if page is None:
            scan.ended = "done"
        return page

    def _may_go_on(self, scan: Scan) -> bool:
        app = self.instance
        with app.db.read() as session:
            signed = find_signed(session, app.sealer, scan.secret, app.clock.now())
        return signed is not None and signed.role.may(Role.PUBLISHER)

    def _found(self, match: Match) -> str:
        path = path_of(match.public_id)
        return _html(self.pages.show("_scan_found.html", address=match.address, path=path))

    def _progress(self, scan: Scan, last: bool = False) -> str:
        return _html(self.pages.show("_scan_progress.html", scan=scan, last=last, most=MOST_FOUND))


def _html(answer: Response) -> str:
    return bytes(answer.body).decode()


def _name(editor_id: int) -> str:
    return f"scan:{editor_id}"


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of scans."""
    scans = ScanPages(desk.instance, desk.pages, asyncio.Semaphore(1), asyncio.Event())
    desk.ending.tell(scans.closing.set)
    desk.act("/readers/scan", scans.begin, Role.PUBLISHER)
    desk.act("/readers/scan/stop", scans.stop, Role.PUBLISHER)
