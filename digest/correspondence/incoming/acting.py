"""Does what a letter asks, in the caller's transaction; the same letter twice changes nothing.

Answers go to the subscriber's own address, never to whoever From names, and at most one a day for
each thing that was asked, so that two machines cannot write to each other for ever.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.confirming import confirm_reader
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.incoming.commands import Asked, Command, understand
from digest.correspondence.incoming.letter import Letter
from digest.correspondence.limits import DAY, EVERYWHERE, HOUR
from digest.correspondence.mail_notices import leave_address, left_notice, paused_notice
from digest.curation.newsletters import find_newsletter
from digest.errors import NotFound, Refused
from digest.models import Newsletter, RequestKind, Subscriber, Subscription, SubscriptionState
from digest.outbox import NoticeText
from digest.subscribers import lifecycle, suppression
from digest.subscribers.addresses import parse_address
from digest.subscribers.door.limits import Limit, allow
from digest.subscribers.door.requests import Asked as Request
from digest.subscribers.door.requests import put_request

log = logging.getLogger(__name__)

ORIGIN = "letter"
MOST_OF_ONE = 5  # requests a day in the name of one address; more would change nothing
SAME_PAUSE = timedelta(days=1)  # a pause that would end so little later is there already


def act_on(session: Session, correspondent: Correspondent, letter: Letter, now: datetime) -> Asked:
    """Do what a letter asks, and return what that was; what no longer can be done is left."""
    command = understand(letter, correspondent.config.newsletters, correspondent.signer)
    asked = command.asked
    with suppress(NotFound, Refused):  # erased meanwhile, or in a state that cannot be left so
        asked = Acting(session, correspondent, now).do(command)
    log.info("a letter came", extra={"fields": {"asked": asked.value}})
    return asked


@dataclass(frozen=True, slots=True)
class Acting:
    """One letter's transaction."""

    session: Session
    correspondent: Correspondent
    now: datetime

    def do(self, command: Command) -> Asked:
        """Do what is asked, and return what that was; NotFound or Refused when there is nobody to
        do it for.
        """
        match command.asked:
            case Asked.LEAVE:
                self._leave(command.public_id)
            case Asked.PAUSE:
                self._pause(command.public_id, command.weeks)
            case Asked.CONFIRM:
                self._confirm(command.public_id)
            case Asked.JOIN:
                return self._request(RequestKind.JOIN, command)
            case Asked.WAYS:
                return self._request(RequestKind.SETTINGS, command)
            case _:
                pass
        return command.asked

    def _confirm(self, public_id: str) -> None:
        confirm_reader(self.session, self.correspondent, public_id, now=self.now, origin=ORIGIN)

    def _leave(self, public_id: str) -> None:
        left = lifecycle.leave(self.session, public_id, now=self.now, origin=ORIGIN)
        configured = self._newsletter_of(left)
        if configured is not None:
            join = configured.signup.open or None
            back = join and self.correspondent.mail_address(configured, f"join.{configured.slug}")
            words = self.correspondent.words(left.language, configured)
            self._answer(left, configured, "left", left_notice(words, back))

    def _pause(self, public_id: str, weeks: int) -> None:
        found = lifecycle.take_subscription(self.session, public_id)
        until = self.now + timedelta(weeks=weeks)
        there = found.state is SubscriptionState.PAUSED and found.paused_until
        if not there or not until - SAME_PAUSE <= there <= until:
            lifecycle.pause(self.session, public_id, until=until, now=self.now, origin=ORIGIN)
        configured = self._newsletter_of(found)
        if configured is not None:
            words = self.correspondent.words(found.language, configured)
            language = found.language or configured.language
            leave = leave_address(self.correspondent, configured, public_id)
            text = paused_notice(words, language, found.paused_until or until, leave)
            self._answer(found, configured, "paused", text)

    def _request(self, kind: RequestKind, command: Command) -> Asked:
        """Keep a request as a public form does: who answers it knows how many letters one address
        may get. Here alone: so many from one address, and from all together.
        """
        sealer = self.correspondent.sealer
        sender = sealer.index(parse_address(command.address).mailbox)
        of_sender = Limit("letter-from", MOST_OF_ONE, DAY)
        of_all = Limit("letters-in", self.correspondent.config.limits.all_per_hour, HOUR)
        reached = allow(self.session, [(of_sender, sender), (of_all, EVERYWHERE)], self.now)
        if reached is not None:
            return Asked.TOO_MANY if reached == of_all else command.asked
        for slug in command.slugs:
            newsletter_id = find_newsletter(self.session, slug).id
            asked = Request(kind, newsletter_id, command.address, ORIGIN)
            put_request(self.session, sealer, asked, self.now)
        return command.asked

    def _newsletter_of(self, subscription: Subscription) -> NewsletterConfig | None:
        """Return the newsletter as configured; None for one that is configured no more."""
        slug = self.session.get_one(Newsletter, subscription.newsletter_id).slug
        known = self.correspondent.config.newsletters
        return next((each for each in known if each.slug == slug), None)

    def _answer(
        self, subscription: Subscription, configured: NewsletterConfig, kind: str, text: NoticeText
    ) -> None:
        """Write to the subscriber, unless their address must not be written to."""
        sealer = self.correspondent.sealer
        subscriber = self.session.get_one(Subscriber, subscription.subscriber_id)
        address = sealer.open(subscriber.address_sealed)
        if suppression.is_suppressed(self.session, sealer, address):
            return
        self.correspondent.write(
            self.session,
            configured,
            kind=f"{kind}-by-mail",
            address=address,
            text=text,
            dedupe_key=f"{kind} by mail {subscription.public_id} {self.now:%Y-%m-%d}",
            now=self.now,
        )
