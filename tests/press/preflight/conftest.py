"""One issue that nothing is wrong with, and a way to spoil it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.config import NewsletterConfig
from digest.press.preflight.findings import Report
from digest.press.preflight.material import Material, set_out
from digest.press.preflight.rules import Rules
from digest.press.preflight.verdict import judge
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.furniture import Furniture, why_line
from digest.rendering.issue import render_issue
from digest.rendering.markers import Part
from digest.rendering.stored import Rendering
from digest.rendering.templates import Templates
from digest.rendering.view import (
    AppealView,
    IssueView,
    PickView,
    PictureView,
    SectionView,
    TopperView,
)

SITE = "https://courier.example"
NOW = datetime(2026, 11, 26, 15, tzinfo=UTC)
BLURB = "The deal gives nine per cent over two years and a rota that nobody asked the dockers for. "
NEWSLETTER = {
    "slug": "weekly",
    "name": "The Harbour Courier",
    "host": "letters.courier.example",
    "relay": "main",
    "sender": {"name": "The Harbour Courier", "address": "letters@courier.example"},
    "postal_address": "12 Quay Street, Harbour Town",
}
GUARDED = {
    **NEWSLETTER,
    "host": "mail.neutral.example",
    "sender": {"name": "Weekend reading", "address": "post@neutral.example"},
    "guarded": True,
    "guarded_names": ["Harbour"],
    "public_url": "https://pages.neutral.example",
}

Change = Callable[[str], str]


def a_pick(number: int, headline: str, **more: Any) -> PickView:
    return PickView(**{"headline": headline, "url": f"{SITE}/{number}", "blurb": BLURB * 3, **more})


PHOTO = PictureView(f"{SITE}/p.jpg", "Cranes at dawn over an empty quay", "Lena Fox")
LEAD = a_pick(1, "Dockers go back with what they asked for", picture=PHOTO, layout="lead")
PICKS = (
    a_pick(2, "Who owns sixty-one empty flats on the hill?"),
    a_pick(3, "Eleven meetings and no decision about the ferry"),
    a_pick(4, "The last smokehouse closes its doors", layout="brief"),
)
GOOD = IssueView(
    newsletter="The Harbour Courier",
    language="en-GB",
    number=47,
    date=date(2026, 11, 27),
    subject="Dockers go back to work",
    preheader="The strike is over, and thirty-eight pages say what was won and lost.",
    tagline="The week in our town",
    accent="#a4161a",
    site_url=f"{SITE}/",
    postal_address="12 Quay Street, Harbour Town",
    why="",
    topper=TopperView(BLURB * 4, "Ada Marsh, editor"),
    lead=LEAD,
    sections=(SectionView("City hall", PICKS, key=3),),
    quote=None,
    numbers=(),
    appeal=None,
    about="Owned by nine hundred of its readers.",
)


APPEAL = AppealView(
    "We answer to readers",
    "You paid for this.",
    ("Give once", f"{SITE}/give/once"),
    ("$5 a month", f"{SITE}/give/monthly"),
    ("$50 a year", f"{SITE}/give/annual"),
    thanks="You have already paid.",
)


@dataclass(frozen=True)
class Table:
    """Where issues are laid out and looked at."""

    templates: Templates
    site: str = SITE
    now: datetime = NOW
    appeal: AppealView = APPEAL

    def view(self, **changes: Any) -> IssueView:
        """Return an issue with nothing to find, but for the changes."""
        return replace(GOOD, **changes)

    def lead(self, **changes: Any) -> IssueView:
        """Return the issue with another lead."""
        return replace(GOOD, lead=replace(LEAD, **changes))

    def photo(self, **changes: Any) -> IssueView:
        """Return the issue with another picture."""
        return self.lead(picture=replace(PHOTO, **changes))

    def more(self, *picks: PickView) -> IssueView:
        """Return the issue with further picks."""
        return replace(GOOD, sections=(SectionView("City hall", (*PICKS, *picks), key=3),))

    def pick(self, number: int, headline: str, **more: Any) -> PickView:
        """Return a pick of the paper's."""
        return a_pick(number, headline, **more)

    def section(self, heading: str, key: int, *picks: PickView) -> SectionView:
        """Return a section."""
        return SectionView(heading, picks, key=key)

    def guarded(self, **changes: Any) -> Material:
        """Return the material of a guarded newsletter's issue."""
        plain = {"guarded": True, "lead": replace(LEAD, picture=None)}
        return self.lay(replace(GOOD, **{**plain, **changes}), newsletter=GUARDED)

    def lay(
        self,
        view: IssueView = GOOD,
        *,
        html: Change = str,
        text: Change = str,
        message: Change = str,
        newsletter: dict[str, Any] | None = None,
        rules: Rules | None = None,
        editions: tuple[str, ...] = ("full",),
        **known: Any,
    ) -> Material:
        """Return the material of an issue; `html`, `text` and `message` change what came out, and
        `known` are fields of the Material.
        """
        renderings = [
            replace(one, html=_changed(one.html, html), text=_changed(one.text, text))
            for one in (self.render(view, edition) for edition in editions)
        ]
        configured = NewsletterConfig.model_validate(newsletter or NEWSLETTER)
        words = Furniture(self.templates.catalogues.words(view.language), view.language)
        material = set_out(
            *(view, renderings, configured, rules or Rules()),
            why=why_line(view, words),
            now=NOW,
        )
        changed = tuple(
            replace(one, message=message(one.message.decode()).encode())
            for one in material.editions
        )
        return replace(material, editions=changed, **known)

    def render(self, view: IssueView = GOOD, edition: str = "full") -> Rendering:
        """Return one edition of an issue."""
        return render_issue(
            view, edition=edition, templates=self.templates, compile_mjml=compile_mjml
        )

    def judge(self, material: Material) -> Report:
        """Return the report on it."""
        return judge(material, version=1)

    def ids(self, material: Material) -> set[str]:
        """Return which checks found something, but for what our own templates are always told."""
        return {one.check for one in self.judge(material).findings} - {"type-small"}


def _changed(parts: tuple[Part, ...], change: Change) -> tuple[Part, ...]:
    return tuple(replace(part, text=change(part.text)) if part.text else part for part in parts)


@pytest.fixture(scope="session")
def table() -> Table:
    return Table(Templates())
