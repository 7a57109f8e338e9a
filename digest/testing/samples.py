"""A whole issue in English, Russian and Arabic, for whoever must judge how a mail looks or reads.

Twelve articles and every block a mail can have, with pictures of our own (`sample_picture`). The
words stand in ``content/<language>.toml``; nothing here touches the database, network or clock.
"""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from digest.demo.newsroom import CONTENT
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import Rendering, render_issue
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

LANGUAGES = ("en", "ru", "ar")
SITE = "https://courier.example"
CREDITS = {
    "en": "Illustration: The Harbour Courier",
    "ru": "Иллюстрация: «Портовый вестник»",
    "ar": "رسم: بريد الميناء",
}
FIRST_NAMES = {"en": "Zoë", "ru": "Зоя", "ar": "زهرة"}


def sample_view(language: str = "en", look: str = "front-page") -> IssueView:
    """Return the sample issue; `language` is one of LANGUAGES, `look` one of `view.LOOKS`."""
    words = _words(language)
    return IssueView(
        language=language,
        look=look,
        number=47,
        date=date(2026, 11, 27),
        site_url=SITE,
        topper=TopperView(words["topper"]["text"].strip(), words["topper"]["signed"]),
        lead=_pick({**words["lead"], "layout": "lead"}, language),
        sections=tuple(
            SectionView(
                section["heading"], tuple(_pick(p, language) for p in section["picks"]), key=key
            )
            for key, section in enumerate(words["sections"], start=1)
        ),
        quote=QuoteView(**words["quote"]),
        numbers=tuple((figure, meaning) for figure, meaning in words["numbers"]),
        appeal=_appeal(words["appeal"]),
        corrections_address="corrections@courier.example",
        privacy_url=f"{SITE}/privacy",
        **{name: words[name] for name in PLAIN},
    )


PLAIN = (
    *("newsletter", "accent", "subject", "preheader", "tagline"),
    *("postal_address", "why", "about"),
)


def render_sample(
    language: str = "en", look: str = "front-page", *, edition: str = "full"
) -> Rendering:
    """Return the sample issue set with the shipped templates, compiled in this process."""
    return render_issue(
        sample_view(language, look),
        edition=edition,
        templates=Templates(),
        compile_mjml=compile_mjml,
    )


def sample_reader(language: str = "en", *, without: frozenset[str] = frozenset()) -> ReaderValues:
    """Return a reader's values for the sample; `without` names the blocks this reader lacks."""
    letters = "https://letters.courier.example"
    return ReaderValues(
        {
            "unsubscribe_url": f"{letters}/leave/{'k3VbX9' * 12}",
            "view_url": f"{letters}/copy/{'Zp7aQ2' * 12}",
            "remind_later_url": f"{letters}/later/{'Lm4cR8' * 12}",
            "address": "zoe.marlowe@example.org",
            "first_name": FIRST_NAMES[language],
        },
        without,
    )


def sample_picture(url: str) -> bytes | None:
    """Return the JPEG that stands at a picture's address in the sample, or None."""
    name = url.removeprefix(f"{SITE}/pictures/").removesuffix(".jpg")
    path = CONTENT / "pictures" / f"{name}.jpg"
    return path.read_bytes() if path.parent == CONTENT / "pictures" and path.is_file() else None


@cache
def _words(language: str) -> dict[str, Any]:
    content = files("digest.testing") / "content" / f"{language}.toml"
    return tomllib.loads(content.read_text("utf-8"))


def _pick(entry: dict[str, str], language: str) -> PickView:
    picture = None
    if name := entry.get("picture"):
        credit = CREDITS[language] if entry.get("layout") == "lead" else ""
        url = f"{SITE}/pictures/{name}.jpg"
        picture = PictureView(url, entry["alt"], credit, 1200, 800)
    return PickView(
        headline=entry["headline"],
        url=f"{SITE}/articles/{entry['path']}",
        blurb=entry.get("blurb", ""),
        kicker=entry.get("kicker", ""),
        byline=entry.get("byline", ""),
        layout=entry.get("layout", "column"),
        picture=picture,
        whole_html=entry.get("whole", "").strip().replace("\n", ""),
    )


def _appeal(words: dict[str, str]) -> AppealView:
    ways = {way: (words[way], f"{SITE}/support/{way}") for way in ("once", "monthly", "annual")}
    return AppealView(**{**words, **ways})  # type: ignore[arg-type]
