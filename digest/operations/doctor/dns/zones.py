"""MX, SOA, PTR: that the names in our mail lead somewhere, and back."""

import ipaddress
from collections.abc import Iterator

from digest.errors import DigestError
from digest.fetch.addresses import is_public
from digest.operations.doctor.case import Case, side_by_side
from digest.operations.doctor.configuration import return_address
from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.dns.sending import is_direct
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.doctor.names import domain_of, parents_of
from digest.operations.doctor.relays import survey_relay


def check_mx(case: Case) -> Iterator[Said]:
    """MX-1: mail to the sender, replies and bounces arrive somewhere."""
    wanted: dict[str, list[str]] = {}
    for newsletter in case.app.config.newsletters:
        sender = newsletter.sender.address
        uses = {
            "sender": sender,
            "replies": newsletter.reply_to or sender,
            "bounces": return_address(newsletter),
        }
        for use, address in uses.items():
            named = wanted.setdefault(domain_of(address), [])
            named += [use] if use not in named else []
    for said in side_by_side(lambda one: list(judge_mx(case.dns, *one)), wanted.items()):
        yield from said


def judge_mx(dns: Dns, domain: str, uses: list[str]) -> Iterator[Said]:
    """Judge where mail to a domain goes; `uses` say what for."""
    name = f"MX of {domain} ({', '.join(uses)})"
    answer = dns.mx(domain)
    hosts = [value.partition(" ")[2] for value in answer.values]
    if answer.failed:
        yield warn(f"{name}: {answer.why}", "ask again; look at the zone's name servers")
    elif hosts == ["."]:
        say = wrong if set(uses) & {"replies", "bounces"} else warn
        yield say(
            f"{name}: a null MX says that nobody there takes mail, replies and bounces among it",
            "publish an MX, or use addresses of a domain that has one",
        )
    elif not hosts and not dns.addresses(domain).values:
        yield wrong(
            f"{name}: neither an MX nor an address: replies and bounces are lost, and some "
            "receivers refuse such senders",
            "publish an MX",
        )
    elif not hosts:
        yield note(f"{name}: none, so mail goes to the host of that name", "publish an MX")
    else:
        yield from _hosts(dns, name, hosts)


def _hosts(dns: Dns, name: str, hosts: list[str]) -> Iterator[Said]:
    there = [host for host in hosts if dns.addresses(host).values]
    if not there:
        yield wrong(f"{name}: none of its hosts has an address", "correct the MX")
        return
    for host in sorted(set(hosts) - set(there)):
        yield warn(f"{name}: {host} has no address", "correct the MX, or take it out")
    for host in there:
        if dns.alias(host):
            yield warn(f"{name}: {host} is an alias (CNAME)", "name the host itself (RFC 2181)")
    yield well(f"{name}: {', '.join(there)}")


def check_soa(case: Case) -> Iterator[Said]:
    """SOA-1: the zone of each sender's domain can be found; Yahoo looks."""
    senders = dict.fromkeys(domain_of(n.sender.address) for n in case.app.config.newsletters)
    yield from side_by_side(lambda domain: judge_soa(case.dns, domain), senders)


def judge_soa(dns: Dns, domain: str) -> Said:
    """Judge whether the zone that a domain is in answers."""
    for name in parents_of(domain)[:-1] or [domain]:
        answer = dns.soa(name)
        if answer.failed:
            return warn(f"SOA of {name}: {answer.why}", "look at the zone's name servers")
        if answer.values:
            return well(f"{domain}: its zone is {name}")
    return wrong(f"{domain}: no zone answers for it", "register the domain, or correct the sender")


def check_ptr(case: Case) -> Iterator[Said]:
    """PTR-1: a mail server of our own has a name that leads to its address and back."""
    for name, relay in case.app.config.relays.items():
        host = str(relay.options.get("host", ""))
        if relay.backend != "smtp" or not is_direct(case.dns, host):
            continue
        try:
            survey = survey_relay(case, name)
        except DigestError:
            continue  # RELAY-2 says it
        if survey is not None:
            yield from judge_ptr(case.dns, f"relays.{name}", survey.calls_itself)


def judge_ptr(dns: Dns, key: str, called: str) -> Iterator[Said]:
    """Judge the name by which a mail server of our own goes into the world."""
    answer = dns.addresses(called)
    if answer.failed:
        yield warn(f"{key}: {called}: {answer.why}", "ask again")
        return
    public = [one for one in answer.values if is_public(ipaddress.ip_address(one))]
    if not public:
        yield note(
            f"{key} calls itself {called}, a name without a public address",
            "right if it hands everything to another relay; if it delivers by itself, set its name "
            "(Postfix: myhostname) to one that leads to its public address",
        )
    for address in public:
        back = dns.ptr(address)
        if called in back.values:
            yield well(f"{key}: {address} and {called} lead to each other")
        elif back.failed:
            yield warn(f"{key}: the name of {address}: {back.why}", "ask again")
        else:
            there = ", ".join(back.values) or "no name"
            yield wrong(
                f"{key}: {called} is {address}, which leads back to {there}: Gmail refuses that",
                f"have whoever gave you {address} set its reverse name (PTR) to {called}",
            )
