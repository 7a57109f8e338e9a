"""Keys as they are published, against the private ones that sign."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from digest.delivery.dkim.keys import DkimKey, KeyType, PrivateKey, new_private_key
from digest.operations.doctor.dns.dkim import judge_key


@pytest.fixture(scope="module")
def ours() -> DkimKey:
    return DkimKey("courier.example", "friday", new_private_key(KeyType.RSA))


def published(key: DkimKey) -> str:
    return key.dns_record().value


def said(ours: DkimKey, *records: str) -> tuple[str, str]:
    worst = max(judge_key(ours, records), key=lambda one: one.level.rank)
    return worst.level.value, worst.text


def weak(bits: int) -> DkimKey:
    key: PrivateKey = generate_private_key(public_exponent=65537, key_size=bits)
    return DkimKey("courier.example", "friday", key)


def test_our_own_record_is_well(ours: DkimKey) -> None:
    assert said(ours, published(ours)) == (
        "ok",
        "friday._domainkey.courier.example: our key is published (RSA, 2048 bits)",
    )


def test_ed25519_is_well() -> None:
    key = DkimKey("courier.example", "ed", new_private_key(KeyType.ED25519))

    assert said(key, published(key))[1].endswith("our key is published (Ed25519)")


def test_record_without_version_and_with_blanks_is_read(ours: DkimKey) -> None:
    bare = published(ours).removeprefix("v=DKIM1; ").replace("; ", " ;\t")

    assert said(ours, bare)[0] == "ok"


def test_key_of_1024_bits_is_a_warning() -> None:
    key = weak(1024)

    assert said(key, published(key)) == (
        "warn",
        "friday._domainkey.courier.example: 1024 bits are weak, and receivers ask for 2048",
    )


def test_another_key_is_an_error(ours: DkimKey) -> None:
    level, text = said(ours, published(weak(1024)))

    assert level == "error"
    assert "another key is published" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.partition("p=")[0] + "p=", "the key was revoked"),
        (lambda text: text[:200], "p= is not a key"),
        (lambda text: text.replace("k=rsa", "k=ed25519"), "p= is not a key"),
        (lambda text: text.replace("k=rsa", "k=dsa"), "k=dsa is not the kind"),
        (lambda text: text.replace("v=DKIM1", "v=DKIM2"), "v= must come first"),
        (lambda text: text.replace("v=DKIM1; k=rsa", "k=rsa; v=DKIM1"), "v= must come first"),
        (lambda text: text.replace("k=rsa", "k=rsa; h=sha1"), "h= leaves out sha256"),
        (lambda text: text.replace("k=rsa", "k=rsa; s=tlsrpt"), "it is not for mail"),
        (lambda _text: "v=DKIM1; k=rsa", "it has no p="),
        (lambda _text: "nonsense", "'nonsense' is not tag=value"),
        (lambda text: f'"{text}"', "quotes and blanks got in"),
        (lambda text: f"{text}; p=x", "the tag 'p' is there twice"),
    ],
)
def test_record_that_receivers_cannot_use_is_an_error(ours: DkimKey, change, words: str) -> None:
    level, text = said(ours, change(published(ours)))

    assert level == "error"
    assert words in text


def test_record_on_trial_is_noted(ours: DkimKey) -> None:
    assert said(ours, published(ours).replace("k=rsa", "k=rsa; t=y:s"))[0] == "note"


def test_bare_rsa_key_is_read_too(ours: DkimKey) -> None:
    raw = ours.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)

    assert said(ours, f"v=DKIM1; p={base64.b64encode(raw).decode()}")[0] == "ok"


def test_two_records_are_an_error(ours: DkimKey) -> None:
    assert "there are 2 records" in said(ours, published(ours), "v=DKIM1; p=")[1]
