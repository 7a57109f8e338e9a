"""Imports that this process is at work on: each in a thread of its own, so that the desk answers
meanwhile.

Only starts and continues what ``digest subscribers import`` does: a file is staged, a staged one
merged, an unfinished one taken back. Whatever is cut off, by the end of the process or of the
machine, is gone on with by the next press or the same file. What stands here is how far the work
got; what came of it stands in the store.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from digest.app import App
from digest.curation.newsletters import find_newsletter
from digest.editors.audit import note
from digest.errors import Conflict, DigestError
from digest.subscribers.transfer.abandon import take_back_import
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import StagedImport, reopen_staged, stage_csv
from digest.web.desk.uploads import UploadedFile
from digest.web.guard import describe

log = logging.getLogger(__name__)

READING, MERGING, TAKING_BACK = "reading", "importing", "taking back"


# What the command line asks for by its options, the page asks for by its fields.
_WORDS = (
    ("say --from with one of them, or --from csv", "say whose export it is"),
    ("say --from with one", "say whose export it is"),
    ("Say --status confirmed, or --leaves", "Say below which it is"),
)


def in_words_of_the_page(text: str) -> str:
    """Return a question of an import without the command line's options."""
    for words, of_the_page in _WORDS:
        text = text.replace(words, of_the_page)
    return text


class Stopped(Exception):
    """The process ends, and so does the work, between two steps."""


@dataclass(slots=True)
class Job:
    """One piece of work: what it does, how far it is, and, once it has ended, why it failed or what
    remarks there are.
    """

    doing: str
    done: int = 0
    total: int = 0
    running: bool = True
    trouble: str = ""
    import_id: int = 0
    notes: tuple[str, ...] = ()


class ImportJobs:
    """The work on imports in this process, one at a time for each newsletter."""

    def __init__(self, instance: App) -> None:
        self._instance = instance
        self._jobs: dict[str, Job] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()

    @property
    def folder(self) -> Path:
        """Where staging files lie: beside the configuration, as for the command line."""
        return self._instance.path.resolve().parent

    def find(self, slug: str) -> Job | None:
        """Return the last job of a newsletter in this process."""
        with self._lock:
            return self._jobs.get(slug)

    def reopen(self, import_id: int) -> StagedImport:
        """Return an import under way, as `reopen_staged` does."""
        try:
            return reopen_staged(self._instance.db, import_id, self.folder)
        except DigestError as error:
            raise type(error)(self._in_words(error)) from error

    def _in_words(self, error: DigestError) -> str:
        """Return what went wrong without the folders of this machine."""
        return str(error).replace(f"{self.folder}/", "")

    def stage(self, slug: str, file: UploadedFile, asked: Asked) -> None:
        """Begin to read a file, which is removed as soon as it is read; Conflict while another is
        at work.
        """

        def work(job: Job) -> None:
            self._stage(job, file, asked)

        try:
            self._start(slug, READING, work, file.discard)
        except Conflict:
            file.discard()
            raise

    def merge(self, slug: str, import_id: int, editor_id: int) -> None:
        """Begin to merge a staged import, or go on with it."""
        staged = self.reopen(import_id)

        def work(job: Job) -> None:
            app = self._instance
            report = merge_import(app.db, staged, clock=app.clock, progress=self._teller(job))
            with app.db.write() as session:
                detail = {"import": import_id, "added": report.added}
                note(session, editor_id, "imported readers", slug, app.clock.now(), detail)

        self._start(slug, MERGING, work)

    def take_back(self, slug: str, import_id: int) -> None:
        """Begin to take an unfinished import back, or go on with that."""
        app = self._instance

        def work(job: Job) -> None:
            tell = self._teller(job)
            take_back_import(app.db, import_id, self.folder, clock=app.clock, progress=tell)

        self._start(slug, TAKING_BACK, work)

    def end(self) -> None:
        """Stop what runs between two steps, and wait for it."""
        self._ending.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def wait(self, slug: str) -> None:
        """Wait until a newsletter's job has ended."""
        with self._lock:
            thread = self._threads.get(slug)
        if thread is not None:
            thread.join()

    def _start(
        self,
        slug: str,
        doing: str,
        work: Callable[[Job], None],
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        with self._lock:
            before = self._jobs.get(slug)
            if before is not None and before.running:
                raise Conflict(f"An import is at work ({before.doing}). Wait until it ends.")
            job = self._jobs[slug] = Job(doing)
            # Daemonic: whatever happens, an import never keeps the process from ending.
            thread = threading.Thread(
                target=self._run, args=(job, work, afterwards), name=f"import {slug}", daemon=True
            )
            self._threads[slug] = thread
            thread.start()

    def _run(self, job: Job, work: Callable[[Job], None], afterwards: Callable[[], None]) -> None:
        try:
            work(job)
        except Stopped:
            job.trouble = "It was stopped, because the program ended."
        except DigestError as error:
            job.trouble = self._in_words(error)
        except Exception as error:  # nobody above would hear of it
            log.error("an import failed: %s", describe(error))
            job.trouble = "It failed, and the program's log says where. What was done is kept."
        finally:
            afterwards()
            job.running = False

    def _stage(self, job: Job, file: UploadedFile, asked: Asked) -> None:
        app = self._instance
        with app.db.read() as session:
            newsletter_id = find_newsletter(session, asked.slug).id
        try:
            staged = stage_csv(
                app.db,
                app.sealer,
                file.path,
                newsletter_id=newsletter_id,
                folder=self.folder,
                clock=app.clock,
                asked=asked,
                progress=self._teller(job),
            )
        except DigestError as error:  # our name for the file says nothing to anybody
            words = str(error).replace(f"{file.path}: ", "").replace(f"{file.path}, ", "")
            raise type(error)(in_words_of_the_page(words)) from error
        job.import_id, job.notes = staged.import_id, staged.notes

    def _teller(self, job: Job) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if self._ending.is_set():
                raise Stopped
            job.done, job.total = done, total

        return tell
