"""Amazon SES by way of SNS, the whole way: a message signed by a key of ours, its certificate
fetched over TLS from a server on loopback that stands for Amazon's, by the guarded fetch.
"""

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.app import App
from digest.delivery.feedback.sns import REGION, SnsPlaces
from digest.delivery.feedback.sns_certificates import SigningCertificates
from digest.models import SuppressionReason
from digest.testing.web import WebServer, answer, loopback_fetcher
from digest.web.hooks.hearing import TRAVEL
from digest.web.hooks.providers import SNS_TRIES, SesHook
from tests.delivery.feedback.ses_events import BOUNCE, COMPLAINT, MAIL
from tests.delivery.feedback.sns_messages import (
    HOST,
    OTHER_KEY,
    PATH,
    TOPIC,
    certificate,
    confirmation,
    notification,
    signed,
)
from tests.fetch.test_wire import Authority
from tests.web.hooks.conftest import NOW, SECRET, Hooked, Reader

CONFIRMED = f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425e"
NOBODY = Reader("nobody@example.net", "<x@y.example>", 0)


class Amazon(WebServer):
    """A server that calls itself ``sns.eu-west-1.amazonaws.com``, and shows its certificate for
    signing.
    """

    def __init__(self, authority: Authority) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.chain)
        super().__init__(context)
        self.trust = authority.trust
        self.open()

    def open(self) -> None:
        """Answer, and forget what was asked."""
        self.asked.clear()
        self.answers = {PATH: answer(body=certificate()), CONFIRMED: answer(body=b"<Confirm/>")}

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]

    def hook(self, _app: App) -> list[SesHook]:
        """Return the hook that speaks with this server in place of Amazon's."""
        tls = ssl.create_default_context(cadata=self.trust)
        fetcher = loopback_fetcher(tls=tls)
        # As in production, but for the port.
        places = SnsPlaces.at(rf"sns\.{REGION}\.amazonaws\.com:{self.port}")
        certificates = SigningCertificates(fetcher.get, _app.clock, places)
        relays, topics = frozenset({"crow"}), frozenset({TOPIC})
        return [SesHook(relays, topics, SECRET, certificates, fetcher.get, places)]

    def at(self, message: dict[str, Any]) -> dict[str, Any]:
        """Return a message of SNS with this server's port in its addresses."""
        text = json.dumps(message)
        return dict(json.loads(text.replace(f"https://{HOST}/", f"https://{HOST}:{self.port}/")))


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Amazon]:
    folder: Path = tmp_path_factory.mktemp("authority")
    server = Amazon(Authority(folder, HOST))
    yield server
    server.close()


@pytest.fixture(scope="module")
def heard(
    open_hooked: Callable[..., AbstractContextManager[Hooked]], amazon: Amazon
) -> Iterator[Hooked]:
    with open_hooked(readers=8, providers=amazon.hook) as opened:
        yield opened


def event(reader: Reader, of: dict[str, Any] = COMPLAINT) -> dict[str, Any]:
    headers = [{"name": "Message-ID", "value": reader.message_id}]
    mail = {
        **MAIL,
        "destination": [reader.address],
        "headers": headers,
        "commonHeaders": {"messageId": reader.message_id},
    }
    return json.loads(json.dumps({**of, "mail": mail}).replace("anna@example.org", reader.address))


def post(heard: Hooked, body: bytes, secret: str = SECRET) -> int:
    return heard.post(f"ses/{secret}", body, content_type="text/plain; charset=UTF-8")


def test_complaint_and_bounce_are_proved_by_one_fetched_certificate(
    heard: Hooked, amazon: Amazon
) -> None:
    complaining, gone = heard.reader("ses"), heard.reader("ses")
    complaint = amazon.at(notification(event(complaining), MessageId="1"))
    version_2 = {"MessageId": "2", "SignatureVersion": "2"}
    bounce = amazon.at(notification(event(gone, BOUNCE), **version_2))

    assert post(heard, signed(complaint)) == 200
    assert post(heard, signed(bounce)) == 200
    assert heard.reason(complaining) is SuppressionReason.COMPLAINED
    assert heard.reason(gone) is SuppressionReason.BOUNCED
    assert [one.found_by for one in heard.events()[-2:]] == ["message-id", "message-id"]
    assert amazon.paths == [PATH]


def test_same_message_again_changes_nothing(heard: Hooked, amazon: Amazon) -> None:
    body = signed(amazon.at(notification(event(heard.reader("ses")), MessageId="3")))
    assert post(heard, body) == 200
    before = len(heard.events())

    assert post(heard, body) == 200
    assert len(heard.events()) == before


