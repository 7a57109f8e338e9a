"""The very bytes of an issue in a frame: beside the board and on the page where it is approved, on
every screen, in every edition, as any reader may have them.

A mail is somebody else's page. Its frame has no origin of ours, runs nothing and posts nothing, so
nobody can look into it: the pane scrolls around it, to about where a headline stands (`places`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from sqlalchemy.orm import Session

from digest.app import App
from digest.blocks import FULL, section_block
from digest.config import pages_at
from digest.curation.newsletters import list_sections
from digest.curation.picks import list_picks
from digest.editors.audit import note
from digest.errors import BadInput, DigestError, NotFound, Refused, RenderingFailed
from digest.models import Role, Subscription, SubscriptionState
from digest.press.places import PHONE, WIDE, Places, find_places, find_text_places
from digest.press.preview import neutral_values, values_of_reader, values_without
from digest.rendering.mirroring import shown
from digest.rendering.offline import shown_inside
from digest.rendering.personalise import ReaderValues, fill_html, fill_text, left_out
from digest.rendering.stored import Rendering
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.web.desk.an_issue import AnIssue, open_issue
from digest.web.desk.doors import signed_of
from digest.web.desk.pages import DeskPages
from digest.web.desk.printed import Printed, Prints
from digest.web.desk.routes import DeskRoutes
from digest.web.desk.showing import LOOKS, Offer, Showing, in_language, offer_of, read_showing
from digest.web.forms import Form

# It runs nothing, asks for pictures alone, and stands in our frame.
FRAME = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; "
        "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


READS = (SubscriptionState.ACTIVE, SubscriptionState.PAUSED)


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands in the frame and what else could; `why_not` where nothing can."""

    version: int
    showing: Showing = field(default_factory=Showing)
    offer: Offer = field(default_factory=Offer)
    why_not: str = ""
    prints: Prints = field(default_factory=Prints)
    height: int = 0  # of the mail, in pixels; 0: not known
    places: Mapping[int, int] = field(default_factory=dict)  # from the top, by article

    @property
    def looks(self) -> Mapping[str, str]:
        """Return what it can be shown on, by the word for it."""
        return LOOKS

    @property
    def file(self) -> str:
        """Return the address of the frame below that of the preview."""
        suffix = "txt" if self.showing.is_text else "html"
        return f"{self.showing.edition}.{suffix}?{self.showing.query}"

    @property
    def marks(self) -> str:
        """Return the places for a script to read: ``12:340 7:1020``."""
        return " ".join(f"{article}:{place}" for article, place in self.places.items())


