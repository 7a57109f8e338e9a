"""``digest issue preflight``: read, render, ask outside, judge, and keep the report with the issue.

No transaction is open while anything is rendered or fetched.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from digest.clock import Clock
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue
from digest.db import Database
from digest.press.approval import Press, draft_view, list_renderings
from digest.press.preflight.asking import Progress
from digest.press.preflight.findings import Report
from digest.press.preflight.inspection import inspect, read_records
from digest.press.preflight.records import store_report
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView

if TYPE_CHECKING:
    from digest.fetch.client import Fetcher

Render = Callable[[IssueView, NewsletterConfig], Sequence[Rendering]]


def run_preflight(
    db: Database,
    press: Press,
    reference: str,
    newsletter: NewsletterConfig,
    *,
    clock: Clock,
    fetcher: "Fetcher | None" = None,
    progress: Progress = lambda _done, _total: None,
    quick: bool = False,
    render: Render | None = None,
) -> Report:
    """Look an issue over, keep the report with it, and return the report.

    The approved bytes are looked at where there are some, else what would be approved now. With a
    fetcher, links and pictures are asked for, too, and `progress` is told how far that is; `quick`
    is that of `inspect`, and `render` comes in place of the press where bytes are at hand. An issue
    that was edited meanwhile keeps the report it had. Refused when the issue has no subject or no
    picks; other errors are those of a rendering.
    """
    with db.read() as session:
        issue = find_issue(session, reference)
        view = draft_view(session, issue, newsletter, clock.now())
        records = read_records(session, issue)
        approved = list_renderings(session, issue) if issue.approved_hash else []
    report = inspect(
        view,
        approved or (render or press.render)(view, newsletter),
        newsletter,
        records,
        press.rules,
        why=press.why_line(view),
        clock=clock,
        fetcher=fetcher,
        progress=progress,
        quick=quick,
    )
    with db.write() as session:
        store_report(session, issue.id, report)
    return report
