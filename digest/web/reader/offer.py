"""One newsletter as its sign-up page shows it."""

import time
from dataclasses import dataclass
from gettext import NullTranslations

from fastapi import Response
from fastapi.concurrency import run_in_threadpool

from digest.app import App
from digest.config import NewsletterConfig
from digest.correspondence.terms import Terms, terms_of
from digest.curation.issues import find_latest
from digest.curation.newsletters import find_newsletter
from digest.errors import NotFound
from digest.web.pages import Masthead, Pages, find_masthead

RECENT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Offer:
    """What is offered, and under which terms."""

    configured: NewsletterConfig
    newsletter_id: int
    masthead: Masthead
    furniture: dict[str, object]
    terms: Terms
    words: NullTranslations

    @property
    def stamped(self) -> str:
        """Return what a form's stamp is about: this newsletter under exactly these terms."""
        return f"{self.configured.slug} {self.terms.digest}"

    @property
    def policy_link(self) -> str:
        """Return where the privacy policy stands; empty when there is none."""
        if self.configured.privacy_file is not None:
            return f"{self.masthead.root}/n/{self.configured.slug}/privacy"
        return self.configured.privacy_url or ""

    @property
    def advice(self) -> str:
        """Return the advice about mailboxes; empty where none is needed."""
        signup = self.configured.signup
        if not self.configured.guarded and not signup.watched_providers:
            return ""
        return signup.advice or self.words.gettext(
            "If it could harm you to be known as a reader, use a mailbox that nobody near you can"
            " open: not one of your employer or school, and not one of a provider in a country"
            " whose courts you fear."
        )


def find_offer(instance: App, pages: Pages, slug: str) -> Offer:
    """Return a newsletter as configured and as its editors describe it; NotFound when there is
    none of that slug, ConfigError when its privacy policy cannot be read.
    """
    config = instance.config
    configured = next((each for each in config.newsletters if each.slug == slug), None)
    if configured is None:
        raise NotFound("no such newsletter")
    with instance.db.read() as session:
        row = find_newsletter(session, slug)
        masthead = find_masthead(session, config, row.id)
    words = pages.words(masthead.language)
    return Offer(
        configured,
        row.id,
        masthead,
        row.furniture,
        terms_of(words, configured),
        words,
    )


class Offers:
    """What is offered, as it was within the last second, and the page for whoever has asked for it,
    the same for all: for forms that come by the hundred.
    """

    def __init__(self, instance: App, pages: Pages) -> None:
        self._instance = instance
        self._pages = pages
        self._recent: dict[str, tuple[float, Offer, Response]] = {}

    async def find(self, slug: str) -> tuple[Offer, Response]:
        """Return both; raises what `find_offer` raises."""
        recent = self._recent.get(slug)
        if recent is None or recent[0] < time.monotonic():
            recent = self._recent[slug] = await run_in_threadpool(self._find, slug)
        _, offer, done = recent
        return offer, done

    def _find(self, slug: str) -> tuple[float, Offer, Response]:
        offer = find_offer(self._instance, self._pages, slug)
        done = self._pages.show("signup_done.html", offer.masthead)
        return time.monotonic() + RECENT_SECONDS, offer, done


def find_preview(instance: App, offer: Offer) -> str:
    """Return the public id of the latest issue; empty when there is none."""
    with instance.db.read() as session:
        latest = find_latest(session, offer.newsletter_id)
    return latest.public_id if latest else ""
