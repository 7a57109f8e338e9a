"""Who signed a message of SNS: forged ones, forged certificates, and where those may lie."""

import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from digest.clock import FixedClock
from digest.delivery.feedback.sns import AMAZON, is_signed, load_certificate, read_sns
from digest.delivery.feedback.sns_certificates import SigningCertificates
from digest.errors import BadInput, FetchFailed
from digest.fetch import Fetched
from tests.delivery.feedback.sns_messages import (
    HOST,
    NOW,
    OTHER_KEY,
    PATH,
    TOPIC,
    certificate,
    confirmation,
    notification,
    signed,
)

URL = f"https://{HOST}{PATH}"
SMALL_KEY = rsa.generate_private_key(65537, 1024)  # noqa: S505  # refused, that is the point


def genuine(body: bytes) -> bool:
    return is_signed(read_sns(body), load_certificate(certificate(), NOW))


def altered(body: bytes, **changed: Any) -> bytes:
    return json.dumps({**json.loads(body), **changed}).encode()


@pytest.mark.parametrize("version", ["1", "2"])
def test_signature_of_either_version_is_believed(version: str) -> None:
    assert genuine(signed(notification("hello\nÄ", SignatureVersion=version)))
    assert genuine(signed(confirmation(SignatureVersion=version)))


def test_message_without_a_subject_is_signed_without_it() -> None:
    message = notification("hello")
    del message["Subject"]

    assert genuine(signed(message))
    assert genuine(altered(signed(message), Subject=None))


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": "bye"},
        {"MessageId": "1"},
        {"Subject": "Other"},
        {"Subject": None},
        {"TopicArn": f"{TOPIC}2"},
        {"Timestamp": "2026-11-27T07:00:08.000Z"},
        {"SignatureVersion": "2"},
        {"Signature": "AAAA"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_anything_altered_is_not_signed(changed: dict[str, Any]) -> None:
    assert not genuine(altered(signed(notification("hello")), **changed))


def test_confirmation_cannot_be_led_elsewhere() -> None:
    elsewhere = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn=other&Token=1"

    assert not genuine(altered(signed(confirmation()), SubscribeURL=elsewhere))


def test_another_key_is_not_the_certificates() -> None:
    assert not genuine(signed(notification("hello"), OTHER_KEY))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"Type": "Newsletter"}, "Type"),
        ({"SignatureVersion": "3"}, "SignatureVersion"),
        ({"Signature": "?"}, "Signature"),
        ({"Message": None}, "Message"),
        ({"Message": "x" * 300_001}, "Message"),
        ({"Message": "\ud800"}, "Message"),
        ({"Subject": 7}, "Subject"),
        ({"Timestamp": "soon"}, "Timestamp"),
        ({"TopicArn": None}, "TopicArn"),
        ({"SigningCertURL": None}, "SigningCertURL"),
    ],
)
def test_wrong_field_is_named(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput, match=f"^ses: {field}: "):
        read_sns(altered(signed(notification("hello")), **changed))


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"no certificate", "cannot be read"),
        (certificate("sns.amazonaws.com.evil.example"), "not of Amazon SNS"),
        (certificate("evil-sns.amazonaws.com"), "not of Amazon SNS"),
        (certificate("s3.amazonaws.com"), "not of Amazon SNS"),
        (certificate(until=NOW - timedelta(seconds=1)), "does not hold now"),
        (certificate(since=NOW + timedelta(seconds=1)), "does not hold now"),
        (certificate(key=SMALL_KEY), "no RSA key of 2048 bits"),
        (certificate(key=ec.generate_private_key(ec.SECP256R1())), "no RSA key of 2048 bits"),
    ],
)
def test_other_certificate_is_refused(pem: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        load_certificate(pem, NOW)


@pytest.mark.parametrize(
    "name",
    [
        "sns.amazonaws.com",
        "sns-signing.eu-south-1.amazonaws.com",
        "sns-cn-north-1.amazonaws.com.cn",
    ],
)
def test_names_that_amazon_signs_under(name: str) -> None:
    assert load_certificate(certificate(name), NOW)


@pytest.mark.parametrize(
    "url",
    [
        f"http://{HOST}{PATH}",
        f"https://{HOST}.evil.example{PATH}",
        f"https://evil.example/{HOST}{PATH}",
        f"https://{HOST}@evil.example{PATH}",
        f"https://{HOST}:8443{PATH}",
        f"https://{HOST}{PATH}?x=.pem",
        f"https://{HOST}{PATH}#",
        f"https://{HOST}{PATH}\n",
        f"https://{HOST}/other.pem",
        f"https://{HOST}/../{PATH}",
        f"https://sns.eu-west-1.s3.amazonaws.com{PATH}",
        f"https://sns-bucket.s3.amazonaws.com{PATH}",
        f"https://sns.s3.amazonaws.com{PATH}",  # anybody's bucket
        f"https://sns.s3-eu-west-1.amazonaws.com{PATH}",
        f"https://sns.s3-website-eu-west-1.amazonaws.com{PATH}",
        f"https://sns.amazonaws.com{PATH}",
        f"https://sns.eu-west-1.amazonawsXcom{PATH}",
        f"https://SNS.eu-west-1.amazonaws.com{PATH}",
    ],
)
def test_certificate_of_any_other_place_is_not_even_fetched(url: str) -> None:
    asked: list[str] = []
    certificates = SigningCertificates(lambda where: asked.append(where), FixedClock(NOW))  # type: ignore[func-returns-value, arg-type, return-value]

    with pytest.raises(BadInput, match="no address of Amazon SNS"):
        certificates.get(url)
    assert asked == []


@pytest.mark.parametrize(
    "host",
    [
        *("eu-west-1", "us-east-1", "us-gov-west-1", "ap-southeast-2", "il-central-1"),
        *("us-iso-east-1", "cn-north-1.cn"),
    ],
)
def test_every_region_is_a_place_of_sns(host: str) -> None:
    region, _, country = host.partition(".")
    url = f"https://sns.{region}.amazonaws.com{'.cn' if country else ''}{PATH}"

    assert AMAZON.certificate.fullmatch(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/?Action=ConfirmSubscription&Token=1",
        f"https://{HOST}/?Action=Publish&TopicArn=x",
        f"https://{HOST}/?Action=ConfirmSubscription&Token=1 2",
        f"https://{HOST}/x?Action=ConfirmSubscription&Token=1",
        f"http://{HOST}/?Action=ConfirmSubscription&Token=1",
    ],
)
def test_only_sns_confirms(url: str) -> None:
    assert AMAZON.confirmation.fullmatch(url) is None
    assert AMAZON.confirmation.fullmatch(confirmation()["SubscribeURL"])


