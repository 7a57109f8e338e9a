"""SPF as receivers evaluate it: a table of zones against a name server."""

from collections.abc import Iterator

import pytest

from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.dns.sending import judge_spf
from digest.operations.doctor.dns.spf import Spf, read_spf
from tests.name_server import NameServer

ELEVEN = " ".join(f"a:h{number}.test" for number in range(11))
HOSTS = "\n".join(f"h{number}.test. IN A 192.0.2.{number}" for number in range(12))
MANY_MX = "\n".join(f"many.test. IN MX 10 h{number}.test." for number in range(11))
CHAIN = "\n".join(
    f'c{number}.test. IN TXT "v=spf1 include:c{number + 1}.test -all"' for number in range(12)
)
ZONE = f"""\
good.test. IN TXT "google-site-verification=x"
good.test. IN TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 include:relay.test -all"
relay.test. IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
two.test. IN TXT "v=spf1 -all"
two.test. IN TXT "v=spf1 mx -all"
eleven.test. IN TXT "v=spf1 {ELEVEN} -all"
ten.test. IN TXT "v=spf1 {" ".join(f"a:h{number}.test" for number in range(10))} -all"
loop.test. IN TXT "v=spf1 include:pool.test -all"
pool.test. IN TXT "v=spf1 include:loop.test -all"
self.test. IN TXT "v=spf1 redirect=self.test"
voids.test. IN TXT "v=spf1 a:n1.test a:n2.test a:n3.test -all"
twovoids.test. IN TXT "v=spf1 a:n1.test a:n2.test -all"
missing.test. IN TXT "v=spf1 include:nowhere.test -all"
norecord.test. IN TXT "v=spf1 include:h1.test -all"
everybody.test. IN TXT "v=spf1 +all"
open.test. IN TXT "v=spf1 mx"
neutral.test. IN TXT "v=spf1 ?all"
redirected.test. IN TXT "v=spf1 redirect=good.test"
both.test. IN TXT "v=spf1 ~all redirect=nowhere.test"
typo.test. IN TXT "v=spf1 ipv4:192.0.2.1 -all"
badnet.test. IN TXT "v=spf1 ip4:192.0.2.300 -all"
broken.test. IN TXT "v=spf1 include:failing.test -all"
slow.test. IN TXT "v=spf1 a:silent.test -all"
pieces.test. IN TXT "v=spf1 ip4:192.0.2.0/24 inc" "lude:relay.test -all"
alias.test. IN CNAME good.test.
macro.test. IN TXT "v=spf1 exists:%{{i}}._spf.test -all"
ptr.test. IN TXT "v=spf1 ptr -all"
mxes.test. IN TXT "v=spf1 mx/24 a:h2.test/30//64 -all"
mxes.test. IN MX 10 h1.test.
manymx.test. IN TXT "v=spf1 mx:many.test -all"
case.test. IN TXT "V=SPF1 IP4:192.0.2.1 -ALL"
minus.test. IN TXT "v=spf1 -ip4:192.0.2.7 ip4:192.0.2.8 ~all"
spf10.test. IN TXT "v=spf10 -all"
{HOSTS}
{MANY_MX}
{CHAIN}
"""


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    silent = ["silent.test"]
    with NameServer(ZONE, failing=["failing.test"], silent=silent) as server:
        yield Dns([server.address], seconds=0.4)


@pytest.mark.parametrize(
    ("domain", "level", "words"),
    [
        ("good.test", "ok", "one record, 1 of 10 look-ups, -all"),
        ("alias.test", "ok", "one record, 1 of 10 look-ups, -all"),
        ("pieces.test", "ok", "one record, 1 of 10 look-ups, -all"),
        ("redirected.test", "ok", "one record, 2 of 10 look-ups, -all"),
        ("both.test", "ok", "one record, 0 of 10 look-ups, ~all"),
        ("mxes.test", "ok", "one record, 2 of 10 look-ups, -all"),
        ("case.test", "ok", "0 of 10 look-ups"),
        ("twovoids.test", "ok", "2 of 10 look-ups"),
        ("ten.test", "note", "10 of 10 look-ups"),
        ("macro.test", "note", "depends on the sender"),
        ("ptr.test", "note", "it uses ptr"),
        ("open.test", "warn", "it says nothing of other senders (no all)"),
        ("neutral.test", "warn", "it says nothing of other senders (?all)"),
        ("broken.test", "warn", "failing.test: every name server fails"),
        ("slow.test", "warn", "silent.test: no answer within"),
        ("silent.test", "warn", "silent.test: no answer within"),
        ("failing.test", "warn", "failing.test: every name server fails"),
        ("two.test", "error", "two.test has 2 SPF records"),
        ("eleven.test", "error", "it takes 11 look-ups"),
        ("c0.test", "error", "it takes 12 look-ups"),
        ("loop.test", "error", "loop.test includes itself"),
        ("self.test", "error", "self.test includes itself"),
        ("voids.test", "error", "3 of its look-ups find nothing"),
        ("missing.test", "error", "nowhere.test, which it refers to, has no SPF record"),
        ("norecord.test", "error", "h1.test, which it refers to, has no SPF record"),
        ("everybody.test", "error", "+all lets everybody send"),
        ("typo.test", "error", "'ipv4:192.0.2.1' is no term of SPF"),
        ("badnet.test", "error", "'192.0.2.300' is no network"),
        ("manymx.test", "error", "mx:many.test has 11 hosts"),
        ("h1.test", "error", "there is no SPF record"),
        ("nowhere.test", "error", "there is no SPF record"),
        ("spf10.test", "error", "there is no SPF record"),
    ],
)
def test_record_is_judged_as_receivers_do(dns: Dns, domain: str, level: str, words: str) -> None:
    worst = max(judge_spf(read_spf(dns, domain)), key=lambda said: said.level.rank)

    assert (worst.level, words in worst.text) == (level, True), worst.text


@pytest.mark.parametrize(
    ("domain", "address", "allowed"),
    [
        ("good.test", "192.0.2.77", True),
        ("good.test", "2001:db8:1::1", True),
        ("good.test", "198.51.100.1", True),  # by the include
        ("good.test", "203.0.113.1", False),
        ("redirected.test", "192.0.2.77", True),
        ("mxes.test", "192.0.2.200", True),  # mx/24
        ("ten.test", "192.0.2.3", True),
        ("ten.test", "192.0.2.77", False),
        ("minus.test", "192.0.2.7", False),
        ("minus.test", "192.0.2.8", True),
    ],
)
def test_addresses_that_a_record_allows(dns: Dns, domain: str, address: str, allowed: bool) -> None:
    assert read_spf(dns, domain).allows(address) is allowed


def test_long_texts_are_remarked_on() -> None:
    fat = f'"{"y" * 240}" "{"y" * 240}"'
    zone = f'fat.test. IN TXT "v=spf1 -all"\nfat.test. IN TXT {fat}'
    with NameServer(zone) as server:
        found: Spf = read_spf(Dns([server.address]), "fat.test")

    assert found.remarks == ["the TXT records of fat.test are long: some receivers cut them off"]
