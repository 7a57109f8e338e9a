"""Questions to a real name server, over UDP and TCP, with the faults that real ones have."""

from collections.abc import Iterator

import pytest

from digest.operations.doctor.dns.resolver import Dns, Fate
from tests.name_server import NameServer

LONG = " ".join(f'"{"x" * 250}"' for _ in range(4))
ZONE = f"""\
plain.test. IN TXT "one"
plain.test. IN A 192.0.2.1
plain.test. IN AAAA 2001:db8::1
pieces.test. IN TXT "v=spf1 ip4:192.0.2.0/24 " "-all"
long.test. IN TXT {LONG}
alias.test. IN CNAME plain.test.
far.test. IN CNAME alias.test.
lost.test. IN CNAME nowhere.test.
mail.test. IN MX 20 b.test.
mail.test. IN MX 10 a.test.
null.test. IN MX 0 .
zone.test. IN SOA ns1.zone.test. admin.zone.test. 1 60 60 60 60
1.2.0.192.in-addr.arpa. IN PTR Plain.Test.
half.test. IN A 192.0.2.9
"""


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    silent = ["silent.test"]
    with NameServer(ZONE, failing=["broken.test"], silent=silent) as running:
        yield running


@pytest.fixture(scope="module")
def dns(server: NameServer) -> Dns:
    return Dns([server.address], seconds=0.4)


@pytest.mark.parametrize(
    ("name", "fate", "values"),
    [
        ("plain.test", Fate.FOUND, ("one",)),
        ("PLAIN.test.", Fate.FOUND, ("one",)),
        ("pieces.test", Fate.FOUND, ("v=spf1 ip4:192.0.2.0/24 -all",)),
        ("alias.test", Fate.FOUND, ("one",)),
        ("far.test", Fate.FOUND, ("one",)),
        ("mail.test", Fate.NO_RECORD, ()),
        ("nowhere.test", Fate.NO_NAME, ()),
        ("lost.test", Fate.NO_NAME, ()),
        ("broken.test", Fate.FAILED, ()),
        ("silent.test", Fate.FAILED, ()),
        (f"{'x' * 64}.test", Fate.FAILED, ()),
    ],
)
def test_text_records(dns: Dns, name: str, fate: Fate, values: tuple[str, ...]) -> None:
    answer = dns.txt(name)

    assert (answer.fate, answer.values) == (fate, values)
    assert bool(answer.why) == (fate is Fate.FAILED)


def test_answer_that_was_cut_off_is_asked_for_again_over_tcp(server: NameServer, dns: Dns) -> None:
    answer = dns.txt("long.test")

    assert answer.values == ("x" * 1000,)
    assert [way for name, _, way in server.asked if name == "long.test"] == ["udp", "tcp"]


def test_mail_hosts_and_a_null_one(dns: Dns) -> None:
    assert set(dns.mx("mail.test").values) == {"10 a.test", "20 b.test"}
    assert dns.mx("null.test").values == ("0 .",)


def test_addresses_are_of_both_families(dns: Dns) -> None:
    assert dns.addresses("plain.test").values == ("192.0.2.1", "2001:db8::1")
    assert dns.addresses("half.test").values == ("192.0.2.9",)
    assert dns.addresses("nowhere.test").fate is Fate.NO_NAME
    assert dns.addresses("broken.test").fate is Fate.FAILED


def test_names_of_addresses_zones_and_aliases(dns: Dns) -> None:
    assert dns.ptr("192.0.2.1").values == ("plain.test",)
    assert dns.ptr("192.0.2.2").empty
    assert dns.soa("zone.test").values == ("ns1.zone.test",)
    assert dns.alias("alias.test") == "plain.test"
    assert dns.alias("plain.test") is None


def test_question_is_asked_once(server: NameServer, dns: Dns) -> None:
    for _ in range(3):
        dns.txt("plain.test")

    assert sum(name == "plain.test" and kind == "TXT" for name, kind, _ in server.asked) <= 2


def test_server_that_is_not_there_is_a_failure() -> None:
    with NameServer("") as gone:
        address = gone.address

    assert Dns([address], seconds=0.3).txt("plain.test").failed
