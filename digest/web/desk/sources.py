"""The sources: where articles come from, and how each of them is."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.inbox import IntakeReport, count_from
from digest.curation.source_list import (
    GROUP,
    add_source,
    change_source,
    find_source,
    list_sources,
    remove_source,
    set_source_active,
)
from digest.editors.audit import note
from digest.errors import BadInput, Conflict, DigestError
from digest.models import Role, Source
from digest.plugins import list_plugins
from digest.web.desk.ages import age
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

SOURCES = f"{HOME}/sources"
FIELDS = ("url", "name", "kind")
DONE = {
    "removed": "The source is removed. Its articles are kept.",
    "changed": "The source is changed.",
}
EMPTY = dict.fromkeys(FIELDS, "")


@dataclass(frozen=True, slots=True)
class SourcePages:
    """The handlers of the sources."""

    instance: App
    pages: DeskPages

    def show(self, request: Request, done: str = "") -> Response:
        """Show every source with its health."""
        return self._show(request, said=DONE.get(done, ""))

    def _show(
        self,
        request: Request,
        *,
        said: str = "",
        trouble: str = "",
        typed: dict[str, str] = EMPTY,
        status: int = 200,
    ) -> Response:
        with self.instance.db.read() as session:
            sources = list_sources(session)
        return self.pages.show(
            "sources.html",
            signed_of(request),
            status=status,
            rows=[(source, health_of(source)) for source in sources],
            kinds=list_plugins(GROUP),
            said=said,
            trouble=trouble,
            typed=typed,
            may_change=signed_of(request).role.may(Role.EDITOR),
            at=self.instance.clock.now(),
            age=partial(age, now=self.instance.clock.now()),
        )

    def add(self, request: Request, form: Form) -> Response:
        """Add a source, of an installed kind only."""
        app, typed = self.instance, {name: form.text(name) for name in FIELDS}
        try:
            _refuse_code(typed["kind"])
            with app.db.write() as session:
                now, name = app.clock.now(), typed["name"] or typed["url"]
                source = add_source(
                    session, url=typed["url"], kind=typed["kind"], name=name, now=now
                )
                self._note(session, request, "add source", source.id)
        except (BadInput, Conflict) as error:
            status = 409 if isinstance(error, Conflict) else 422
            return self._show(request, trouble=str(error), typed=typed, status=status)
        return RedirectResponse(f"{SOURCES}#source-{source.id}", 303)

    def pause(self, request: Request, source_id: RowId) -> Response:
        """Let a source rest."""
        return self._set_active(request, source_id, False)

    def resume(self, request: Request, source_id: RowId) -> Response:
        """Wake a source; it is due at once."""
        return self._set_active(request, source_id, True)

    def _set_active(self, request: Request, source_id: int, active: bool) -> Response:
        app = self.instance
        with app.db.write() as session:
            set_source_active(session, source_id, active, app.clock.now())
            self._note(session, request, "resume source" if active else "pause source", source_id)
        return RedirectResponse(f"{SOURCES}#source-{source_id}", 303)

    def read_now(self, request: Request, source_id: RowId) -> Response:
        """Ask a source now, outside any transaction, and say what came of it."""
        app = self.instance
        with app.db.write() as session:
            name = find_source(session, source_id).name
            self._note(session, request, "read source", source_id)
        try:
            report = app.poll_source(source_id)
        except DigestError as error:
            return self._show(request, trouble=f"{name}: {error}")
        return self._show(request, said=f"{name}: {in_words(report)}")

    def show_one(self, request: Request, source_id: RowId) -> Response:
        """Show what can be changed of a source, and what removing it does."""
        return self._show_one(request, source_id)

    def _show_one(
        self,
        request: Request,
        source_id: int,
        *,
        trouble: str = "",
        typed: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        with self.instance.db.read() as session:
            source = find_source(session, source_id)
            left = count_from(session, source.id)
        present = {"url": source.url, "name": source.name, "kind": source.kind}
        return self.pages.show(
            "source.html",
            signed_of(request),
            status=status,
            source=source,
            left=left,
            kinds=sorted({*list_plugins(GROUP), source.kind}),
            trouble=trouble,
            typed=typed or present,
        )

    def change(self, request: Request, source_id: RowId, form: Form) -> Response:
        """Change a source's address, kind and name; its kind stays, or becomes an installed one."""
        app, typed = self.instance, {name: form.text(name) for name in FIELDS}
        try:
            with app.db.write() as session:
                if typed["kind"] != find_source(session, source_id).kind:
                    _refuse_code(typed["kind"])
                fields = {**typed, "name": typed["name"] or typed["url"]}
                changed = change_source(session, source_id, **fields, now=app.clock.now())
                if changed:
                    detail = {"fields": ", ".join(changed), "name": fields["name"]}
                    self._note(session, request, "change source", source_id, detail)
        except (BadInput, Conflict) as error:
            status = 409 if isinstance(error, Conflict) else 422
            return self._show_one(
                request, source_id, trouble=str(error), typed=typed, status=status
            )
        return RedirectResponse(f"{SOURCES}?done=changed#source-{source_id}", 303)

    def remove(self, request: Request, source_id: RowId, form: Form) -> Response:
        """Remove a source; its articles stay, those that wait are set aside if that is ticked."""
        if form.text("sure") != "yes":
            trouble = "Nothing was removed: tick the box that says so, too."
            return self._show_one(request, source_id, trouble=trouble, status=422)
        aside = form.text("aside") == "yes"
        with self.instance.db.write() as session:
            name = find_source(session, source_id).name
            left = remove_source(session, source_id, aside=aside)
            detail = {
                "name": name,
                "articles kept": left.waiting + left.settled,
                "set aside": left.waiting if aside else 0,
            }
            self._note(session, request, "remove source", source_id, detail)
        return RedirectResponse(f"{SOURCES}?done=removed", 303)

    def _note(
        self,
        session: Session,
        request: Request,
        verb: str,
        source_id: int,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        editor, now = signed_of(request).editor_id, self.instance.clock.now()
        note(session, editor, verb, f"source#{source_id}", now, detail)


def _refuse_code(kind: str) -> None:
    """BadInput for a kind that is not installed: its name would be imported as code."""
    if kind not in list_plugins(GROUP):
        raise BadInput(f"kind: there is none called {kind[:40]!r}")


def health_of(source: Source) -> str:
    """Return how a source is, in a word or two; pure."""
    if not source.active:
        return "paused"
    if source.failures:
        return "failing"
    return "well" if source.polled_at else "not read yet"


def in_words(report: IntakeReport) -> str:
    """Return what one reading brought, with what could not be used."""
    counts = f"{report.new} new, {report.known} known, {report.updated} changed."
    return " ".join([counts, *report.problems])


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the sources."""
    sources = SourcePages(desk.instance, desk.pages)
    desk.look("/sources", sources.show, Role.CONTRIBUTOR)
    desk.act("/sources/add", sources.add, Role.EDITOR)
    desk.look("/sources/{source_id}/change", sources.show_one, Role.EDITOR)
    desk.act("/sources/{source_id}/change", sources.change, Role.EDITOR)
    desk.act("/sources/{source_id}/remove", sources.remove, Role.EDITOR)
    desk.act("/sources/{source_id}/pause", sources.pause, Role.EDITOR)
    desk.act("/sources/{source_id}/resume", sources.resume, Role.EDITOR)
    desk.act("/sources/{source_id}/read", sources.read_now, Role.EDITOR)