@dataclass(frozen=True, slots=True)
class PreviewPages:
    """The handlers of the frame and of what stands around it."""

    instance: App
    pages: DeskPages
    printed: Printed

    def stage_of(self, request: Request, opened: AnIssue, *, placed: bool = False) -> Stage:
        """Return what a request asks to see of an issue; where it stands only when `placed`."""
        version = opened.issue.version
        try:
            prints = self.printed.of(opened)
            showing, offer, found = self._asked(request, opened, prints)
        except (Refused, RenderingFailed, BadInput) as error:
            return Stage(version, why_not=str(error))
        stage = Stage(version, showing, offer, prints=prints)
        if not placed or found is None or not found.is_mail:
            return stage
        with self.instance.db.read() as session:
            rows = list_picks(session, opened.issue.id)
            picks = [(article.id, pick.headline) for _, pick, article in rows]
        places = self._places(opened, found, showing, [words for _, words in picks])
        return replace(stage, height=places.height, places=places.of(picks))

    def _asked(
        self, request: Request, opened: AnIssue, prints: Prints, edition: str = ""
    ) -> tuple[Showing, Offer, Rendering | None]:
        """Return what a request asks to see, what there is, and the rendering for it."""
        asked = edition or request.query_params.get("edition", "")
        renderings = prints.of(asked if asked in prints.editions else FULL)
        offer = offer_of(prints.editions, renderings, self._headings(opened))
        showing = read_showing(request.query_params, offer)
        return showing, offer, in_language(renderings, showing.language)

    def _headings(self, opened: AnIssue) -> dict[str, str]:
        with self.instance.db.read() as session:
            sections = list_sections(session, opened.issue.newsletter_id)
        return {section_block(each.id): each.heading for each in sections}

    def _places(
        self, opened: AnIssue, found: Rendering, showing: Showing, headlines: list[str]
    ) -> Places:
        content = self._filled(opened, found, showing, self._values(opened, showing))
        if showing.is_text:
            return find_text_places(content, headlines)
        return find_places(content, width=PHONE if showing.look == "phone" else WIDE)

    def stage(self, request: Request, slug: str, number: str) -> Response:
        """Show the part of the board's page that holds the frame."""
        opened = self._open(f"{slug}/{number}")
        stage = self.stage_of(request, opened, placed=True)
        return self.pages.show(
            "_showing.html", signed_of(request), path=opened.path, stage=stage, tall=True
        )

    def frame(self, request: Request, slug: str, number: str, file: str) -> Response:
        """Return one edition's bytes, ``full.html`` or ``full.txt``, as nobody's copy, or that of a
        reader with the wishes that the address names.
        """
        opened = self._open(f"{slug}/{number}")
        edition, _, suffix = file.rpartition(".")
        if suffix not in {"html", "txt"}:
            raise NotFound(f"{opened.name} has no {file}")
        try:
            prints = self.printed.of(opened)
            asked, _, found = self._asked(request, opened, prints, edition)
        except (Refused, RenderingFailed, BadInput) as error:  # no page of ours may stand there
            return PlainTextResponse(str(error), 422, headers=FRAME)
        if found is None or found.edition != edition:
            raise NotFound(f"{opened.name} has no {file}")
        showing = replace(asked, edition=edition, look="text" if suffix == "txt" else "")
        return self._answer(opened, found, showing, self._values(opened, showing))

    def as_reader(self, request: Request, slug: str, number: str, form: Form) -> Response:
        """Return the copy of whoever has exactly this address, without a link that works; who
        looked at whose is written down.
        """
        opened = self._open(f"{slug}/{number}")
        try:
            return self._copy_of(request, opened, form.text("address"), form.text("look"))
        except DigestError as error:  # into the frame: a page of ours may not stand there
            return PlainTextResponse(str(error), 404, headers=FRAME)

    def _copy_of(self, request: Request, opened: AnIssue, address: str, look: str) -> Response:
        app, now = self.instance, self.instance.clock.now()
        with app.db.write() as session:
            subscription, known, name = self._find_reader(session, opened, address)
            detail = {"subscriber": subscription.subscriber_id}
            editor_id = signed_of(request).editor_id
            note(session, editor_id, "preview as reader", opened.name, now, detail)
        showing = Showing(subscription.edition, look)
        prints = self.printed.of(opened)
        found, *_ = prints.of(showing.edition) or prints.of(FULL)
        hidden = left_out(subscription, now)
        site = pages_at(app.config, opened.configured, opened.order)
        values = values_of_reader(site, opened.issue.public_id, hidden, address=known, name=name)
        return self._answer(opened, found, showing, values)

    def _find_reader(
        self, session: Session, opened: AnIssue, address: str
    ) -> tuple[Subscription, str, str]:
        app = self.instance
        subscriber = find_by_address(session, app.sealer, address)
        slug = opened.configured.slug
        found = list_subscriptions(session, subscriber.id) if subscriber else []
        for of, subscription in found:
            if of == slug and subscription.state in READS and subscriber is not None:
                name = app.sealer.open(subscriber.name_sealed) if subscriber.name_sealed else ""
                return subscription, app.sealer.open(subscriber.address_sealed), name
        raise NotFound(f"Nobody reads {opened.configured.name} at this address.")

    def _values(self, opened: AnIssue, showing: Showing) -> ReaderValues:
        app = self.instance
        site = pages_at(app.config, opened.configured, opened.order)
        if not showing.as_somebody:
            return neutral_values(site, opened.issue.public_id)
        hidden = showing.hidden(app.clock.now())
        return values_without(site, opened.issue.public_id, hidden)

    def _filled(
        self, opened: AnIssue, found: Rendering, showing: Showing, values: ReaderValues
    ) -> str:
        rendering = shown(found, opened.order)
        if showing.is_text:
            return fill_text(rendering, values)
        return fill_html(rendering, values)

    def _answer(
        self, opened: AnIssue, found: Rendering, showing: Showing, values: ReaderValues
    ) -> Response:
        content = self._filled(opened, found, showing, values)
        if showing.is_text:
            return PlainTextResponse(content, headers=FRAME)
        return HTMLResponse(shown_inside(content, found.pictures), headers=FRAME)

    def _open(self, reference: str) -> AnIssue:
        with self.instance.db.read() as session:
            return open_issue(self.instance, session, reference)


def add_preview(desk: DeskRoutes, preview: PreviewPages) -> None:
    """Add the routes of the frame."""
    path = "/{slug}/{number}/preview"
    desk.look(f"{path}/stage", preview.stage, Role.CONTRIBUTOR)
    desk.look(f"{path}/{{file}}", preview.frame, Role.CONTRIBUTOR)
    desk.act(f"{path}/as-reader", preview.as_reader, Role.PUBLISHER)
