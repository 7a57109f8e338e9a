"""DMARC: the walk up the tree, what receivers make of a record, and which domains align."""

from collections.abc import Iterator

import pytest

from digest.operations.doctor.dns.dmarc import aligned, read_standing
from digest.operations.doctor.dns.identity import judge_alignment, judge_dmarc
from digest.operations.doctor.dns.resolver import Dns
from tests.name_server import NameServer

ZONE = """\
_dmarc.plain.example. IN TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@plain.example"
_dmarc.news.own.example. IN TXT "v=DMARC1; p=none; rua=mailto:d@own.example"
_dmarc.own.example. IN TXT "v=DMARC1; p=reject"
_dmarc.norua.example. IN TXT "v=DMARC1;p=none"
_dmarc.two.example. IN TXT "v=DMARC1; p=none"
_dmarc.two.example. IN TXT "v=DMARC1; p=reject"
_dmarc.typo.example. IN TXT "v=DMARC1; p=nnone"
_dmarc.late.example. IN TXT "p=none; v=DMARC1"
_dmarc.nop.example. IN TXT "v=DMARC1; rua=mailto:d@nop.example"
_dmarc.badrua.example. IN TXT "v=DMARC1; p=none; rua=d@badrua.example"
_dmarc.trial.example. IN TXT "v=DMARC1; p=reject; pct=10; rua=mailto:d@trial.example"
_dmarc.strict.example. IN TXT "v=DMARC1; p=none; adkim=s; aspf=s; rua=mailto:d@strict.example"
_dmarc.alias.example. IN CNAME _dmarc.plain.example.
_dmarc.bank. IN TXT "v=DMARC1; p=reject; psd=y; rua=mailto:d@bank"
_dmarc.apart.plain.example. IN TXT "v=DMARC1; p=none; psd=n; rua=mailto:d@plain.example"
wild.example. IN TXT "v=spf1 -all"
"""


@pytest.fixture(scope="module")
def dns() -> Iterator[Dns]:
    silent = ["_dmarc.silent.example"]
    with NameServer(ZONE, failing=["_dmarc.broken.example"], silent=silent) as server:
        yield Dns([server.address], seconds=0.4)


@pytest.mark.parametrize(
    ("domain", "level", "words"),
    [
        ("plain.example", "ok", "p=reject, organisation plain.example"),
        ("news.plain.example", "ok", "p=quarantine, from plain.example, organisation plain"),
        ("a.b.c.d.e.f.g.h.plain.example", "ok", "p=quarantine, from plain.example"),
        ("news.own.example", "ok", "p=none, organisation own.example"),
        ("alias.example", "ok", "p=reject"),
        ("trial.example", "note", "it is on trial"),
        ("norua.example", "warn", "no rua"),
        ("nop.example", "warn", "it has no p="),
        ("badrua.example", "warn", "rua= is not a list of mailto: addresses"),
        ("broken.example", "warn", "every name server fails"),
        ("silent.example", "warn", "no answer within"),
        ("two.example", "error", "has 2 records"),
        ("typo.example", "error", "p=nnone is none of"),
        ("late.example", "error", "there is no record"),
        ("wild.example", "error", "there is no record"),
        ("gone.example", "error", "there is no record"),
    ],
)
def test_policy_is_judged_as_receivers_do(dns: Dns, domain: str, level: str, words: str) -> None:
    worst = max(judge_dmarc(read_standing(dns, domain)), key=lambda said: said.level.rank)

    assert (worst.level, words in worst.text) == (level, True), worst.text


@pytest.mark.parametrize(
    ("first", "second", "relaxed", "strict"),
    [
        ("plain.example", "plain.example", True, True),
        ("plain.example", "bounce.plain.example", True, False),
        ("news.own.example", "bounce.own.example", True, False),
        ("plain.example", "own.example", False, False),
        ("apart.plain.example", "plain.example", False, False),  # psd=n
        ("a.first.bank", "b.first.bank", True, False),  # psd=y: first.bank and second.bank are two
        ("first.bank", "second.bank", False, False),
        ("gone.example", "mail.gone.example", False, False),  # no record anywhere: no one's house
    ],
)
def test_alignment(dns: Dns, first: str, second: str, relaxed: bool, strict: bool) -> None:
    one, other = read_standing(dns, first), read_standing(dns, second)

    assert aligned(one, other, strict=False) is relaxed
    assert aligned(one, other, strict=True) is strict


@pytest.mark.parametrize(
    ("sender", "returned", "signing", "level", "words"),
    [
        ("plain.example", "b.plain.example", ["plain.example"], "ok", ""),
        ("plain.example", "own.example", ["plain.example"], "warn", "SPF of own.example does not"),
        ("plain.example", "own.example", ["own.example"], "error", "SPF of own.example does not"),
        ("plain.example", "own.example", [], "warn", "does not count for plain.example"),
        ("plain.example", "plain.example", ["own.example"], "warn", "signatures of own.example"),
        ("strict.example", "b.strict.example", ["strict.example"], "warn", "aspf=s wants the same"),
    ],
)
def test_alignment_is_told(dns: Dns, sender, returned, signing, level: str, words: str) -> None:
    standings = [read_standing(dns, one) for one in (sender, returned, *signing)]

    found = list(judge_alignment("weekly", standings[0], standings[1], standings[2:]))

    worst = max(found, key=lambda said: said.level.rank)
    assert worst.level == level
    assert words in "\n".join(said.text for said in found)
