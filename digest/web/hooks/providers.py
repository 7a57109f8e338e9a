"""The providers: how each proves that a request is its own, and which parser reads it then."""

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.mailgun import parse_mailgun, verified_token
from digest.delivery.feedback.postmark import parse_postmark, verify_basic_auth
from digest.delivery.feedback.records import NotUnderstood
from digest.delivery.feedback.sendgrid import parse_sendgrid, verified_time
from digest.delivery.feedback.ses import parse_ses
from digest.delivery.feedback.sns import AMAZON, SnsMessage, SnsPlaces, is_signed, read_sns
from digest.delivery.feedback.sns_certificates import SigningCertificates
from digest.errors import BadInput
from digest.fetch import Fetched
from digest.web.hooks.hearing import Heard, Hook, NotGenuine, Posted, check_time

log = logging.getLogger(__name__)

# How long each goes on trying after an answer of 500, as its documentation says.
MAILGUN_TRIES = timedelta(hours=8)
SENDGRID_TRIES = timedelta(hours=24)
SNS_TRIES = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PostmarkHook(Hook):
    """Postmark, which logs in and signs nothing."""

    provider: ClassVar[str] = "postmark"
    path: ClassVar[str] = "postmark"
    username: str
    password: str = field(repr=False)

    def hear(self, posted: Posted) -> Heard:
        """Return what a request tells; see `Hook.hear`."""
        if not verify_basic_auth(posted.headers.get("authorization"), self.username, self.password):
            raise NotGenuine("not the agreed name and password")
        return _read(posted.body, parse_postmark)


@dataclass(frozen=True, slots=True)
class MailgunHook(Hook):
    """Mailgun, whose signature covers a token and not the event: each counts once."""

    provider: ClassVar[str] = "mailgun"
    path: ClassVar[str] = "mailgun"
    signing_key: str = field(repr=False)

    def hear(self, posted: Posted) -> Heard:
        """Return what a request tells; see `Hook.hear`."""
        verified = verified_token(posted.body, self.signing_key)
        if verified is None:
            raise NotGenuine("not signed with our key")
        token, signed_at = verified
        check_time(signed_at, posted.now, tried_for=MAILGUN_TRIES)
        heard = _read(posted.body, parse_mailgun)
        return Heard(heard.told, heard.odd, token)


@dataclass(frozen=True, slots=True)
class SendgridHook(Hook):
    """SendGrid, which signs time and body with its own key."""

    provider: ClassVar[str] = "sendgrid"
    path: ClassVar[str] = "sendgrid"
    public_key: EllipticCurvePublicKey

    def hear(self, posted: Posted) -> Heard:
        """Return what a request tells; see `Hook.hear`."""
        signed_at = verified_time(
            posted.body,
            posted.headers.get("x-twilio-email-event-webhook-signature"),
            posted.headers.get("x-twilio-email-event-webhook-timestamp"),
            self.public_key,
        )
        if signed_at is None:
            raise NotGenuine("not signed with the key we know")
        check_time(signed_at, posted.now, tried_for=SENDGRID_TRIES)
        try:
            told, odd = parse_sendgrid(posted.body)
        except BadInput as error:
            return Heard(odd=[NotUnderstood(str(error), posted.body)])
        return Heard(told, odd)


@dataclass(frozen=True, slots=True)
class SesHook(Hook):
    """Amazon SES by way of SNS, which signs for everybody: the secret comes first, then the topic,
    then the signature, so that a stranger cannot make us fetch anything.
    """

    provider: ClassVar[str] = "ses"
    path: ClassVar[str] = "ses/{secret}"
    topics: frozenset[str]
    secret: str = field(repr=False)
    certificates: SigningCertificates
    fetch: Callable[[str], Fetched]
    places: SnsPlaces = AMAZON

    def knows(self, secret: str) -> bool:
        """Whether a path ends in our secret, compared in constant time."""
        return bool(self.secret) and hmac.compare_digest(secret.encode(), self.secret.encode())

    def hear(self, posted: Posted) -> Heard:
        """Return what a request tells, and confirm a subscription that is ours; see `Hook.hear`."""
        if not self.knows(posted.secret):
            raise NotGenuine("not our secret")
        message = self._verified(posted)
        if message.kind == "Notification":
            return _read(posted.body, lambda _body: parse_ses(message.content, message.id))
        if message.kind == "SubscriptionConfirmation":
            self._confirm(message)
        else:
            log.warning("hooks: ses: a topic tells us nothing any more: its subscription was ended")
        return Heard()

    def _verified(self, posted: Posted) -> SnsMessage:
        try:
            message = read_sns(posted.body)
            if message.topic not in self.topics:
                raise NotGenuine("of a topic that is not listed")
            check_time(message.at, posted.now, tried_for=SNS_TRIES)
            certificate = self.certificates.get(message.certificate_url)
        except BadInput as error:
            raise NotGenuine(str(error)) from None
        if not is_signed(message, certificate):
            raise NotGenuine("not signed by Amazon SNS")
        return message

    def _confirm(self, message: SnsMessage) -> None:
        """Tell SNS that this topic's messages are wanted: a GET of the address it gave."""
        if not self.places.confirmation.fullmatch(message.subscribe_url):
            raise NotGenuine("SubscribeURL: no address of Amazon SNS")
        self.fetch(message.subscribe_url)
        log.info("hooks: ses: the subscription to a topic is confirmed")


def _read(body: bytes, parse: Callable[[bytes], list[Feedback]]) -> Heard:
    """Return what a genuine request tells; one that is not understood is kept whole."""
    try:
        return Heard(parse(body))
    except BadInput as error:
        return Heard(odd=[NotUnderstood(str(error), body)])
