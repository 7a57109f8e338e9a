"""Addresses are parsed strictly, meet in one key, and never come back in an error."""

import string

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.subscribers.addresses import LONGEST, domain_group, parse_address

LOCALS = st.text(
    string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-.", min_size=1, max_size=70
)
LABELS = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=66)


def test_plain_address_keeps_its_local_part_and_lowers_its_domain() -> None:
    parsed = parse_address("  Anna.Smith+News@Example.ORG ")

    assert parsed.address == "Anna.Smith+News@example.org"
    assert parsed.key == "anna.smith+news@example.org"


def test_international_domain_becomes_punycode() -> None:
    parsed = parse_address("anna@Bücher.example.org")

    assert parsed.address == "anna@xn--bcher-kva.example.org"
    assert parsed.ascii_domain == "xn--bcher-kva.example.org"


def test_international_domain_and_its_punycode_have_one_key() -> None:
    assert parse_address("A@bücher.de").key == parse_address("a@XN--BCHER-KVA.de").key


def test_international_local_part_is_kept() -> None:
    assert parse_address("аня@почта.рф").address == "аня@xn--80a1acny.xn--p1ai"


def test_invisible_characters_around_an_address_are_ignored() -> None:
    assert parse_address("\ufeff\u200banna@example.org\u00a0").address == "anna@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anna",
        "anna@",
        "@example.org",
        "anna@example",
        "anna@@example.org",
        "an na@example.org",
        "anna@exam ple.org",
        ".anna@example.org",
        "anna.@example.org",
        "an..na@example.org",
        "anna@-example.org",
        "anna@example-.org",
        "anna@example..org",
        "anna@example.org.",
        "anna@127.0.0.1",
        "anna@[127.0.0.1]",
        '"an na"@example.org',
        "Anna <anna@example.org>",
        "anna@example.org, eva@example.org",
        "anna@example.org\nBcc: eva@example.org",
        "anna\0@example.org",
        "anna@xn--a.org",
        "anna@reader.invalid",
        "anna@bücher.localhost",
        "a" * 65 + "@example.org",
        "anna@" + "a" * 64 + ".org",
        "a" * 60 + "@" + "b." * 120 + "org",
        "a" * 1_000_000,
    ],
)
def test_what_is_no_address_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="not an e-mail address"):
        parse_address(text)


def test_refusal_repeats_nothing_and_has_no_cause_that_does() -> None:
    with pytest.raises(BadInput) as caught:
        parse_address("secret-reader@bad domain.org")

    assert str(caught.value) == "not an e-mail address"
    assert caught.value.__cause__ is caught.value.__context__ is None


@given(LOCALS, st.lists(LABELS, min_size=1, max_size=5))
def test_every_address_taken_is_one_for_email_validator_too(local: str, labels: list[str]) -> None:
    text = f"{local}@{'.'.join(labels)}"
    try:
        parsed = parse_address(text)
    except BadInput:
        return

    found = validate_email(text, check_deliverability=False, strict=True, test_environment=True)
    assert parsed.key == f"{found.local_part}@{found.ascii_domain}".lower()
    assert len(parsed.address) <= LONGEST


@given(st.text(max_size=100))
def test_no_text_makes_it_fail_in_another_way(text: str) -> None:
    try:
        parsed = parse_address(text)
    except BadInput:
        return

    assert parse_address(parsed.address) == parsed


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "google"),
        ("googlemail.com", "google"),
        ("outlook.com", "microsoft"),
        ("hotmail.co.uk", "microsoft"),
        ("live.nl", "microsoft"),
        ("msn.com", "microsoft"),
        ("yahoo.co.jp", "yahoo"),
        ("ymail.com", "yahoo"),
        ("aol.com", "yahoo"),
        ("icloud.com", "apple"),
        ("me.com", "apple"),
        ("inbox.ru", "mailru"),
        ("yandex.com.tr", "yandex"),
        ("ya.ru", "yandex"),
        ("pm.me", "proton"),
        ("gmx.net", "gmx"),
        ("web.de", "gmx"),
        ("example.org", "other"),
        ("mail.gmail.com", "other"),
        ("live.example.org", "other"),
        ("yahoo", "other"),
    ],
)
def test_domain_belongs_to_its_provider(domain: str, group: str) -> None:
    assert domain_group(domain) == group


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("Anna@Example.org", "anna@example.org"),
        ("anna+news+more@example.org", "anna@example.org"),
        ("+anna@example.org", "+anna@example.org"),
        ("an.na+x@gmail.com", "anna@gmail.com"),
        ("an.na@example.org", "an.na@example.org"),
    ],
)
def test_spellings_of_one_mailbox_are_counted_as_one(text: str, mailbox: str) -> None:
    assert parse_address(text).mailbox == mailbox
