"""One issue in several scripts, and what is needed to set it and to send a copy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import Rendering, render_issue
from digest.rendering.mime import Letterhead
from digest.rendering.personalise import ReaderValues
from digest.rendering.templates import Templates
from digest.rendering.view import (
    AppealView,
    IssueView,
    PickView,
    PictureView,
    QuoteView,
    SectionView,
    TopperView,
)

SITE = "https://courier.example"


WHOLE = (
    "<p>The quay was <em>empty</em> by noon.</p><h2>What they won</h2>"
    f'<ul><li>A rota</li><li><a href="{SITE}/rota">The whole rota</a></li></ul>'
    "<blockquote><p>Nobody left.</p></blockquote>"
)


def pick(headline: str, path: str, **more: Any) -> PickView:
    return PickView(headline, f"{SITE}/{path}", **more)


def full_view(**changes: Any) -> IssueView:
    """Return an issue that uses every part of the page, in English unless changed."""
    photo = PictureView(f"{SITE}/p.jpg", "Cranes at dawn", "Lena Fox", 1200, 800)
    view = IssueView(
        newsletter="The Harbour Courier",
        language="en-GB",
        number=47,
        date=date(2026, 11, 27),
        subject="Dockers go back to work",
        preheader="The strike is over; what 38 pages say.",
        tagline="The week in our town",
        accent="#a4161a",
        site_url=SITE,
        postal_address="12 Quay Street, Example Town",
        why="You signed up at courier.example.",
        topper=TopperView("The strike is over.\n\nHere are the stories.", "Ada Marsh, editor"),
        lead=pick(
            "Dockers go back — with what they asked for",
            "dockers?a=1&b=2",
            blurb="The deal gives 9% over two years.",
            kicker="Labour",
            byline="By Ada Marsh",
            layout="lead",
            picture=photo,
        ),
        sections=(
            SectionView(
                "City hall",
                (
                    pick('The "€3 bus" costs <more>', "bus", kicker="Transport", picture=photo),
                    pick("Who owns the empty flats?", "flats", blurb="Four firms.", picture=photo),
                    pick("Eleven meetings, no decision", "plan", picture=photo),
                    pick("The last smokehouse", "smoke", layout="lead", picture=photo),
                    pick("Read it all here", "whole", whole_html=WHOLE, blurb="In full."),
                    pick("Ferry timetable changes", "ferry", blurb="06:55.", layout="brief"),
                    pick("Library fines are gone", "fines", layout="brief"),
                ),
                key=3,
            ),
        ),
        quote=QuoteView("I wanted a shift rota.", "Marit Holm, crane driver"),
        numbers=(("41", "days on strike"), ("61", "empty flats"), ("€7.40", "a bus ride")),
        appeal=AppealView(
            "We answer to readers",
            "You paid for this.",
            ("Give once", f"{SITE}/give/once"),
            ("$5 a month", f"{SITE}/give/monthly"),
            ("$50 a year", f"{SITE}/give/annual"),
            "Cards, bank transfer",
            "Ada Marsh",
            "You have already paid.",
        ),
        about="Owned by 900 of its readers.",
        corrections_address="corrections@courier.example",
        privacy_url=f"{SITE}/privacy",
    )
    return replace(view, **changes)


# The same issue with text of other scripts in headline, alt, subject, name and topper.
SCRIPTS = {
    "en": ("Dockers go back to work", "The Harbour Courier"),
    "de": ("Größere Züge für Köln: „Endlich“", "Der Hafenkurier für Übersee"),
    "ar": ("عمال الميناء يعودون بعد ٤١ يومًا", "بريد الميناء"),
    "fa": ("می‌خواهم بدانم: «چرا؟»", "نامهٔ بندر"),
    "th": ("ที่นี่มีน้ำท่วมหนัก", "ข่าวท่าเรือ"),
    "fr": ("Grève\u00a0: c’est fini\u202f!", "Le Courrier"),
    "en-emoji": ("👩‍👩‍👧 wins ❤️ and 1️⃣st place", "The ⚓️ Courier"),
}


def view_in(key: str) -> IssueView:
    """Return the issue with one script's words; `key` is one of SCRIPTS."""
    headline, name = SCRIPTS[key]
    picture = PictureView(f"{SITE}/p.jpg", headline, headline)
    lead = pick(headline, "lead", blurb=headline, kicker=headline, picture=picture, layout="lead")
    return full_view(
        language=key.removesuffix("-emoji"),
        subject=headline,
        newsletter=name,
        topper=TopperView(headline, name),
        lead=lead,
        why="",
    )


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates()


@pytest.fixture(scope="session")
def view() -> IssueView:
    return full_view()


@pytest.fixture(scope="session")
def make_view() -> Callable[..., IssueView]:
    return full_view


@pytest.fixture(scope="session")
def render(templates: Templates) -> Callable[..., Rendering]:
    """Return a function that sets a view in this process."""

    def rendered(view: IssueView, edition: str = "full", **more: Any) -> Rendering:
        return render_issue(
            view, edition=edition, templates=templates, compile_mjml=compile_mjml, **more
        )

    return rendered


@pytest.fixture(scope="session")
def rendering(render: Callable[..., Rendering], view: IssueView) -> Rendering:
    return render(view)


@pytest.fixture(scope="session", params=sorted(SCRIPTS))
def script_view(request: pytest.FixtureRequest) -> IssueView:
    return view_in(request.param)


@pytest.fixture(scope="session")
def reader() -> ReaderValues:
    return ReaderValues(
        {
            "unsubscribe_url": f"https://letters.example/u/{'t' * 40}?a=1&b=2",
            "view_url": "https://letters.example/v/abc",
            "remind_later_url": "https://letters.example/r/abc",
            "address": "zoe+news@example.net",
            "first_name": "Zoë O'Hara",
        }
    )


@pytest.fixture(scope="session")
def letterhead() -> Letterhead:
    return Letterhead(
        from_name="The Harbour Courier",
        from_address="letter@courier.example",
        list_name="Harbour Weekly",
        list_id="weekly.courier.example",
        feedback_id="47:weekly:issue:friday",
        reply_to="desk@courier.example",
        leave_address="leave@courier.example",
    )