class Amazon:
    """Answers a fetch, and counts them."""

    def __init__(self, **answer: Any) -> None:
        self.asked = 0
        self.answer = {"url": URL, "status": 200, "body": certificate(), **answer}

    def fetch(self, _url: str) -> Fetched:
        self.asked += 1
        return Fetched(**self.answer)


def test_certificate_is_kept_for_a_day_and_no_longer_than_it_holds() -> None:
    clock, amazon = FixedClock(NOW), Amazon(body=certificate(until=NOW + timedelta(hours=30)))
    certificates = SigningCertificates(amazon.fetch, clock)
    asked = []

    for hours in (0, 23, 2, 6):
        clock.advance(timedelta(hours=hours))
        try:
            certificates.get(URL)
        except BadInput:
            asked.append(0)
        asked.append(amazon.asked)

    assert asked == [1, 1, 2, 0, 3]


@pytest.mark.parametrize(
    "answer",
    [{"url": "https://evil.example/x.pem"}, {"body": certificate() + b" " * 20_000}],
    ids=["redirected", "large"],
)
def test_certificate_that_lies_elsewhere_is_refused(answer: dict[str, Any]) -> None:
    certificates = SigningCertificates(Amazon(**answer).fetch, FixedClock(NOW))

    with pytest.raises(BadInput, match="leads elsewhere"):
        certificates.get(URL)


def test_failure_to_fetch_is_nobodys_forgery() -> None:
    def fetch(_url: str) -> Fetched:
        raise FetchFailed("no answer")

    with pytest.raises(FetchFailed):
        SigningCertificates(fetch, FixedClock(NOW)).get(URL)
