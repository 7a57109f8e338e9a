"""Settings that are allowed and unwise, contradict each other, or lead nowhere."""

import pytest

from digest.operations.doctor.names import are_related, domain_of, is_here, parents_of
from tests.operations.doctor.conftest import EARNEST, Said, levels, texts

SMTP = 'backend = "smtp"\nhost = "smtp.relay.example"'
DELIVERY = "[delivery]\n"
SCHEDULER = "[scheduler]\n"


@pytest.mark.parametrize(
    ("more", "relay", "level", "words"),
    [
        ({}, SMTP, "ok", "no setting is unsafe"),
        ({"[web]": '[web]\nhost = "0.0.0.0"'}, SMTP, "warn", "listen on 0.0.0.0 without TLS"),
        ({"[web]": '[web]\ntrusted_proxies = ["0.0.0.0/0"]'}, SMTP, "warn", "every visitor say"),
        (
            {SCHEDULER: '[fetch]\nallow_networks = ["169.254.0.0/16"]\n[scheduler]\n'},
            SMTP,
            "warn",
            "clouds tell their machines secrets",
        ),
        (
            {SCHEDULER: '[fetch]\nallow_networks = ["10.0.0.0/8"]\n[scheduler]\n'},
            SMTP,
            "note",
            "knock at doors in 10.0.0.0/8",
        ),
        ({DELIVERY: f"{DELIVERY}retry_window_hours = 200\n"}, SMTP, "warn", "into the next issue"),
        ({DELIVERY: f'{DELIVERY}uncertain = "resend"\n'}, SMTP, "note", "the same issue twice"),
        (
            {SCHEDULER: '[logging]\nlevel = "debug"\n[scheduler]\n'},
            SMTP,
            "note",
            '"debug" writes a lot',
        ),
        ({}, f'{SMTP}\nsecurity = "none"', "warn", "to smtp.relay.example in clear"),
        ({}, 'backend = "smtp"\nhost = "127.0.0.1"\nsecurity = "none"', "ok", ""),
        (
            {},
            f"{SMTP}\ntimeouts = {{ dot = 60 }}",
            "warn",
            "60 seconds: a relay that answers later",
        ),
    ],
)
def test_settings(said: Said, more, relay: str, level: str, words: str) -> None:
    found = said("CONFIG-2", more, relay=relay)

    assert levels(found) == {level}
    assert words in texts(found, level)


@pytest.mark.parametrize(
    ("more", "relay", "level"),
    [
        (EARNEST, SMTP, "ok"),
        ({}, 'backend = "memory"', "note"),
        ({}, SMTP, "error"),
        ({"http://127.0.0.1:8000": "https://192.0.2.1"}, SMTP, "warn"),
        ({"http://127.0.0.1:8000": "https://news.lan"}, SMTP, "warn"),
        ({"http://127.0.0.1:8000": "https://intranet"}, SMTP, "warn"),
    ],
)
def test_addresses_in_links(said: Said, more, relay: str, level: str) -> None:
    assert levels(said("CONFIG-3", more, relay=relay)) == {level}


@pytest.mark.parametrize(
    ("line", "level", "words"),
    [
        ("", "ok", "weekly: all its names belong to courier.example"),
        ('bounce_address = "b@bounces.courier.example"', "ok", ""),
        ('bounce_address = "b@relay.example"', "warn", "bounces go to relay.example"),
        ('public_url = "https://other.example"', "note", "its links lead to other.example"),
    ],
)
def test_names_of_one_house(said: Said, line: str, level: str, words: str) -> None:
    found = said("CONFIG-4", {'language = "en"': f'language = "en"\n{line}'})

    assert levels(found) == {level}
    assert words in texts(found, level)


def test_host_of_another_house_is_noted(said: Said) -> None:
    assert levels(said("CONFIG-4", {'host = "courier.example"': 'host = "neutral.test"'})) == {
        "note"
    }


def test_alerts_that_go_nowhere_are_a_warning(said: Said) -> None:
    (found,) = said("CONFIG-5", {'alerts = ["desk@courier.example"]': ""})

    assert (found.level, found.text) == ("warn", "weekly: alerts go to nobody")


def test_alerts_are_counted_and_not_named(said: Said) -> None:
    (found,) = said("CONFIG-5")

    assert (found.level, found.text) == ("ok", "weekly: alerts go to 1 address")


@pytest.mark.parametrize(
    ("line", "key"), [("", "sender.address"), ('bounce_address = "b@c.example"', "bounce_address")]
)
def test_bounces_that_nobody_reads_are_noted(said: Said, line: str, key: str) -> None:
    (found,) = said("CONFIG-6", {'language = "en"': f'language = "en"\n{line}'})

    assert found.level == "note"
    assert f"goes to {key}" in found.text
    assert "@" not in found.text


@pytest.mark.parametrize(("host", "how"), [("", "by pipe"), (', host = "imap.c.example"', "IMAP")])
def test_bounces_that_we_read_are_well(said: Said, host: str, how: str) -> None:
    login = ', username = "b", password = "x"' if host else ""
    table = f'bounces = {{ address = "b@courier.example"{host}{login} }}'
    (found,) = said("CONFIG-6", {'language = "en"': f'language = "en"\n{table}'})

    assert found.level == "ok"
    assert how in found.text


@pytest.mark.parametrize(
    ("first", "second", "related"),
    [
        ("a.example", "a.example", True),
        ("news.a.example", "a.example", True),
        ("a.example", "news.a.example", True),
        ("x.gazette.example", "y.gazette.example", True),
        ("x.y.a.example", "z.y.a.example", True),
        ("gazette.co.uk", "courier.co.uk", False),
        ("a.example", "b.example", False),
        ("nota.example", "a.example", False),
    ],
)
def test_domains_of_one_house_by_their_names(first: str, second: str, related: bool) -> None:
    assert are_related(first, second) is related


def test_parts_of_names() -> None:
    assert domain_of("Anna@News.Example") == "news.example"
    assert parents_of("a.b.c") == ["a.b.c", "b.c", "c"]
    assert [is_here(host) for host in ("127.0.0.9", "::1", "Localhost", "10.0.0.1", "a.b")] == [
        *(True, True, True, False, False)
    ]
