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

from digest.blocks import EDITIONS
from digest.clock import Clock
from digest.config import NewsletterConfig
from digest.curation.issues import approve_issue, find_issue, refuse_closed
from digest.db import Database
from digest.errors import BadInput
from digest.models import Issue, StoredRendering
from digest.press.pictures import Fetch, embed_pictures, without_pictures
from digest.press.proofs import build_proof
from digest.press.view import freeze_view
from digest.rendering.fingerprint import html_bytes, issue_hash
from digest.rendering.issue import render_issue
from digest.rendering.offline import render_offline
from digest.rendering.stored import Embedded, Rendering
from digest.rendering.templates import Templates
from digest.rendering.view import IssueView

# Gmail shows about 102,000 bytes of HTML and cuts off the rest, the unsubscribe link with it. What
# the slots are filled with is not counted, and fits the difference.
MOST_HTML_BYTES = 100_000
MANY_HTML_BYTES = 80_000  # not refused, but worth a word


@dataclass(frozen=True, slots=True)
class Press:
    """What rendering needs: templates, the compiler, and a way to the pictures that are sent
    along.
    """

    templates: Templates
    compile_mjml: Callable[[str], str]
    fetch: Fetch

    def render(self, view: IssueView, configured: NewsletterConfig) -> list[Rendering]:
        """Return one Rendering per edition, the whole one first and the offline file last.

        RenderingFailed names template and line, BadInput the headline of a picture that cannot be
        sent along. May ask the network, so no transaction may be open.
        """
        embedded: tuple[Embedded, ...] = ()
        if configured.shown_pictures == "none":
            view = without_pictures(view)
        elif configured.shown_pictures == "embedded":
            view, embedded = embed_pictures(view, self.fetch, configured.host)
        mails = [
            render_issue(
                view,
                edition=edition,
                templates=self.templates,
                compile_mjml=self.compile_mjml,
                pictures=embedded,
            )
            for edition in EDITIONS
        ]
        return [*mails, render_offline(view, templates=self.templates, pictures=embedded)]


@dataclass(frozen=True, slots=True)
class Approved:
    """What was approved: the issue's number and the hash of its bytes."""

    number: int
    content_hash: str
    html_bytes: int


def draft_view(
    session: Session, issue: Issue, configured: NewsletterConfig, now: datetime
) -> IssueView:
    """Return what an issue would show if approved now; Refused when it is not ready for that."""
    today = now.astimezone(configured.schedule.as_schedule().zone).date()
    return freeze_view(session, issue, configured, today=today)


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

    Refused when the issue is not ready or on its way already; RenderingFailed when it does not
    compile; BadInput when no mail can be made of it, or one that mail programs cut off; Conflict
    when somebody edited it in between, and then nothing is stored.
    """
    now = clock.now()
    with db.read() as session:
        issue = find_issue(session, reference)
        refuse_closed(session, issue, "be approved")
        view = draft_view(session, issue, configured, now)
    # No transaction is open here: a compile may take seconds.
    renderings = press.render(view, configured)
    mails = [rendering for rendering in renderings if rendering.is_mail]
    size = max(html_bytes(rendering) for rendering in mails)
    _refuse_too_large(size)
    for rendering in mails:
        _try_a_copy(rendering, configured, now)
    content_hash = issue_hash(renderings)
    with db.write() as session:
        approve_issue(
            session, issue.id, version=issue.version, content_hash=content_hash, by=by, now=now
        )
        _store(session, issue.id, issue.version, renderings, now)
    return Approved(issue.number, content_hash, size)


def _refuse_too_large(size: int) -> None:
    if size > MOST_HTML_BYTES:
        raise BadInput(
            f"the mail has {size:,} bytes of HTML, and mail programs cut off what is beyond "
            f"{MOST_HTML_BYTES:,}: shorten texts or take articles out"
        )


def _try_a_copy(rendering: Rendering, configured: NewsletterConfig, now: datetime) -> None:
    """Make one copy and throw it away: what cannot be mailed must be known now, not on Friday."""
    site = f"https://{configured.host}"
    build_proof(
        rendering,
        configured,
        to=configured.sender.address,
        public_url=site,
        issue_public_id="trial",
        now=now,
    )


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
