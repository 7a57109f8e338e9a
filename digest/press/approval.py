"""Approval: every edition compiled once, stored as immutable bytes, and the approval bound to their
hash.

Friday sends these bytes and never compiles. An edit of the issue makes a new version without
renderings, so what was approved before can no longer be sent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest.blocks import EDITIONS
from digest.clock import Clock
from digest.config import NewsletterConfig, mirrors_of
from digest.curation.issues import (
    approve_issue,
    find_issue,
    keep_first_approval,
    refuse_closed,
)
from digest.db import Database
from digest.errors import Conflict
from digest.models import Issue, IssueState, StoredRendering
from digest.press.pictures import Fetch, Find, embed_own, embed_pictures, without_pictures
from digest.press.preflight.findings import Report
from digest.press.preflight.inspection import inspect, read_records
from digest.press.preflight.material import pages_of
from digest.press.preflight.records import store_report
from digest.press.preflight.rules import Rules
from digest.press.preflight.verdict import refuse_blocked
from digest.press.view import freeze_view
from digest.rendering.fingerprint import html_bytes, issue_hash
from digest.rendering.furniture import Furniture, why_line
from digest.rendering.issue import render_issue
from digest.rendering.mirroring import shown
from digest.rendering.offline import render_offline
from digest.rendering.stored import OFFLINE, Embedded, Rendering
from digest.rendering.templates import Templates
from digest.rendering.view import IssueView

RENDERED = (*EDITIONS, OFFLINE)


@dataclass(frozen=True, slots=True)
class Ready:
    """What all editions of an issue are made of: what they show, and the pictures sent along.

    Where pictures are linked, `host` ends the names of those that the offline file has inside.
    """

    view: IssueView
    embedded: tuple[Embedded, ...] = ()
    host: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """What rendering needs: templates, the compiler, and a way to the pictures that are sent
    along; the rules by which preflight judges what came out; and what has the newsroom's own
    pictures at hand, without any network, for the offline file.
    """

    templates: Templates
    compile_mjml: Callable[[str], str]
    fetch: Fetch
    rules: Rules = field(default_factory=Rules)
    find_own: Find = lambda _url: None

    def render(self, view: IssueView, configured: NewsletterConfig) -> list[Rendering]:
        """Return one Rendering per edition, the whole one first and the offline file last.

        RenderingFailed names template and line, BadInput the headline of a picture that cannot be
        sent along. May ask the network, so no transaction may be open.
        """
        ready = self.prepare(view, configured)
        return [self.render_one(ready, edition) for edition in RENDERED]

    def prepare(self, view: IssueView, configured: NewsletterConfig) -> Ready:
        """Return what all editions of an issue are made of; errors and network as for `render`."""
        view = replace(view, mirrors=mirrors_of(configured, pages_of(configured, self.rules)))
        if configured.shown_pictures == "none":
            return Ready(without_pictures(view))
        if configured.shown_pictures == "embedded":
            return Ready(*embed_pictures(view, self.fetch, configured.host))
        return Ready(view, host=configured.host)

    def render_one(self, ready: Ready, edition: str) -> Rendering:
        """Return one edition of an issue, one of RENDERED; errors as for `render`."""
        if edition == OFFLINE:
            view, embedded = ready.view, ready.embedded
            if ready.host:
                view, embedded = embed_own(view, self.find_own, ready.host)
            return render_offline(view, templates=self.templates, pictures=embedded)
        return render_issue(
            ready.view,
            edition=edition,
            templates=self.templates,
            compile_mjml=self.compile_mjml,
            pictures=ready.embedded,
        )

    def why_line(self, view: IssueView) -> str:
        """Return the sentence by which a copy says why its reader gets it."""
        words = Furniture(self.templates.catalogues.words(view.language), view.language)
        return why_line(view, words)


@dataclass(frozen=True, slots=True)
class Approved:
    """What was approved: the issue's number, the hash of its bytes, preflight's report, and whether
    that waits for a second person before it counts.
    """

    number: int
    content_hash: str
    html_bytes: int
    report: Report
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Voided:
    """An approval that an edit made void: what was approved, when, and by whom."""

    by: str
    at: datetime
    version: int
    content_hash: str

    @property
    def since(self) -> int:
        """Return the version from which on it no longer counts."""
        return self.version + 1


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is known of a stored rendering without its bytes."""

    edition: str
    language: str
    content_hash: str


def find_voided(session: Session, issue: Issue) -> Voided | None:
    """Return the approval of an issue that is a draft again, None where there was none."""
    if issue.state is not IssueState.DRAFT or not issue.approved_by:
        return None
    stored = StoredRendering
    rows = session.execute(
        select(
            *(stored.edition, stored.language, stored.content_hash),
            *(stored.issue_version, stored.created_at),
        ).where(stored.issue_id == issue.id, stored.issue_version < issue.version)
    ).all()
    if not rows:
        return None
    hash_then = issue_hash(_Kept(row.edition, row.language, row.content_hash) for row in rows)
    return Voided(issue.approved_by, rows[0].created_at, rows[0].issue_version, hash_then)


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
    seen_hash: str | None = None,
) -> Approved:
    """Compile an issue and approve exactly those bytes; with `seen_hash` only if they are
    the bytes that somebody looked at. Where the newsletter asks for a second person, the first
    approval is kept aside, and nothing is stored that could be sent.

    Refused when the issue is not ready or on its way already, or when preflight finds what blocks,
    and then only the report is stored; RenderingFailed when it does not compile; BadInput when no
    mail can be made of it; Conflict when somebody edited it in between, and then nothing is stored.
    """
    now = clock.now()
    with db.read() as session:
        issue = find_issue(session, reference)
        refuse_closed(session, issue, "be approved")
        view = draft_view(session, issue, configured, now)
        records = read_records(session, issue)
    # No transaction is open here: a compile may take seconds.
    renderings = press.render(view, configured)
    content_hash = issue_hash(renderings)
    if seen_hash is not None and content_hash != seen_hash:
        raise Conflict(f"{reference} is not what you looked at any more: look at it once more")
    why = press.why_line(view)
    report = inspect(view, renderings, configured, records, press.rules, why=why, clock=clock)
    if report.blocking:
        with db.write() as session:
            store_report(session, issue.id, report)
        refuse_blocked(report)
    mails = (shown(rendering, records.order) for rendering in renderings if rendering.is_mail)
    size = max(map(html_bytes, mails))
    with db.write() as session:
        store_report(session, issue.id, report)
        bind = partial(_bind, session, issue, content_hash, by, now)
        waits = configured.second_person and bind(keep_first_approval)
        if not waits:
            bind(approve_issue)
            _store(session, issue.id, issue.version, renderings, now)
    return Approved(issue.number, content_hash, size, report, bool(waits))


def _bind(
    session: Session,
    issue: Issue,
    content_hash: str,
    by: str,
    now: datetime,
    verb: Callable[..., bool | None],
) -> bool | None:
    return verb(session, issue.id, version=issue.version, content_hash=content_hash, by=by, now=now)


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
