"""MX, SOA, PTR and what SPF says of a relay: judged from a name server's answers."""

from collections.abc import Iterator

import pytest

from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.dns.sending import is_direct
from digest.operations.doctor.dns.zones import judge_mx, judge_ptr, judge_soa
from digest.operations.doctor.findings import Said
from tests.name_server import NameServer

ZONE = """\
good.example. IN MX 10 mx.good.example.
good.example. IN SOA ns.good.example. admin.good.example. 1 60 60 60 60
mx.good.example. IN A 192.0.2.1
half.example. IN MX 10 mx.good.example.
half.example. IN MX 20 gone.half.example.
alias.example. IN MX 10 other.alias.example.
other.alias.example. IN CNAME mx.good.example.
null.example. IN MX 0 .
implicit.example. IN A 192.0.2.2
dead.example. IN MX 10 gone.dead.example.
out.good.example. IN A 8.8.4.1
out.good.example. IN AAAA 2600::1
1.4.8.8.in-addr.arpa. IN PTR out.good.example.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.2.ip6.arpa. IN PTR v6.host.example.
nameless.good.example. IN A 8.8.4.2
inside.good.example. IN A 10.0.0.5
stuck.good.example. IN A 8.8.4.3
"""
STUCK = "3.4.8.8.in-addr.arpa"


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    with NameServer(ZONE, failing=["broken.example", STUCK]) as server:
        yield Dns([server.address], seconds=0.4)


def worst(found: Iterator[Said] | list[Said]) -> tuple[str, str]:
    said = max(found, key=lambda one: one.level.rank)
    return said.level.value, said.text


@pytest.mark.parametrize(
    ("domain", "uses", "level", "words"),
    [
        ("good.example", ["sender"], "ok", "mx.good.example"),
        ("half.example", ["sender"], "warn", "gone.half.example has no address"),
        ("alias.example", ["sender"], "warn", "other.alias.example is an alias"),
        ("null.example", ["sender"], "warn", "a null MX"),
        ("null.example", ["sender", "replies"], "error", "a null MX"),
        ("null.example", ["bounces"], "error", "a null MX"),
        ("implicit.example", ["replies"], "note", "mail goes to the host of that name"),
        ("dead.example", ["replies"], "error", "none of its hosts has an address"),
        ("gone.example", ["sender"], "error", "neither an MX nor an address"),
        ("broken.example", ["sender"], "warn", "every name server fails"),
    ],
)
def test_where_mail_to_us_goes(dns: Dns, domain: str, uses, level: str, words: str) -> None:
    found = worst(judge_mx(dns, domain, uses))

    assert (found[0], words in found[1]) == (level, True), found


@pytest.mark.parametrize(
    ("domain", "level", "words"),
    [
        ("good.example", "ok", "its zone is good.example"),
        ("letters.good.example", "ok", "its zone is good.example"),
        ("gone.example", "error", "no zone answers for it"),
        ("broken.example", "warn", "every name server fails"),
    ],
)
def test_zone_is_found_from_below(dns: Dns, domain: str, level: str, words: str) -> None:
    found = worst([judge_soa(dns, domain)])

    assert (found[0], words in found[1]) == (level, True), found


@pytest.mark.parametrize(
    ("called", "level", "words"),
    [
        ("out.good.example", "error", "2600::1, which leads back to v6.host.example"),
        ("nameless.good.example", "error", "8.8.4.2, which leads back to no name"),
        ("stuck.good.example", "warn", "the name of 8.8.4.3"),
        ("inside.good.example", "note", "a name without a public address"),
        ("gone.good.example", "note", "a name without a public address"),
        ("broken.example", "warn", "every name server fails"),
    ],
)
def test_name_of_our_own_mail_server(dns: Dns, called: str, level: str, words: str) -> None:
    found = worst(judge_ptr(dns, "relays.main", called))

    assert (found[0], words in found[1]) == (level, True), found


def test_address_and_name_that_lead_to_each_other_are_well(dns: Dns) -> None:
    found = list(judge_ptr(dns, "relays.main", "out.good.example"))

    assert "relays.main: 8.8.4.1 and out.good.example lead to each other" in {
        said.text for said in found if said.level == "ok"
    }


@pytest.mark.parametrize(
    ("host", "direct"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("inside.good.example", True),
        ("10.0.0.5", True),
        ("out.good.example", False),
        ("8.8.4.1", False),
        ("gone.good.example", False),
    ],
)
def test_mail_server_of_our_own_is_told_from_a_provider(dns: Dns, host, direct: bool) -> None:
    assert is_direct(dns, host) is direct
