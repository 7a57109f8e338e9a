"""Bringing a list of readers in: a file is read and judged first, and enters only when somebody
who has seen what it would do says where the consent comes from.

The file itself is gone as soon as it is read; what waits for the decision is its staging file,
which is sealed. Nothing half-imported is ever mailed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.newsletters import find_newsletter
from digest.editors.audit import note
from digest.errors import BadInput, Conflict, DigestError, NotFound
from digest.models import Import, ImportState, Role
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.fates import in_words
from digest.subscribers.transfer.staging import StagedImport, list_under_way
from digest.web.desk.doors import signed_of
from digest.web.desk.import_jobs import ImportJobs
from digest.web.desk.pages import DeskPages
from digest.web.desk.readers import READERS
from digest.web.desk.routes import DeskRoutes, RowId, configured_of
from digest.web.desk.uploads import upload_of
from digest.web.forms import Form

MOST_BYTES = 100_000_000
SHOWN_PROBLEMS = 20
CONSENT = (
    "our earlier newsletter system",
    "a sign-up form of ours",
    "a list signed by hand",
    "membership or subscription with us",
)
SYSTEMS = (
    *(("mailchimp", "Mailchimp"), ("substack", "Substack"), ("ghost", "Ghost")),
    *(("listmonk", "listmonk"), ("buttondown", "Buttondown"), ("friday", "Friday")),
    ("csv", "a plain list"),
)
EVERYBODY = (
    ("confirmed", "All of them are confirmed readers"),
    ("leaves", "Take only who has left or must not be mailed"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An import under way: its row, and what its staging file says, or why that cannot be read."""

    book: Import
    staged: StagedImport | None
    why_not: str
    is_busy: bool  # another process is at work on it

    @property
    def is_merging(self) -> bool:
        """Tell whether some of it is in already."""
        return self.book.state is ImportState.MERGING

    @property
    def is_leaving(self) -> bool:
        """Tell whether it is being taken back."""
        return self.book.state is ImportState.ABANDONED


@dataclass(frozen=True, slots=True)
class ImportPages:
    """The handlers of imports."""

    instance: App
    pages: DeskPages
    jobs: ImportJobs

    def show(self, request: Request, slug: str) -> Response:
        """Show what is under way, and the form for a file."""
        app, configured = self.instance, configured_of(self.instance, slug)
        job = self.jobs.find(slug)
        with app.db.read() as session:
            books = list_under_way(session, find_newsletter(session, slug).id)
        running = job is not None and job.running
        return self.pages.show(
            "reader_import.html",
            signed_of(request),
            newsletter=configured,
            job=job,
            running=running,
            waiting=[] if running else self._waiting(books),
            consent=CONSENT,
            systems=SYSTEMS,
            everybody=EVERYBODY,
            in_words=in_words,
            most=MOST_BYTES,
            shown_problems=SHOWN_PROBLEMS,
        )

    def _waiting(self, books: Sequence[Import]) -> list[Waiting]:
        waiting = []
        for book in books:
            staged, why_not, is_busy = None, "", False
            if book.state is not ImportState.ABANDONED:
                try:
                    staged = self.jobs.reopen(book.id)
                except DigestError as error:
                    why_not = str(error)
                    is_busy = isinstance(error, Conflict)
            waiting.append(Waiting(book, staged, why_not, is_busy))
        return waiting

    def read(self, request: Request, slug: str) -> Response:
        """Begin to read a file: a dry run, after which nobody is subscribed yet."""
        app, upload = self.instance, upload_of(request)
        configured_of(app, slug)
        if not upload.file.size:
            raise BadInput("Choose a file with readers in it.")
        _asked(upload.form, slug)
        with app.db.write() as session:
            editor_id, now = signed_of(request).editor_id, app.clock.now()
            note(session, editor_id, "read a list of readers", slug, now)
        self.jobs.stage(slug, upload.file.take_over(), _asked(upload.form, slug))
        return self._back(slug)

    def merge(self, request: Request, slug: str, import_id: RowId, form: Form) -> Response:
        """Begin to import what was read, or go on with it."""
        app, editor_id = self.instance, signed_of(request).editor_id
        book = self._book(slug, import_id)
        staged = self.jobs.reopen(import_id)
        if form.text("consent") not in CONSENT:
            raise BadInput("Say where these readers' consent comes from.")
        if staged.counts.bad and not form.text("skip_bad"):
            raise BadInput("Some rows are bad: mend the file, or say that they are left out.")
        with app.db.write() as session:
            detail = {"import": book.id, "consent": form.text("consent")}
            note(session, editor_id, "import readers", slug, app.clock.now(), detail)
        self.jobs.merge(slug, import_id, editor_id)
        return self._back(slug)

    def take_back(self, request: Request, slug: str, import_id: RowId) -> Response:
        """Begin to take back an import that is not done."""
        app, editor_id = self.instance, signed_of(request).editor_id
        book = self._book(slug, import_id)
        with app.db.write() as session:
            detail = {"import": book.id}
            note(session, editor_id, "take back import", slug, app.clock.now(), detail)
        self.jobs.take_back(slug, import_id)
        return self._back(slug)

    def _book(self, slug: str, import_id: int) -> Import:
        """Return an import of this newsletter that is under way."""
        configured_of(self.instance, slug)
        with self.instance.db.read() as session:
            books = list_under_way(session, find_newsletter(session, slug).id)
        for book in books:
            if book.id == import_id:
                return book
        raise NotFound("There is no such import under way.")

    def _back(self, slug: str) -> Response:
        return RedirectResponse(f"{READERS}/import/{slug}", 303)


def _asked(form: Form, slug: str) -> Asked:
    """Return what was said of a file beside the file; BadInput for what the page does not offer."""
    said, everybody = form.text("from"), form.text("everybody")
    if said not in {"", *dict(SYSTEMS)} or everybody not in {"", *dict(EVERYBODY)}:
        raise BadInput("Choose whose export it is from the list.")
    status = "confirmed" if everybody == "confirmed" else None
    return Asked(said or None, status, everybody == "leaves", slug)


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of imports."""
    jobs = ImportJobs(desk.instance)
    desk.endings.append(jobs.end)
    imports, path = ImportPages(desk.instance, desk.pages, jobs), "/readers/import/{slug}"
    desk.look(path, imports.show, Role.PUBLISHER)
    desk.act_with_file(f"{path}/read", imports.read, Role.PUBLISHER, MOST_BYTES)
    desk.act(f"{path}/{{import_id}}/merge", imports.merge, Role.PUBLISHER)
    desk.act(f"{path}/{{import_id}}/take-back", imports.take_back, Role.PUBLISHER)
