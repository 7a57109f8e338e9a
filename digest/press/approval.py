"""Approval: every edition compiled once, stored as immutable bytes, and the approval bound to their
hash.

Friday sends these bytes and never compiles. An edit of the issue makes a new version without
renderings, so what was approved before can no longer be sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.config import NewsletterConfig
from digest.curation.issues import approve_issue, find_issue
from digest.db import Database
from digest.models import Issue, StoredRendering
from digest.press.view import freeze_view
from digest.rendering.fingerprint import html_bytes, issue_hash
from digest.rendering.issue import Rendering, render_issue
from digest.rendering.templates import Templates
from digest.rendering.view import IssueView

EDITIONS = ("full",)


@dataclass(frozen=True, slots=True)
class Press:
    """What rendering needs: templates and the compiler."""

    templates: Templates
    compile_mjml: Callable[[str], str]

    def render(self, view: IssueView) -> list[Rendering]:
        """Return one Rendering per edition; RenderingFailed names template and line."""
        return [
            render_issue(
                view, edition=edition, templates=self.templates, compile_mjml=self.compile_mjml
            )
            for edition in EDITIONS
        ]


@dataclass(frozen=True, slots=True)
class Approved:
    """What was approved: the issue's number and the hash of its bytes."""

    number: int
    content_hash: str
    html_bytes: int


def render_draft(
    session: Session, press: Press, issue: Issue, configured: NewsletterConfig, *, now: datetime
) -> list[Rendering]:
    """Return what an issue would be if approved now; writes nothing."""
    today = now.astimezone(configured.schedule.as_schedule().zone).date()
    return press.render(freeze_view(session, issue, configured, today=today))


def approve(
    db: Database,
    press: Press,
    reference: str,
    configured: NewsletterConfig,
    *,
    by: str,
    clock: Clock,
) -> Approved:
    """Compile an issue and approve exactly those bytes.

    Refused when the issue is not ready; RenderingFailed when it does not compile; Conflict when
    somebody edited it in between, and then nothing is stored.
    """
    now = clock.now()
    with db.read() as session:
        issue = find_issue(session, reference)
        renderings = render_draft(session, press, issue, configured, now=now)
        issue_id, version, number = issue.id, issue.version, issue.number
    content_hash = issue_hash(renderings)
    with db.write() as session:
        approve_issue(session, issue_id, version=version, content_hash=content_hash, by=by, now=now)
        _store(session, issue_id, version, renderings, now)
    size = max(html_bytes(rendering) for rendering in renderings)
    return Approved(number, content_hash, size)


def _store(
    session: Session, issue_id: int, version: int, renderings: Sequence[Rendering], now: datetime
) -> None:
    # Approving the same version again replaces what it had: the hash in the issue speaks of these
    # bytes.
    session.execute(delete(StoredRendering).where(StoredRendering.issue_id == issue_id))
    session.add_all(
        StoredRendering(
            issue_id=issue_id,
            issue_version=version,
            edition=rendering.edition,
            language=rendering.language,
            content_hash=rendering.content_hash,
            document=rendering.to_bytes(),
            created_at=now,
        )
        for rendering in renderings
    )
    session.flush()


def list_renderings(session: Session, issue: Issue) -> list[Rendering]:
    """Return the renderings stored for the issue's present version, none when it is not
    approved.
    """
    return [
        Rendering.from_bytes(row.document)
        for row in session.scalars(
            select(StoredRendering)
            .where(
                StoredRendering.issue_id == issue.id, StoredRendering.issue_version == issue.version
            )
            .order_by(StoredRendering.id)
        )
    ]
