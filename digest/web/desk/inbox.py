"""The inbox: what came in, looked through, picked for an issue or set aside."""

from dataclasses import asdict, dataclass
from functools import partial
from urllib.parse import parse_qs, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.curation.inbox import dismiss, find_article, restore
from digest.curation.inbox_pages import BY_HAND, InboxRow, Kept, Wanted, read_page, read_row
from digest.curation.issues import OPEN_TO_EDITS, find_issue, find_open
from digest.curation.newsletters import find_newsletter, get_section, list_sections
from digest.curation.picks import find_pick, pick_article, unpick
from digest.curation.row_numbers import row_number
from digest.curation.source_list import list_sources
from digest.editors.audit import note
from digest.errors import BadInput, NotFound
from digest.models import ArticleState, Issue, Role
from digest.web.desk.ages import age
from digest.web.desk.doors import HOME, signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes, RowId
from digest.web.forms import Form

A_PAGE = 40
INBOX = f"{HOME}/inbox"
KEPT_WORDS = {
    Kept.WAITING: "Waiting",
    Kept.PICKED: "Picked",
    Kept.ASIDE: "Not for us",
    Kept.ALL: "All",
}
ASKED = ("kept", "source", "search", "before", "place")  # what the page's address may ask


@dataclass(frozen=True, slots=True)
class Target:
    """An issue that articles may be picked for, with its places: what a form says, and a
    heading.
    """

    newsletter: str
    reference: str  # as `find_issue` takes it
    number: int
    state: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class InboxPages:
    """The handlers of the inbox."""

    instance: App
    pages: DeskPages

    def show(
        self,
        request: Request,
        kept: str = "waiting",
        source: str = "",
        search: str = "",
        before: str = "",
        place: str = "",
    ) -> Response:
        """Show a page of articles."""
        wanted = Wanted(_kept(kept), source, search, before)
        with self.instance.db.read() as session:
            found = read_page(session, wanted, most=A_PAGE)
            sources = [(str(each.id), each.name) for each in list_sources(session)]
            targets = self._targets(session, place)
        asked = {**asdict(wanted), "place": place}
        return self.pages.show(
            "inbox.html",
            signed_of(request),
            rows=found.rows,
            wanted=wanted,
            kept_words=KEPT_WORDS,
            sources=[*sources, (BY_HAND, "By hand, or a source since removed")],
            targets=targets,
            goes=place,
            older=_query({**asked, "before": found.older}) if found.older else "",
            newest=_query({**asked, "before": ""}),
            back=_query(asked),
            age=self._age(),
        )

    def _age(self) -> "partial[str]":
        return partial(age, now=self.instance.clock.now())

    def _targets(self, session: Session, place: str) -> list[Target]:
        """Return the issue that `place` is of, and the newest open issue of each newsletter."""
        targets = []
        named = _find_named(session, place)
        for configured in self.instance.config.newsletters:
            newsletter = find_newsletter(session, configured.slug)
            newest = find_open(session, newsletter.id)
            wanted = named if named and named.newsletter_id == newsletter.id else None
            sections = list_sections(session, newsletter.id)
            for issue in dict.fromkeys(each for each in (wanted, newest) if each):
                reference = f"{configured.slug}/{issue.number}"
                places = tuple(
                    (f"{reference}:{section.id}", section.heading) for section in sections
                )
                state = issue.state.value
                targets.append(Target(configured.name, reference, issue.number, state, places))
        return targets

    def pick(self, request: Request, article_id: RowId, form: Form) -> Response:
        """Place an article last in a section of the issue that the page named."""
        reference, _, number = form.text("place").partition(":")
        section_id = row_number(number)
        if "/" not in reference or section_id is None:
            raise BadInput("Choose first where picks go. An issue must have been begun for that.")
        now = self.instance.clock.now()
        with self.instance.db.write() as session:
            article, issue = find_article(session, article_id), find_issue(session, reference)
            section = get_section(session, section_id)
            if article.state is ArticleState.DISMISSED:
                restore(session, article_id)
            pick_article(session, issue, article, section)
            detail = {"article": article_id, "section": section.heading}
            note(session, signed_of(request).editor_id, "pick", reference, now, detail)
            said = f"Picked for {reference}, {section.heading}: {article.title}"
        return self._answer(request, article_id, form, said)

    def take_out(self, request: Request, article_id: RowId, form: Form) -> Response:
        """Take an article out of an issue again."""
        reference, now = form.text("issue"), self.instance.clock.now()
        with self.instance.db.write() as session:
            article, issue = find_article(session, article_id), find_issue(session, reference)
            unpick(session, issue, find_pick(session, issue, article_id))
            detail = {"article": article_id}
            note(session, signed_of(request).editor_id, "take out", reference, now, detail)
            said = f"Taken out of {reference}: {article.title}"
        return self._answer(request, article_id, form, said)

    def set_aside(self, request: Request, article_id: RowId, form: Form) -> Response:
        """Say that an article is not for us."""
        now = self.instance.clock.now()
        with self.instance.db.write() as session:
            article = dismiss(session, article_id)
            about = f"article#{article_id}"
            note(session, signed_of(request).editor_id, "not for us", about, now)
            said = f"Not for us: {article.title}"
        return self._answer(request, article_id, form, said)

    def put_back(self, request: Request, article_id: RowId, form: Form) -> Response:
        """Put an article that was set aside back."""
        now = self.instance.clock.now()
        with self.instance.db.write() as session:
            article = restore(session, article_id)
            about = f"article#{article_id}"
            note(session, signed_of(request).editor_id, "back to the inbox", about, now)
            said = f"Back in the inbox: {article.title}"
        return self._answer(request, article_id, form, said)

    def _answer(self, request: Request, article_id: int, form: Form, said: str) -> Response:
        """Show the article as it is now to htmx, which asked from its row; else the page again."""
        if "hx-request" not in request.headers:
            asked = {**parse_back(form.raw("back")), "place": form.text("place")}
            return RedirectResponse(f"{INBOX}?{_query(asked)}", 303)
        with self.instance.db.read() as session:
            row: InboxRow = read_row(session, find_article(session, article_id))
        signed = signed_of(request)
        return self.pages.show("_inbox_answer.html", signed, row=row, age=self._age(), said=said)


