"""An issue as its readers will have it: the exact bytes in a frame, what preflight says of them,
proofs of it, and the approval that is bound to the bytes.
"""

from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.delivery.departure import Departure, foresee_departure
from digest.editors.accounts import name_in_records, name_of_record
from digest.editors.audit import note
from digest.errors import RenderingFailed
from digest.models import Role
from digest.press.approval import Voided, approve, find_voided
from digest.rendering.fingerprint import issue_hash
from digest.rendering.stored import Rendering
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.checking import CheckPages, add_checks, checked_of
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.previewing import PreviewPages, Stage, add_preview
from digest.web.desk.printed import Printed
from digest.web.desk.proofing import MOST, SentProof, list_colleagues, send_proofs
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form


@dataclass(frozen=True, slots=True)
class PressPages:
    """The handlers of the page where an issue is looked at, sent as a proof, and approved."""

    instance: App
    pages: DeskPages
    preview: PreviewPages = field(repr=False)

    def show(self, request: Request, slug: str, number: str) -> Response:
        """Show an issue's bytes, what preflight last said, and the way to approve."""
        return self._page(request, f"{slug}/{number}")

    def _page(self, request: Request, name: str, sent: list[SentProof] | None = None) -> Response:
        opened, signed = self._open(name), signed_of(request)
        stage = self.preview.stage_of(request, opened)
        voided = self._voided(opened)
        renderings, why_not = self._all(stage)
        return self.pages.show(
            "preview.html",
            signed,
            opened=opened,
            path=opened.path,
            stage=stage,
            first=self._name_of(opened.issue.first_by),
            is_first=opened.issue.first_by == name_in_records(signed.editor_id),
            why_not=why_not,
            content_hash=issue_hash(renderings) if renderings else "",
            approver=self._name_of(opened.issue.approved_by),
            voided=voided,
            checked=checked_of(opened.issue),
            departure=self._departure(opened),
            may_approve=signed.role.may(Role.EDITOR),
            may_find=signed.role.may(Role.PUBLISHER),
            may_type=signed.role.may(Role.EDITOR),
            colleagues=list_colleagues(self.instance, signed),
            most=MOST,
            sent=sent,
        )

    def send_proof(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Mail proofs to people, and say what became of each."""
        name = self._open(f"{slug}/{number}").name
        return self._page(request, name, send_proofs(self.instance, request, name, form))

    def approve(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Approve exactly the bytes that were looked at; Conflict when they are others by now."""
        app, signed = self.instance, signed_of(request)
        opened = self._open(f"{slug}/{number}")
        approved = approve(
            app.db,
            app.press,
            opened.name,
            opened.configured,
            by=name_in_records(signed.editor_id),
            clock=app.clock,
            seen_hash=form.text("hash"),
        )
        with app.db.write() as session:
            detail = {"hash": approved.content_hash}
            verb = "approve first of two" if approved.waits else "approve"
            note(session, signed.editor_id, verb, opened.name, app.clock.now(), detail)
        return RedirectResponse(f"{opened.path}/preview", 303)

    def _open(self, reference: str) -> AnIssue:
        with self.instance.db.read() as session:
            return open_issue(self.instance, session, reference)

    def _all(self, stage: Stage) -> tuple[list[Rendering], str]:
        """Return every edition, or why there is none to approve."""
        try:
            return stage.prints.all(), stage.why_not
        except RenderingFailed as error:  # another edition than the one that is shown
            return [], str(error)

    def _voided(self, opened: AnIssue) -> Voided | None:
        with self.instance.db.read() as session:
            return find_voided(session, opened.issue)

    def _name_of(self, approver: str) -> str:
        """Return an approver's name; as it is where the command line wrote it."""
        with self.instance.db.read() as session:
            return name_of_record(session, self.instance.sealer, approver)

    def _departure(self, opened: AnIssue) -> tuple[Departure, datetime | None] | None:
        """Return when an issue would leave, and its last copy's moment on the newsletter's own
        clock.
        """
        app = self.instance
        with app.db.read() as session:
            found = foresee_departure(
                session, app.config, opened.configured, opened.issue, app.clock.now()
            )
        if found is None:
            return None
        return found, opened.local(found.last_at) if found.last_at else None


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of preview, preflight, proofs and approval."""
    instance, pages, printed = desk.instance, desk.pages, Printed(desk.instance)
    preview = PreviewPages(instance, pages, printed)
    press = PressPages(instance, pages, preview)
    desk.look("/{slug}/{number}/preview", press.show, Role.CONTRIBUTOR)
    add_preview(desk, preview)
    add_checks(desk, CheckPages(instance, pages, printed))
    desk.act("/{slug}/{number}/proofs", press.send_proof, Role.CONTRIBUTOR)
    desk.act("/{slug}/{number}/approve", press.approve, Role.EDITOR)
