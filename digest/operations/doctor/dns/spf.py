"""SPF (RFC 7208): what a domain's record allows, and whether receivers can evaluate it at all.

It counts what a receiver would have to look up for a mail from nowhere in particular, which goes
through every term: more than ten terms that ask the DNS, or more than two that find nothing, and
the record is an error for everybody (section 4.6.4).
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from digest.operations.doctor.dns.resolver import Answer, Dns

MOST_LOOKUPS = 10
MOST_VOID = 2
MOST_MX = 10  # hosts of one mx term (section 4.6.4)
DEEPEST = 20  # includes within includes; the count is over long before
LONGEST_UDP = 450  # octets of all TXT records that surely fit one UDP answer (section 3.4)

_TERM = re.compile(
    r"(?P<sign>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?P<value>[:/].*)?|(?P<modifier>[a-z][a-z0-9_.-]*)=(?P<to>.*)",
    re.IGNORECASE,
)
ASKS = frozenset({"include", "a", "mx", "ptr", "exists"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Spf:
    """What evaluating a domain's record comes to. `error` is why receivers treat it as broken
    (permerror), `unknown` why nobody knows today (temperror).
    """

    domain: str
    record: str = ""
    lookups: int = 0
    voids: int = 0
    error: str = ""
    unknown: str = ""
    all_sign: str = ""  # of the first record's own all, or of what it redirects to
    includes: set[str] = field(default_factory=set)
    networks: list[Network] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def allows(self, address: str) -> bool:
        """Return whether an address is in one of the networks that were found."""
        return any(ipaddress.ip_address(address) in network for network in self.networks)


def read_spf(dns: Dns, domain: str) -> Spf:
    """Look a domain's SPF record up and go through it, includes and all; it raises nothing."""
    found = Spf(domain)
    record = _record(dns, domain, found)
    if record is None:
        if not found.unknown and not found.error:
            found.error = "there is no SPF record"
        return found
    found.record = record
    _walk(dns, domain, record, found, (), first=True)
    found.error = _beyond_limits(found) or found.error
    return found


def _beyond_limits(found: Spf) -> str:
    if found.lookups > MOST_LOOKUPS:
        return f"it takes {found.lookups} look-ups, and receivers give up after {MOST_LOOKUPS}"
    if found.voids > MOST_VOID:
        return f"{found.voids} of its look-ups find nothing; receivers give up after {MOST_VOID}"
    return ""


def _record(dns: Dns, domain: str, found: Spf) -> str | None:
    """Return the one SPF record of a domain; None, with the reason in `found`, where there is no
    such one.
    """
    answer = dns.txt(domain)
    if answer.failed:
        found.unknown = found.unknown or f"{domain}: {answer.why}"
        return None
    records = [text for text in answer.values if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]
    if len(records) > 1:
        found.error = found.error or f"{domain} has {len(records)} SPF records: receivers use none"
        return None
    if records and sum(len(text) for text in answer.values) > LONGEST_UDP:
        found.remarks.append(f"the TXT records of {domain} are long: some receivers cut them off")
    return records[0] if records else None


def _walk(
    dns: Dns, domain: str, record: str, found: Spf, above: tuple[str, ...], *, first: bool
) -> None:
    """Go through the terms of one record; `above` are the domains that led here."""
    if domain in above or len(above) >= DEEPEST:
        found.error = found.error or f"{domain} includes itself, without an end"
        return
    above = (*above, domain)
    redirect, has_all = "", False
    for word in record.split()[1:]:
        term = _TERM.fullmatch(word)
        if term is None:
            found.error = found.error or f"{domain}: {word[:40]!r} is no term of SPF"
            return
        if term["modifier"]:
            if term["modifier"].lower() == "redirect":
                redirect = term["to"].lower().rstrip(".")
        elif term["name"].lower() == "all":
            has_all = True
            if first:
                found.all_sign = term["sign"] or "+"
        else:
            _mechanism(dns, domain, term, found, above)
        if found.error:
            return
    if redirect and not has_all:  # with an all it is never come to (section 6.1)
        _follow(dns, redirect, found, above, first=first)


def _mechanism(
    dns: Dns, domain: str, term: re.Match[str], found: Spf, above: tuple[str, ...]
) -> None:
    name, value = term["name"].lower(), term["value"] or ""
    if name in {"ip4", "ip6"}:
        _add_network(domain, value.removeprefix(":"), term["sign"], found)
        return
    target, _, lengths = value.removeprefix(":").partition("/")
    target = (target or domain).lower().rstrip(".")
    if "%" in target:
        found.lookups += 1
        found.remarks.append(f"{domain}: {name}:{target[:40]} depends on the sender: not followed")
    elif name == "include":
        found.includes.add(target)
        _follow(dns, target, found, above, first=False)
    else:
        found.lookups += 1
        _ask(dns, name, target, (term["sign"], lengths), found)


def _follow(dns: Dns, target: str, found: Spf, above: tuple[str, ...], *, first: bool) -> None:
    """Go on in the record of another domain, which is one look-up."""
    found.lookups += 1
    if found.lookups > 3 * MOST_LOOKUPS:  # far beyond: enough is known
        return
    record = _record(dns, target, found)
    if record is not None:
        _walk(dns, target, record, found, above, first=first)
    elif not found.unknown and not found.error:
        if dns.txt(target).empty:
            found.voids += 1
        found.error = f"{target}, which it refers to, has no SPF record"


def _ask(dns: Dns, name: str, target: str, how: tuple[str, str], found: Spf) -> None:
    """Look up what an a, mx, ptr or exists term names."""
    sign, lengths = how
    if name == "ptr":
        found.remarks.append("it uses ptr, which receivers may skip (RFC 7208, 5.5): take it out")
        return
    if name == "mx":
        answer = dns.mx(target)
        hosts = [value.partition(" ")[2] for value in answer.values]
        if len(hosts) > MOST_MX:
            found.error = f"mx:{target} has {len(hosts)} hosts; receivers give up after {MOST_MX}"
            return
        answers = [dns.addresses(host) for host in hosts if host != "."]
    else:
        answer = dns.addresses(target)
        answers = [answer]
    _count(answer, target, found)
    for one in answers:
        for address in one.values if name != "exists" and sign in {"", "+"} else ():
            found.networks += _around(address, lengths)


def _count(answer: Answer, target: str, found: Spf) -> None:
    if answer.failed:
        found.unknown = found.unknown or f"{target}: {answer.why}"
    elif answer.empty:
        found.voids += 1


def _around(address: str, lengths: str) -> Iterator[Network]:
    """Yield the network around an address, for ``24`` or ``24//64`` as an a or mx term has them."""
    four, _, six = lengths.partition("//") if not lengths.startswith("/") else ("", "", lengths[1:])
    length = (six or "128") if ":" in address else (four or "32")
    try:
        yield ipaddress.ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        return


def _add_network(domain: str, text: str, sign: str, found: Spf) -> None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        found.error = found.error or f"{domain}: {text[:40]!r} is no network"
        return
    if sign in {"", "+"}:
        found.networks.append(network)