def _find_named(session: Session, place: str) -> Issue | None:
    """Return the issue whose board asked for the inbox; None where it takes no picks any more."""
    try:
        issue = find_issue(session, place.partition(":")[0])
    except (BadInput, NotFound):
        return None
    return issue if issue.state in OPEN_TO_EDITS else None


def _kept(text: str) -> Kept:
    try:
        return Kept(text)
    except ValueError as error:
        raise BadInput(f"kept: there is no {text[:40]!r}") from error


def _query(asked: dict[str, str]) -> str:
    return urlencode({name: asked[name] for name in ASKED if asked.get(name)})


def parse_back(query: str) -> dict[str, str]:
    """Return what the page asked for that a form came from; nothing that it cannot ask."""
    given = parse_qs(query[:2_000], max_num_fields=20)
    return {name: given[name][0] for name in ASKED if name in given}


def add_routes(desk: DeskRoutes) -> None:
    """Add the routes of the inbox."""
    inbox = InboxPages(desk.instance, desk.pages)
    desk.look("/inbox", inbox.show, Role.CONTRIBUTOR)
    desk.act("/inbox/{article_id}/pick", inbox.pick, Role.CONTRIBUTOR)
    desk.act("/inbox/{article_id}/take-out", inbox.take_out, Role.CONTRIBUTOR)
    desk.act("/inbox/{article_id}/aside", inbox.set_aside, Role.CONTRIBUTOR)
    desk.act("/inbox/{article_id}/back", inbox.put_back, Role.CONTRIBUTOR)
