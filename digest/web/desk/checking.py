"""Preflight at the desk: what was found, of which version, each finding with the card it is about,
and a mark on the cards that have one.

A save does not wait for it: the board's script asks for it afterwards, from the bytes that the
preview has rendered already.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from digest.app import App
from digest.curation.issues import OPEN_TO_EDITS
from digest.curation.picks import list_picks
from digest.errors import BadInput, Refused, RenderingFailed
from digest.models import Issue, Role
from digest.press.preflight.findings import Finding, Level, Report
from digest.press.preflight.records import find_report
from digest.press.preflight.run import run_preflight
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.printed import Printed
from digest.web.desk.routes import DeskRoutes
from digest.web.forms import Form

# A sign of its own for each level: colour alone would tell some people nothing.
SIGNS = {Level.BLOCK: "✖", Level.WARN: "▲", Level.NOTE: "●"}
WORDS = {Level.BLOCK: "Stops the approval", Level.WARN: "Warning", Level.NOTE: "Note"}
COUNTED = {  # one of it, and more
    Level.BLOCK: ("stops the approval", "stop the approval"),
    Level.WARN: ("warning", "warnings"),
    Level.NOTE: ("note", "notes"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """The worst that was found about one article, and how much there is."""

    level: Level
    findings: tuple[Finding, ...]

    @property
    def sign(self) -> str:
        """Return the level's sign."""
        return SIGNS[self.level]

    @property
    def words(self) -> str:
        """Return what the mark says to whoever cannot see it."""
        return f"{WORDS[self.level]}: " + "; ".join(found.message for found in self.findings)


@dataclass(frozen=True, slots=True)
class Checked:
    """What preflight said last of an issue, ready to be shown."""

    version: int  # of the issue
    report: Report | None = None
    why_not: str = ""

    @property
    def stale(self) -> bool:
        """Whether it was said of another version."""
        return self.report is not None and self.report.version != self.version

    @property
    def marks(self) -> Mapping[int, Mark]:
        """Return the marks by article; none where the report is of another version."""
        if self.report is None or self.stale:
            return {}
        found: dict[int, list[Finding]] = {}
        for finding in self.report.findings:  # the worst come first
            if finding.article is not None:
                found.setdefault(finding.article, []).append(finding)
        return {article: Mark(each[0].level, tuple(each)) for article, each in found.items()}

    def sign_of(self, level: Level) -> str:
        """Return the sign of a level."""
        return SIGNS[level]

    def words_of(self, level: Level) -> str:
        """Return what a level means."""
        return WORDS[level]

    @property
    def counts(self) -> list[tuple[Level, str]]:
        """Return each level that was found, and how often in words."""
        found = [one.level for one in self.report.findings] if self.report else []
        numbers = {level: found.count(level) for level in Level}
        return [
            (level, f"{SIGNS[level]} {number} {COUNTED[level][number > 1]}")
            for level, number in numbers.items()
            if number
        ]


def checked_of(issue: Issue) -> Checked:
    """Return what is kept with an issue."""
    return Checked(issue.version, find_report(issue))


@dataclass(frozen=True, slots=True)
class CheckPages:
    """The handler of preflight."""

    instance: App
    pages: DeskPages
    printed: Printed

    def preflight(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Look an issue over and keep what was found; with `online` links and pictures are asked
        for, too, and `quick` leaves out what takes seconds.
        """
        name, scripted = f"{slug}/{number}", "hx-request" in request.headers
        why_not = ""
        try:
            self._run(name, online=bool(form.text("online")), quick=bool(form.text("quick")))
        except (Refused, RenderingFailed, BadInput) as error:
            if not scripted:
                raise
            why_not = str(error)
        opened = self._open(name)
        if not scripted:
            return RedirectResponse(f"{opened.path}/preview#preflight", 303)
        checked = Checked(opened.issue.version, find_report(opened.issue), why_not)
        return self.pages.show(
            "_checked.html",
            signed_of(request),
            path=opened.path,
            checked=checked,
            cards=self._cards(opened) if form.text("cards") else [],
            has_cards=bool(form.text("cards")),
        )

    def _run(self, name: str, *, online: bool, quick: bool) -> None:
        app = self.instance
        run_preflight(
            app.db,
            app.press,
            name,
            self._open(name).configured,
            clock=app.clock,
            fetcher=app.fetcher if online else None,
            quick=quick,
            render=self.printed.render,
        )

    def _cards(self, opened: AnIssue) -> list[int]:
        """Return the articles whose cards are to be marked anew, or no longer."""
        if opened.issue.state not in OPEN_TO_EDITS:
            return []
        with self.instance.db.read() as session:
            return [article.id for _, _, article in list_picks(session, opened.issue.id)]

    def _open(self, name: str) -> AnIssue:
        with self.instance.db.read() as session:
            return open_issue(self.instance, session, name)


def add_checks(desk: DeskRoutes, checks: CheckPages) -> None:
    """Add the route of preflight."""
    desk.act("/{slug}/{number}/preflight", checks.preflight, Role.CONTRIBUTOR)
