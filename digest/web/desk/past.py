"""Past issues: all there are, how the sent ones went, and what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import Request, Response
from sqlalchemy.orm import Session

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.newsletters import find_newsletter
from digest.curation.past_issues import Sought, list_sent, read_issues_page
from digest.delivery.ledger.results import find_results
from digest.delivery.ledger.sums import Sums
from digest.errors import BadInput
from digest.models import Issue, IssueState, Role
from digest.operations.reception import Mood, Reception, count_reception
from digest.web.archive.places import served_addresses
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes

ISSUES = f"{HOME}/issues"
A_PAGE = 12  # issues
CHARTED = 26  # issues: half a year of Fridays
ENDS = ("accepted", "rejected", "skipped", "expired", "uncertain")
BAR = 200  # units of width of a small picture
SLIVER = 2  # of them: what is not nothing is seen
WORRIES = {
    Mood.CALM: "",
    Mood.UNEASY: "Complaints are above 0.1 %, below which Gmail wants them.",
    Mood.GRAVE: "Complaints are at 0.3 % or above, where Gmail and Yahoo draw their line.",
}


class Piece(NamedTuple):
    """One part of a small picture: which end of a copy, where it begins and how wide it is."""

    end: str
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Result:
    """How an issue that is sent went."""

    sums: Sums
    reception: Reception
    pieces: list[Piece]

    @property
    def worry(self) -> str:
        """Return what is to be said of its complaints; empty where they are few."""
        return WORRIES[self.reception.mood]


@dataclass(frozen=True, slots=True)
class Row:
    """One issue, where it is at the desk and for the public, and how it went."""

    issue: Issue
    configured: NewsletterConfig | None  # None: its newsletter is configured no more
    path: str
    public: str  # its page in the archive; empty where it has none
    result: Result | None
    corrects: str  # the path of the issue that it corrects


@dataclass(frozen=True, slots=True)
class PastPages:
    """The handler of past issues."""

    instance: App
    pages: DeskPages

    def show(
        self,
        request: Request,
        newsletter: str = "",
        state: str = "",
        search: str = "",
        before: str = "",
    ) -> Response:
        """Show issues, newest first, and a chart of how the last ones went."""
        app, asked = self.instance, {"newsletter": newsletter, "state": state, "search": search}
        slugs = {each.slug: each for each in app.config.newsletters}
        charted = slugs.get(newsletter) or app.config.newsletters[0]
        if newsletter and newsletter not in slugs:
            raise BadInput(f"there is no newsletter {newsletter[:40]!r}")
        with app.db.read() as session:
            ids = {find_newsletter(session, slug).id: slug for slug in slugs}
            own = next((id for id, slug in ids.items() if slug == newsletter), None)
            sought = Sought(own, _state(state), search[:200], before)
            page = read_issues_page(session, sought, most=A_PAGE)
            rows = self._rows(session, page.issues, ids)
            chart = self._chart(session, find_newsletter(session, charted.slug).id)
        kept = {name: value for name, value in asked.items() if value}
        return self.pages.show(
            "past.html",
            signed_of(request),
            newsletters=app.config.newsletters,
            states=list(IssueState),
            asked=asked,
            before=before,
            rows=rows,
            older=urlencode({**kept, "before": page.older}) if page.older else "",
            newest=urlencode(kept),
            charted=charted,
            chart=chart,
            ends=ENDS,
            may_correct=signed_of(request).role.may(Role.EDITOR),
        )

    def _rows(self, session: Session, issues: Sequence[Issue], slugs: dict[int, str]) -> list[Row]:
        results = find_results(session, issues, self.instance.keys)
        return [
            self._row(session, issue, slugs.get(issue.newsletter_id, ""), results.get(issue.id))
            for issue in issues
        ]

    def _row(self, session: Session, issue: Issue, slug: str, sums: Sums | None) -> Row:
        config = self.instance.config
        configured = next((each for each in config.newsletters if each.slug == slug), None)
        corrected = session.get(Issue, issue.corrects_id) if issue.corrects_id else None
        result = None
        if sums is not None and issue.sending_at is not None:
            result = Result(sums, count_reception(session, issue, sums), pieces_of(sums))
        public = ""
        if configured and configured.has_archive and issue.sending_at and not corrected:
            addresses = served_addresses(config.site_of(configured), slug)
            public = addresses.issue_at(issue.number)
        return Row(
            issue=issue,
            configured=configured,
            path=f"{HOME}/{slug}/{issue.number}",
            public=public,
            result=result,
            corrects=f"{HOME}/{slug}/{corrected.number}" if corrected else "",
        )

    def _chart(self, session: Session, newsletter_id: int) -> list[tuple[Issue, Sums]]:
        issues = list_sent(session, newsletter_id, CHARTED)
        results = find_results(session, issues)
        return [(issue, results[issue.id]) for issue in issues]


def _state(text: str) -> IssueState | None:
    try:
        return IssueState(text) if text else None
    except ValueError as error:
        raise BadInput(f"state: there is no {text[:40]!r}") from error


def pieces_of(sums: Sums) -> list[Piece]:
    """Return how wide each end of the copies stands in a small picture; nothing that there is
    disappears. Pure.
    """
    counts = [(end, getattr(sums, end)) for end in ENDS if getattr(sums, end)]
    total = sum(count for _, count in counts)
    widths = [max(SLIVER, round(BAR * count / total)) for _, count in counts]
    if widths:  # the slivers are taken from the widest
        widths[widths.index(max(widths))] -= sum(widths) - BAR
    pieces, at = [], 0
    for (end, _), width in zip(counts, widths, strict=True):
        pieces.append(Piece(end, at, width))
        at += width
    return pieces


def add_routes(desk: DeskRoutes) -> None:
    """Add the route of past issues."""
    desk.look("/issues", PastPages(desk.instance, desk.pages).show, Role.CONTRIBUTOR)
