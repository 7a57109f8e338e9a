"""SPF for every newsletter: can receivers evaluate the record, and does it allow the relay?"""

import ipaddress
from collections.abc import Iterator

from digest.config import NewsletterConfig
from digest.errors import DigestError
from digest.fetch.addresses import is_public
from digest.operations.doctor.case import Case, side_by_side
from digest.operations.doctor.configuration import return_address
from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.dns.spf import Spf, read_spf
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.doctor.names import are_related, domain_of, is_here
from digest.operations.doctor.relays import survey_relay

NEARLY = 9  # look-ups; an included record may gain one any day


def return_domain(newsletter: NewsletterConfig) -> str:
    """Return the domain that SPF speaks of: the envelope sender's."""
    return domain_of(return_address(newsletter))


def _domains(case: Case) -> list[str]:
    return list(dict.fromkeys(return_domain(each) for each in case.app.config.newsletters))


def check_spf(case: Case) -> Iterator[Said]:
    """SPF-1: each envelope sender's domain has one SPF record, which receivers can evaluate."""
    for found in side_by_side(lambda domain: spf_of(case, domain), _domains(case)):
        yield from judge_spf(found)


def spf_of(case: Case, domain: str) -> Spf:
    """Return a domain's SPF, looked up once."""
    return case.once(("spf", domain), lambda: read_spf(case.dns, domain))


def judge_spf(found: Spf) -> Iterator[Said]:
    """Judge what evaluating a record came to."""
    name = f"SPF of {found.domain}"
    if found.error:
        hint = "publish one TXT record that begins with v=spf1 and takes at most ten look-ups"
        yield wrong(f"{name}: {found.error}", hint)
        return
    if found.unknown:
        yield warn(f"{name}: {found.unknown}", "ask again; receivers put mail off meanwhile")
        return
    if found.all_sign == "+":
        yield wrong(f"{name}: +all lets everybody send in your name", "end it in ~all or -all")
    elif found.all_sign in {"", "?"}:
        yield warn(
            f"{name}: it says nothing of other senders ({found.all_sign or 'no '}all)",
            "end it in ~all or -all",
        )
    else:
        yield well(f"{name}: one record, {found.lookups} of 10 look-ups, {found.all_sign}all")
    if found.lookups >= NEARLY:
        yield note(
            f"{name}: {found.lookups} of 10 look-ups, and those who are included may add more",
            "take out who does not send for you any more",
        )
    for remark in found.remarks:
        yield note(f"{name}: {remark}", "see whether it is meant")


def check_relays_in_spf(case: Case) -> Iterator[Said]:
    """SPF-2: the SPF record allows the relay, as far as that can be told from here."""
    ways = dict.fromkeys(
        (return_domain(newsletter), name)
        for newsletter in case.app.config.newsletters
        for name in (newsletter.relay, *newsletter.spare_relays)
    )
    for domain, name in ways:
        found = spf_of(case, domain)
        relay = case.app.config.relays[name]
        host = str(relay.options.get("host", ""))
        if found.error or found.unknown or relay.backend != "smtp" or not host:
            continue  # SPF-1 says it, or there is nothing to compare
        yield _relay_in(case, found, name, host)


def _relay_in(case: Case, found: Spf, name: str, host: str) -> Said:
    if is_direct(case.dns, host):
        return _own_in(case, found, name)
    where = f"SPF of {found.domain}: relays.{name}"
    addresses = case.dns.addresses(host).values
    named = any(are_related(included, host) for included in found.includes)
    if named or any(found.allows(address) for address in addresses):
        return well(f"{where}: {host} is provided for")
    return note(
        f"{where}: nothing in it speaks of {host}; which addresses the relay sends from cannot be "
        "told from here",
        "look up in the provider's papers what to include, or judge a received proof with digest "
        "doctor message.eml",
    )


def _own_in(case: Case, found: Spf, name: str) -> Said:
    where = f"SPF of {found.domain}: relays.{name} delivers by itself"
    try:
        survey = survey_relay(case, name)
    except DigestError:
        return note(f"{where}, and it does not answer now", "RELAY-2 says why")
    there = case.dns.addresses(survey.calls_itself).values if survey else ()
    own = [address for address in there if is_public(ipaddress.ip_address(address))]
    missing = [address for address in own if not found.allows(address)]
    if own and not missing:
        return well(f"{where}: {', '.join(own)} may")
    if missing:
        return warn(
            f"{where} from {', '.join(missing)}, which the record does not allow",
            "add ip4: or ip6: with that address, or mx if it is your mail server",
        )
    return note(f"{where}, under a name without a public address", "PTR-1 says more")


def is_direct(dns: Dns, host: str) -> bool:
    """Return whether a relay is a mail server of our own, on this machine or in its network."""
    if is_here(host):
        return True
    addresses = dns.addresses(host).values or ((host,) if host[:1].isdigit() else ())
    try:
        found = [ipaddress.ip_address(address) for address in addresses]
    except ValueError:
        return False
    return bool(found) and not any(is_public(address) for address in found)
