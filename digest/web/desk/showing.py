"""What a preview is asked to show: which edition, on what, and as whose copy; read from an address.

Whatever the address says, it means something: what there is not is passed over. Pure.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from digest.blocks import APPEAL, FULL, THANKS, WHOLE_TEXTS
from digest.rendering.personalise import left_out
from digest.rendering.stored import OFFLINE, Rendering
from digest.rendering.written import locale_of

LOOKS = {"desktop": "Desktop", "phone": "Phone", "dark": "Dark", "text": "Text"}
EDITION_NAMES = {FULL: "Whole edition", "headlines": "Headlines", OFFLINE: "Offline file"}
ASKED, THANKED, ALONE = "asked", "thanked", "alone"
APPEALS = {ASKED: "is asked to give", THANKED: "is a supporter", ALONE: "is not asked for now"}
READS_NO_MORE = timedelta(days=1)  # any moment that is yet to come


@dataclass(frozen=True, slots=True)
class Showing:
    """One way to look at an issue."""

    edition: str = FULL
    look: str = "desktop"
    language: str = ""
    appeal: str = ASKED
    without: tuple[str, ...] = ()  # blocks that the reader does without

    @property
    def is_text(self) -> bool:
        """Whether the text part is shown."""
        return self.look == "text" and self.edition != OFFLINE

    @property
    def as_somebody(self) -> bool:
        """Whether the copy is that of a reader with wishes."""
        return self.appeal != ASKED or bool(self.without)

    @property
    def query(self) -> str:
        """Return this as the query of an address; what is usual is left out."""
        pairs = [
            *(("edition", self.edition), ("look", self.look)),
            *((("language", self.language),) if self.language else ()),
            *((("appeal", self.appeal),) if self.appeal != ASKED else ()),
            *(("without", block) for block in self.without),
        ]
        return urlencode(pairs)

    def but(self, **changes: str) -> str:
        """Return the query of the same with something else."""
        return replace(self, **changes).query  # type: ignore[arg-type]

    def hidden(self, now: datetime) -> frozenset[str]:
        """Return the blocks that the copy leaves out, as for a reader who chose this."""
        soon = now + READS_NO_MORE
        return left_out(
            Wishes(
                supports_until=soon if self.appeal == THANKED else None,
                appeal_hidden_until=soon if self.appeal == ALONE else None,
                hidden_blocks=self.without,
            ),
            now,
        )


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a reader might have chosen."""

    supports_until: datetime | None
    appeal_hidden_until: datetime | None
    hidden_blocks: Collection[str]


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from, in an issue as it was rendered."""

    editions: Mapping[str, str] = field(default_factory=dict)  # names by word
    languages: Mapping[str, str] = field(default_factory=dict)  # names by tag
    blocks: Mapping[str, str] = field(default_factory=dict)  # what readers call them, by block
    appeals: Mapping[str, str] = field(default_factory=dict)


def offer_of(
    editions: Sequence[str], renderings: Sequence[Rendering], headings: Mapping[str, str]
) -> Offer:
    """Return what there is of an issue: its editions, and what the renderings of the one that is
    asked for have. `headings` are those of sections, by block.
    """
    there = {block for one in renderings for part in one.html for block in part.blocks}
    named = {**headings, WHOLE_TEXTS: "Whole articles"}
    return Offer(
        editions={edition: EDITION_NAMES.get(edition, edition) for edition in editions},
        languages={one.language: _language(one.language) for one in renderings},
        blocks={block: name for block, name in named.items() if block in there},
        appeals=APPEALS if there & {APPEAL, THANKS} else {},
    )


def _language(tag: str) -> str:
    locale = locale_of(tag)
    way = "right to left" if locale.text_direction == "rtl" else "left to right"
    return f"{locale.get_display_name('en')}, {way}"


def read_showing(asked: QueryParams, offer: Offer) -> Showing:
    """Return what an address asks for, of what there is."""
    chosen = {name: asked.get(name, "") for name in ("edition", "look", "language", "appeal")}
    return Showing(
        edition=chosen["edition"] if chosen["edition"] in offer.editions else FULL,
        look=chosen["look"] if chosen["look"] in LOOKS else "desktop",
        language=chosen["language"] if chosen["language"] in offer.languages else "",
        appeal=chosen["appeal"] if chosen["appeal"] in offer.appeals else ASKED,
        without=tuple(block for block in offer.blocks if block in asked.getlist("without")),
    )


def in_language(renderings: Sequence[Rendering], language: str) -> Rendering | None:
    """Return the rendering in a language, the first where none is named."""
    return next((one for one in renderings if language in ("", one.language)), None)
