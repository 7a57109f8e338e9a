"""What a template sees of an issue: frozen values, complete and already judged.

The press room makes these from the database once, at approval; nothing in rendering looks anything
up. All text is plain (templates escape it), all URLs are absolute and checked for their scheme.
"""

from dataclasses import dataclass
from datetime import date

from digest.mirrors import Mirrored, is_mirror_slot

# Slots: what differs per reader, or is chosen when the audience is frozen. The names are part of
# the approved hash.
SLOTS = ("unsubscribe_url", "view_url", "remind_later_url", "address", "first_name")
LOOKS = ("front-page", "quiet-letter", "text-first")
TYPEFACES = ("serif", "sans")  # of headlines


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture with everything a mail must say about it; `width` and `height` in pixels, 0 when
    unknown.
    """

    url: str
    alt: str
    credit: str = ""
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class PickView:
    """One story as the editor wants it shown."""

    headline: str
    url: str
    blurb: str = ""
    kicker: str = ""
    byline: str = ""
    layout: str = "column"  # lead, column or brief
    picture: PictureView | None = None
    whole_html: str = ""  # the whole article, cleaned; empty: only the blurb is shown


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading and its stories, in order; never empty."""

    heading: str
    picks: tuple[PickView, ...]
    key: int = 0  # names its block


@dataclass(frozen=True, slots=True)
class TopperView:
    """The opening note and who signs it."""

    text: str
    signed: str = ""


@dataclass(frozen=True, slots=True)
class QuoteView:
    """A sentence worth setting large, and who said it."""

    text: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class AppealView:
    """The publisher's message: three ways to give, each a label and a URL."""

    heading: str
    text: str
    once: tuple[str, str]
    monthly: tuple[str, str]
    annual: tuple[str, str]
    payment_line: str = ""
    signed: str = ""
    thanks: str = ""  # what members read in its place; empty: nothing


@dataclass(frozen=True, slots=True)
class IssueView:
    """One issue of one newsletter, ready to be set."""

    newsletter: str
    language: str  # BCP 47
    number: int
    date: date
    subject: str
    preheader: str
    tagline: str
    accent: str  # #rrggbb
    site_url: str
    postal_address: str
    why: str  # why the reader gets this, without the address
    topper: TopperView | None
    lead: PickView | None
    sections: tuple[SectionView, ...]
    quote: QuoteView | None
    numbers: tuple[tuple[str, str], ...]
    appeal: AppealView | None
    about: str = ""
    corrections_address: str = ""
    privacy_url: str = ""
    look: str = "front-page"  # one of LOOKS
    typeface: str = "serif"  # one of TYPEFACES
    logo: PictureView | None = None  # stands for the name at the head
    guarded: bool = False  # the copy must not show what it is, nor whom it went to
    public_id: str = ""  # names its page, where it has one
    mirrors: tuple[Mirrored, ...] = ()  # the addresses that its links may lead by


def is_slot(name: str) -> bool:
    """Return whether a slot may be called that: one of SLOTS, or a mirror's."""
    return name in SLOTS or is_mirror_slot(name)
