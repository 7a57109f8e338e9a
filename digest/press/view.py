"""Freezes an issue into the values its templates see: read once, complete, no database behind
them.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.curation.cleaning import safe_html
from digest.curation.picks import list_picks
from digest.errors import Refused
from digest.models import Article, Issue, Layout, Newsletter, Pick, Section
from digest.rendering.view import (
    LOOKS,
    TYPEFACES,
    AppealView,
    IssueView,
    PickView,
    PictureView,
    QuoteView,
    SectionView,
    TopperView,
)


def freeze_view(
    session: Session, issue: Issue, configured: NewsletterConfig, *, today: date
) -> IssueView:
    """Return everything a template may show of an issue; Refused when it lacks subject or
    picks; a correction needs words instead of picks.

    `today` dates an extra, which has no slot to take its date from.
    """
    newsletter = session.get_one(Newsletter, issue.newsletter_id)
    rows = list_picks(session, issue.id)
    if not issue.subject.strip():
        raise Refused(f"number {issue.number} has no subject yet")
    if not rows and not (issue.corrects_id and _has_text(issue.topper)):
        raise Refused(f"number {issue.number} has no picks yet")
    lead = next((pick for _, pick, _ in rows if pick.layout is Layout.LEAD), None)
    return IssueView(
        newsletter=configured.name,
        language=configured.language,
        number=issue.number,
        public_id=issue.public_id,
        date=issue.slot_date or today,
        subject=issue.subject,
        preheader=issue.preheader,
        site_url=f"https://{configured.host}/",
        postal_address=configured.postal_address,
        why="",
        guarded=configured.guarded,
        topper=TopperView(**issue.topper) if _has_text(issue.topper) else None,
        lead=next((_pick_view(p, a) for _, p, a in rows if p is lead), None),
        sections=_sections(rows, lead),
        quote=QuoteView(**issue.quote) if _has_text(issue.quote) else None,
        numbers=tuple((figure, words) for figure, words in issue.numbers),
        privacy_url=configured.privacy_url or "",
        **_dressed(newsletter.furniture, configured, appeal=issue.appeal),
    )


def dress(view: IssueView, furniture: Mapping[str, Any], configured: NewsletterConfig) -> IssueView:
    """Return an issue in other furniture, its appeal included."""
    return replace(view, **_dressed(furniture, configured, appeal=True))


def _dressed(
    furniture: Mapping[str, Any], configured: NewsletterConfig, *, appeal: bool
) -> dict[str, Any]:
    return {
        "tagline": furniture["tagline"],
        "accent": furniture["accent"],
        "look": furniture.get("look", LOOKS[0]),
        "typeface": furniture.get("typeface", TYPEFACES[0]),
        "logo": _logo(furniture.get("logo"), configured.name),
        # Where to give, or to have given, may be a crime, copies do not speak of it.
        "appeal": _appeal(furniture["appeal"]) if appeal and not configured.guarded else None,
        "about": furniture["about"],
        "corrections_address": furniture["corrections_address"] or "",
    }


def _has_text(block: dict[str, Any]) -> bool:
    return bool(block.get("text", "").strip())


def _sections(
    rows: list[tuple[Section, Pick, Article]], lead: Pick | None
) -> tuple[SectionView, ...]:
    sections: dict[Section, list[PickView]] = {}
    for section, pick, article in rows:
        if pick is not lead:
            sections.setdefault(section, []).append(_pick_view(pick, article))
    return tuple(
        SectionView(section.heading, tuple(picks), section.id)
        for section, picks in sections.items()
    )


def _pick_view(pick: Pick, article: Article) -> PickView:
    return PickView(
        headline=pick.headline,
        url=article.url,
        blurb=pick.blurb,
        kicker=pick.kicker,
        byline=pick.byline,
        layout=pick.layout.value,
        picture=PictureView(pick.image_url, pick.image_alt, pick.image_credit)
        if pick.image_url
        else None,
        # Cleaned when it came in, and again here: whoever wrote it into the row.
        whole_html=safe_html(pick.body_html, article.url) if pick.body_html else "",
    )


def _logo(stored: dict[str, Any] | None, name: str) -> PictureView | None:
    if stored is None:
        return None
    return PictureView(stored["url"], name, width=stored["width"], height=stored["height"])


def _appeal(stored: dict[str, Any] | None) -> AppealView | None:
    if stored is None:
        return None
    links = {name: tuple(stored[name]) for name in ("once", "monthly", "annual")}
    return AppealView(**{**stored, **links})
