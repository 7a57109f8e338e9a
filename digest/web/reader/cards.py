"""What the opened settings show: one reader's own choices, newsletter by newsletter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from gettext import NullTranslations
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from digest.blocks import WHOLE_TEXTS, section_block
from digest.config import Config, NewsletterConfig
from digest.correspondence.terms import terms_of
from digest.curation.newsletters import find_newsletter, list_sections
from digest.errors import ConfigError, NotFound
from digest.models import Newsletter, Subscriber, Subscription, SubscriptionState
from digest.subscribers.person import list_own
from digest.web.reader.days import Days, days_to_choose

ACTIVE, PAUSED = SubscriptionState.ACTIVE, SubscriptionState.PAUSED


@dataclass(frozen=True, slots=True)
class Part:
    """A section, or the whole articles, and whether the reader wants it."""

    block: str
    heading: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One newsletter as a reader has it. `appeal` is None where nothing about money is kept or
    asked; `until` is the day the pause, `appeal_until` the day the rest from the appeal is over.
    """

    slug: str
    name: str
    name_language: str
    is_theirs: bool
    is_open: bool  # to be joined from here
    terms: str = ""  # what one agrees to by joining
    policy_link: str = ""
    edition: str = "full"
    parts: Sequence[Part] = ()
    whole_texts: bool = True
    until: date | None = None
    days: Days | None = None
    appeal: Literal["asked", "later", "thanked"] | None = None
    appeal_until: date | None = None


def list_cards(
    session: Session,
    config: Config,
    subscriber: Subscriber,
    words: NullTranslations,
    now: datetime,
) -> list[Card]:
    """Return every newsletter a reader has or may join, in the order of the configuration.

    A guarded newsletter is not shown to those who never had it.
    """
    own = {each.newsletter_id: each for each in list_own(session, subscriber.id)}
    cards = []
    for configured in config.newsletters:
        newsletter = _find(session, configured.slug)
        if newsletter is None:
            continue
        subscription = own.get(newsletter.id)
        if subscription is not None and subscription.state in {ACTIVE, PAUSED}:
            cards.append(_own_card(session, configured, newsletter, subscription, now))
        elif subscription is not None or not configured.guarded:
            cards.append(_card(configured, words))
    return cards


def _find(session: Session, slug: str) -> Newsletter | None:
    try:
        return find_newsletter(session, slug)
    except NotFound:  # configured, and not set up yet
        return None


def _card(configured: NewsletterConfig, words: NullTranslations) -> Card:
    try:
        terms = terms_of(words, configured).wording
    except ConfigError:  # its policy cannot be read, so nobody can agree to it
        terms = ""
    return Card(
        slug=configured.slug,
        name=configured.name,
        name_language=configured.language,
        is_theirs=False,
        is_open=configured.signup.open and bool(terms),
        terms=terms,
        policy_link=_policy_link(configured),
    )


def _policy_link(configured: NewsletterConfig) -> str:
    """Return where the privacy policy stands, seen from the settings; empty when there is none."""
    if configured.privacy_file is not None:
        return f"../n/{configured.slug}/privacy"
    return configured.privacy_url or ""


def _own_card(
    session: Session,
    configured: NewsletterConfig,
    newsletter: Newsletter,
    subscription: Subscription,
    now: datetime,
) -> Card:
    zone = subscription.timezone or configured.schedule.timezone
    hidden = set(subscription.hidden_blocks or ())
    paused = subscription.state is PAUSED and _is_to_come(subscription.paused_until, now)
    appeal, rests = _appeal(configured, newsletter.furniture, subscription, now)
    return Card(
        slug=configured.slug,
        name=configured.name,
        name_language=configured.language,
        is_theirs=True,
        is_open=False,
        edition=subscription.edition,
        parts=[
            Part(block := section_block(section.id), section.heading, block not in hidden)
            for section in list_sections(session, newsletter.id)
        ],
        whole_texts=WHOLE_TEXTS not in hidden,
        until=_day(subscription.paused_until, zone) if paused else None,
        days=days_to_choose(now, zone),
        appeal=appeal,
        appeal_until=_day(rests, zone),
    )


def _appeal(
    configured: NewsletterConfig,
    furniture: Mapping[str, object],
    subscription: Subscription,
    now: datetime,
) -> tuple[Literal["asked", "later", "thanked"] | None, datetime | None]:
    if configured.guarded or not furniture.get("appeal"):
        return None, None
    if _is_to_come(subscription.supports_until, now):
        return "thanked", subscription.supports_until
    if _is_to_come(subscription.appeal_hidden_until, now):
        return "later", subscription.appeal_hidden_until
    return "asked", None


def _is_to_come(at: datetime | None, now: datetime) -> bool:
    return at is not None and at > now


def _day(at: datetime | None, zone: str) -> date | None:
    return at.astimezone(ZoneInfo(zone)).date() if at else None
