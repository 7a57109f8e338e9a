"""The notices of joining: confirm, you receive it already, welcome, and the link to the settings.

Plain text, and never a word that a visitor typed, nor a name. The notices of a guarded newsletter
do not say what it is called either.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from gettext import NullTranslations

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.mail_notices import ways_by_mail
from digest.correspondence.rhythm import when_it_comes
from digest.models import Subscriber, Subscription
from digest.outbox import NoticeText
from digest.tokens import Purpose

CONFIRM_WITHIN = timedelta(days=7)
OPEN_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where notices of one newsletter are written: in whose transaction, in whose name, when."""

    session: Session
    correspondent: Correspondent
    configured: NewsletterConfig
    now: datetime

    def link(self, path: str, token: str) -> str:
        """Return the address of a reader page, such as ``https://digest.courier.example/c/…``."""
        return f"{self.correspondent.site(self.session, self.configured)}/{path}/{token}"

    def words(self, language: str | None) -> NullTranslations:
        """Return what translates for a reader."""
        return self.correspondent.words(language, self.configured)

    def mail_address(self, verb: str, purpose: Purpose, public_id: str) -> str | None:
        """Return the address whose mail does what `purpose` says; None without a mailbox."""
        signed = self.correspondent.signer.sign_address(purpose, public_id)
        return self.correspondent.mail_address(self.configured, f"{verb}.{signed}")

    def write(
        self,
        kind: str,
        subscriber: Subscriber,
        text: NoticeText,
        key: str,
        reply_to: str | None = None,
    ) -> bool:
        """Put a notice into the outbox; False when one with this key was there."""
        return self.correspondent.write(
            self.session,
            self.configured,
            kind=kind,
            address=self.correspondent.sealer.open(subscriber.address_sealed),
            text=text,
            dedupe_key=key,
            now=self.now,
            reply_to=reply_to,
        )


def write_confirmation(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    """Ask the mailbox whether it wants this newsletter; one notice for each time it was asked
    for.
    """
    words = desk.words(subscription.language)
    token = desk.correspondent.signer.sign_until(
        Purpose.CONFIRM, subscription.public_id, desk.now + CONFIRM_WITHIN
    )
    reply_to = desk.mail_address("confirm", Purpose.CONFIRM_BY_MAIL, subscription.public_id)
    paragraphs = [
        _asked_for(words, desk.configured),
        words.gettext("To receive it, open this page and press the button:")
        + f"\n{desk.link('c', token)}",
    ]
    if reply_to is not None:
        paragraphs.append(words.gettext("Or simply answer this mail; the answer may be empty."))
    paragraphs.append(
        words.gettext(
            "The link works for seven days. If you did not ask for this, do nothing: nothing more"
            " is sent to you, and after 30 days we forget this address."
        )
    )
    text = _notice(words.gettext("Please confirm your subscription"), paragraphs)
    key = f"confirm-{subscription.id}-{subscription.joined_at:%Y%m%d%H%M%S%f}"
    return desk.write("confirm", subscriber, text, key, reply_to)


def _asked_for(words: NullTranslations, configured: NewsletterConfig) -> str:
    if configured.guarded:
        return words.gettext(
            "Somebody, most likely you, asked us to send a letter to this address once a week. It"
            " is free."
        )
    said = words.gettext(
        "Somebody, most likely you, asked for {name} at this address. It comes once a week and is"
        " free."
    )
    return said.format(name=configured.name)


def write_already(
    desk: Desk, subscriber: Subscriber, subscription: Subscription, asked_at: datetime
) -> bool:
    """Tell a reader who asked again that nothing is missing, and how to change what they get."""
    words = desk.words(subscription.language)
    paragraphs = [
        _already(words, desk.configured),
        _settings_paragraph(desk, words, subscriber),
        words.gettext("If you did not ask, do nothing: everything stays as it is."),
    ]
    text = _notice(words.gettext("You are subscribed already"), paragraphs)
    key = f"already-{subscription.id}-{asked_at:%Y%m%d%H%M%S%f}"
    return desk.write("already", subscriber, text, key)


def _already(words: NullTranslations, configured: NewsletterConfig) -> str:
    if configured.guarded:
        return words.gettext(
            "Somebody, most likely you, asked for this letter once more. You receive it already."
        )
    said = words.gettext(
        "Somebody, most likely you, asked for {name} once more. You receive it already."
    )
    return said.format(name=configured.name)


def _settings_paragraph(desk: Desk, words: NullTranslations, subscriber: Subscriber) -> str:
    token = desk.correspondent.signer.sign_until(
        Purpose.OPEN_SETTINGS, subscriber.public_id, desk.now + OPEN_WITHIN
    )
    said = words.gettext(
        "Here you see and change what we send you. The link works once, within an hour:"
    )
    return f"{said}\n{desk.link('s', token)}"


def write_settings_link(
    desk: Desk, subscriber: Subscriber, subscription: Subscription | None, asked_at: datetime
) -> bool:
    """Send a reader the link that opens their settings, and how to leave by mail what they asked
    about.
    """
    words = desk.words(subscription.language if subscription else None)
    paragraphs = [
        _settings_paragraph(desk, words, subscriber),
        *(_by_mail(desk, words, subscription) if subscription else []),
        words.gettext("If you did not ask, do nothing: the link went to this mailbox only."),
    ]
    text = _notice(words.gettext("The link to your settings"), paragraphs)
    key = f"settings-{subscriber.id}-{asked_at:%Y%m%d%H%M%S%f}"
    return desk.write("settings", subscriber, text, key)


def write_welcome(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    """Greet a new reader, once for each time they joined."""
    words = desk.words(subscription.language)
    language = subscription.language or desk.configured.language
    leave = desk.correspondent.signer.sign(Purpose.UNSUBSCRIBE, subscription.public_id)
    paragraphs = [
        _thanks(words, desk.configured),
        f"{when_it_comes(words, desk.configured, language)}.",
        words.gettext("To leave, to pause, or for a link to your settings:")
        + f"\n{desk.link('u', leave)}",
        *_by_mail(desk, words, subscription),
    ]
    text = _notice(words.gettext("Welcome"), paragraphs)
    key = f"welcome-{subscription.id}-{subscription.joined_at:%Y%m%d%H%M%S%f}"
    return desk.write("welcome", subscriber, text, key)


def _thanks(words: NullTranslations, configured: NewsletterConfig) -> str:
    if configured.guarded:
        return words.gettext("Your subscription is confirmed. Thank you for reading this letter.")
    said = words.gettext("Your subscription to {name} is confirmed. Thank you for reading us.")
    return said.format(name=configured.name)


def _by_mail(desk: Desk, words: NullTranslations, subscription: Subscription) -> list[str]:
    """Return how to leave and pause where pages do not open; nothing without a mailbox."""
    said = ways_by_mail(desk.correspondent, words, desk.configured, subscription.public_id)
    return [said] if said else []


def _notice(subject: str, paragraphs: list[str]) -> NoticeText:
    return NoticeText(subject, "\n\n".join(paragraphs) + "\n")
