"""An issue in the browser: as approved, nobody's copy, and as one file to keep or pass on."""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from sqlalchemy import select

from digest.app import App
from digest.blocks import FULL
from digest.config import pages_at
from digest.curation.newsletters import present_order
from digest.errors import NotFound
from digest.mirrors import Order
from digest.models import Issue, IssueState, Newsletter
from digest.press.approval import list_renderings
from digest.press.archive.corrected import PastCorrection, read_corrections
from digest.press.archive.past import PUBLIC
from digest.press.preview import neutral_values
from digest.rendering.mirroring import shown
from digest.rendering.offline import shown_inside
from digest.rendering.personalise import fill_html
from digest.rendering.stored import OFFLINE, Rendering
from digest.web.archive.cards import link_tag
from digest.web.archive.corrected_page import with_corrections
from digest.web.archive.issue_page import with_head
from digest.web.archive.places import served_addresses
from digest.web.pages import Masthead, Pages, find_masthead

SHOWN = (IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)
ISSUE_ID = re.compile(r"[a-z2-7]{1,24}")  # of curation.issues: base32


@dataclass(frozen=True, slots=True)
class Found:
    """An edition of an issue, and what its page says beside it."""

    rendering: Rendering
    slug: str
    number: int
    order: Order | None  # of its mirrors
    is_correction: bool
    corrections: tuple[PastCorrection, ...]
    masthead: Masthead


@dataclass(frozen=True, slots=True)
class IssuePages:
    """The handlers that show an issue; NotFound when there is none."""

    instance: App
    pages: Pages

    def issue(self, public_id: str, request: Request) -> Response:
        """Show an issue as approved, as nobody's copy; with ``?framed``, for a frame of another
        page of ours, out of which its links lead.
        """
        found = self._approved(public_id, FULL)
        rendering, site = found.rendering, self._site_of(found.slug, found.order)
        page = self._corrected(fill_html(rendering, neutral_values(site, public_id)), found)
        if "framed" in request.query_params:
            page = with_head(page, Markup('<base target="_blank">'))
        elif address := self._archived_at(public_id, found):
            page = with_head(page, link_tag("canonical", address))
        return HTMLResponse(
            shown_inside(page, rendering.pictures),
            headers={
                "Content-Security-Policy": issue_policy(site),
                "X-Frame-Options": "SAMEORIGIN",  # the sign-up page shows it beside its form
            },
        )

    def _corrected(self, page: str, found: Found) -> str:
        return with_corrections(page, self.pages, found.masthead, found.corrections, found.order)

    def _archived_at(self, public_id: str, found: Found) -> str:
        """Return where the archive shows an issue, empty when it does not."""
        config, slug = self.instance.config, found.slug
        configured = next((n for n in config.newsletters if n.slug == slug), None)
        if configured is None or not configured.has_archive or found.is_correction:
            return ""
        with self.instance.db.read() as session:
            state = session.scalar(select(Issue.state).where(Issue.public_id == public_id))
        addresses = served_addresses(config.site_of(configured), slug)
        return addresses.issue_at(found.number) if state in PUBLIC else ""

    def _site_of(self, slug: str, order: Order | None) -> str:
        """Return where an issue's readers find the pages; old issues open even when the newsletter
        is configured no more.
        """
        config = self.instance.config
        configured = next((n for n in config.newsletters if n.slug == slug), None)
        return pages_at(config, configured, order) if configured else config.web.public_url

    def offline(self, public_id: str) -> Response:
        """Hand out an issue as one file that needs no network and names nobody."""
        found = self._approved(public_id, OFFLINE)
        named = f"attachment; filename={found.slug}-{found.number}.html"
        headers = {"Content-Disposition": named, "Content-Security-Policy": "sandbox"}
        page = "".join(part.text for part in found.rendering.html)
        return HTMLResponse(self._corrected(page, found), headers=headers)

    def _approved(self, public_id: str, edition: str) -> Found:
        """Return an edition as approved, led by the issue's mirrors, with what was corrected."""
        if not ISSUE_ID.fullmatch(public_id):
            raise NotFound("no such issue")
        with self.instance.db.read() as session:
            found = session.scalar(select(Issue).where(Issue.public_id == public_id))
            if found is None or found.state not in SHOWN:
                raise NotFound("no such issue")
            renderings = {r.edition: r for r in list_renderings(session, found)}
            newsletter = session.get_one(Newsletter, found.newsletter_id)
            order = present_order(session, found)
            corrections = read_corrections(session, [found.id], self._zone_of(newsletter.slug))
            masthead = find_masthead(session, self.instance.config, newsletter.id)
        if edition not in renderings:
            raise NotFound("no such issue")
        return Found(
            rendering=shown(renderings[edition], order),
            slug=newsletter.slug,
            number=found.number,
            order=order,
            is_correction=found.corrects_id is not None,
            corrections=corrections.get(found.id, ()),
            masthead=masthead,
        )

    def _zone_of(self, slug: str) -> ZoneInfo:
        configured = next((n for n in self.instance.config.newsletters if n.slug == slug), None)
        return configured.schedule.as_schedule().zone if configured else ZoneInfo("UTC")

    def own_copy(self) -> Response:
        """Say that a link works only in a reader's own copy."""
        return self.pages.show("own_copy.html")


def issue_policy(public_url: str) -> str:
    """Return the policy of an issue's page: its inline styles, its pictures, its links; never a
    script or a form, and in no frame but one of our own pages.

    Pictures come from the article hosts, which nobody can list beforehand. Without TLS of our own,
    on loopback only, they may come without it as well.
    """
    pictures = "https:" if public_url.startswith("https:") else "https: http:"
    return (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        f"style-src 'unsafe-inline'; img-src data: {pictures}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of issues."""
    shown = IssuePages(instance, pages)
    router = APIRouter()
    looks = ["GET", "HEAD"]
    router.add_api_route("/i/{public_id}", shown.issue, methods=looks)
    router.add_api_route("/i/{public_id}/offline.html", shown.offline, methods=looks)
    router.add_api_route("/own-copy", shown.own_copy, methods=looks)
    return router
