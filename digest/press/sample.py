"""A newsletter's look on an issue, for who is choosing it: on its newest one, or on one made up.
Nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from digest.blocks import FULL
from digest.config import InitialConfig, NewsletterConfig, check
from digest.curation.issues import list_issues
from digest.curation.newsletters import list_sections
from digest.errors import BadInput, ConfigError, Refused
from digest.models import Newsletter
from digest.press.approval import Press
from digest.press.pictures import without_pictures
from digest.press.preview import neutral_values
from digest.press.view import dress, freeze_view
from digest.rendering.issue import render_issue
from digest.rendering.personalise import fill_html
from digest.rendering.view import IssueView, PickView, SectionView, TopperView

LOOKED_AT = 8  # issues, for one that has something to show
PLACE = "https://example.org/"


def sample_view(
    session: Session,
    newsletter: Newsletter,
    configured: NewsletterConfig,
    changes: Mapping[str, Any],
    *,
    today: date,
) -> IssueView:
    """Return an issue dressed in a newsletter's furniture with these changes; BadInput for what
    furniture cannot be.
    """
    try:
        wanted = {**newsletter.furniture, **changes}
        furniture = check(InitialConfig, wanted, where=newsletter.slug).model_dump(mode="json")
    except ConfigError as error:
        raise BadInput(str(error)) from None
    for issue in list_issues(session, newsletter.id, LOOKED_AT):
        try:
            view = freeze_view(session, issue, configured, today=today)
        except Refused:
            continue
        return dress(view, furniture, configured)
    return dress(_made_up(session, newsletter, configured, today), furniture, configured)


def _made_up(
    session: Session, newsletter: Newsletter, configured: NewsletterConfig, today: date
) -> IssueView:
    story = PickView("A headline as it will be set", PLACE, "And what a story says in two lines.")
    sections = [
        SectionView(section.heading, (story, story), section.id)
        for section in list_sections(session, newsletter.id)[:2]
    ]
    return IssueView(
        newsletter=configured.name,
        language=configured.language,
        number=newsletter.last_number + 1,
        public_id="sample",
        date=today,
        subject="A sample",
        preheader="",
        tagline="",
        accent="#000000",
        site_url=f"https://{configured.host}/",
        postal_address=configured.postal_address,
        why="",
        topper=TopperView("Good morning. This is how the first word to the readers is set.", ""),
        lead=replace(story, layout="lead"),
        sections=tuple(sections),
        quote=None,
        numbers=(),
        appeal=None,
        guarded=configured.guarded,
    )


def print_sample(press: Press, view: IssueView, configured: NewsletterConfig, site: str) -> str:
    """Return an issue's HTML as nobody's copy; pictures that would be sent along are left out.
    Compiles, so no transaction may be open; errors are those of a rendering.
    """
    shown = view if configured.shown_pictures == "linked" else without_pictures(view)
    rendering = render_issue(
        shown, edition=FULL, templates=press.templates, compile_mjml=press.compile_mjml
    )
    return fill_html(rendering, neutral_values(site, "sample"))