def test_copy_of_another_relay_is_not_for_ses_to_speak_of(heard: Hooked, amazon: Amazon) -> None:
    reader = heard.reader("mailgun")

    assert post(heard, signed(amazon.at(notification(event(reader), MessageId="4")))) == 200
    assert heard.reason(reader) is None


def test_subscription_to_our_topic_is_confirmed(heard: Hooked, amazon: Amazon) -> None:
    amazon.open()

    assert post(heard, signed(amazon.at(confirmation()))) == 200
    assert CONFIRMED in amazon.paths


def test_confirmation_that_amazon_does_not_take_is_tried_again(
    heard: Hooked, amazon: Amazon
) -> None:
    amazon.open()
    amazon.answers[CONFIRMED] = answer(503)

    assert post(heard, signed(amazon.at(confirmation()))) == 500


@pytest.mark.parametrize("topic", [TOPIC.replace("123456789012", "666666666666"), f"{TOPIC}2"])
def test_topic_of_a_stranger_is_refused_though_amazon_signed_it(
    heard: Hooked, amazon: Amazon, topic: str
) -> None:
    """Anybody can point a topic of their own at our address."""
    amazon.open()
    reader = heard.reader("ses")

    told = signed(amazon.at(notification(event(reader), TopicArn=topic)))
    asked = signed(amazon.at(confirmation(TopicArn=topic)))

    assert [post(heard, told), post(heard, asked)] == [400, 400]
    assert heard.reason(reader) is None
    assert amazon.paths == []


def test_without_the_secret_nothing_is_fetched_or_told(heard: Hooked, amazon: Amazon) -> None:
    amazon.open()

    assert post(heard, signed(amazon.at(confirmation())), "guess") == 404
    assert amazon.paths == []


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"Timestamp": NOW - SNS_TRIES}, 200),
        ({"Timestamp": NOW - SNS_TRIES - TRAVEL - timedelta(seconds=1)}, 400),
        ({"Timestamp": NOW + TRAVEL + timedelta(seconds=1)}, 400),
        ({"SigningCertURL": f"https://sns.evil.example{PATH}"}, 400),
        ({"SigningCertURL": f"https://sns.eu-west-1.amazonaws.com.evil.example{PATH}"}, 400),
        ({"SigningCertURL": "http://127.0.0.1/SimpleNotificationService-12345678.pem"}, 400),
    ],
)
def test_other_time_or_other_certificate_is_refused(
    heard: Hooked, amazon: Amazon, changed: dict[str, Any], status: int
) -> None:
    values = {k: v if isinstance(v, str) else v.isoformat() for k, v in changed.items()}

    assert post(heard, signed(amazon.at(notification(event(NOBODY), **values)))) == status


def test_signature_of_another_key_is_refused(heard: Hooked, amazon: Amazon) -> None:
    reader = heard.reader("ses")

    assert post(heard, signed(amazon.at(notification(event(reader))), OTHER_KEY)) == 400
    assert heard.reason(reader) is None


@pytest.mark.parametrize("body", [b"", b"{}", b"[" * 200_000, b"\xff"], ids=len)
def test_what_is_no_message_of_sns_is_refused(heard: Hooked, body: bytes) -> None:
    assert post(heard, body) == 400


def test_confirmation_leads_nowhere_but_to_sns(heard: Hooked, amazon: Amazon) -> None:
    amazon.open()
    elsewhere = confirmation(SubscribeURL="https://evil.example/?Action=ConfirmSubscription&x=1")

    assert post(heard, signed(amazon.at(elsewhere))) == 400


def test_event_that_is_not_understood_is_kept(heard: Hooked, amazon: Amazon) -> None:
    before = len(heard.kept())

    assert post(heard, signed(amazon.at(notification({"eventType": "Boomerang"})))) == 200
    assert [kept.place for kept in heard.kept()[before:]] == ["ses"]


def test_end_of_a_subscription_is_heard(
    heard: Hooked, amazon: Amazon, caplog: pytest.LogCaptureFixture
) -> None:
    assert post(heard, signed(amazon.at(confirmation(Type="UnsubscribeConfirmation")))) == 200
    assert re.search("its subscription was ended", caplog.text)


def test_certificate_that_cannot_be_had_just_now_is_a_500(
    open_hooked: Callable[..., AbstractContextManager[Hooked]], amazon: Amazon
) -> None:
    amazon.answers = {}
    with open_hooked(readers=1, providers=amazon.hook) as opened:
        body = signed(amazon.at(notification(event(NOBODY))))

        assert post(opened, body) == 500
        amazon.open()
        assert post(opened, body) == 200
