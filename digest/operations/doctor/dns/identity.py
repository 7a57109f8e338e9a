"""DKIM and DMARC for every newsletter: are the keys published, is there a policy, and does what
passes count for the From?
"""

from collections.abc import Iterator

from digest.delivery.dkim.keys import load_keys
from digest.errors import ConfigError
from digest.operations.doctor.case import Case, side_by_side
from digest.operations.doctor.dns.dkim import judge_key
from digest.operations.doctor.dns.dmarc import Standing, aligned, read_standing
from digest.operations.doctor.dns.sending import return_domain
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.doctor.names import domain_of

AGAIN = "ask again; if it stays, look at that zone's name servers"


def check_dkim(case: Case) -> Iterator[Said]:
    """DKIM-1: the public half of each key that signs is published, and strong enough."""
    for newsletter in case.app.config.newsletters:
        try:
            keys = load_keys(newsletter.dkim, newsletter.sender.address)
        except ConfigError:
            continue  # KEYS-3 says it
        for key in keys:
            name = key.dns_record().name
            answer = case.dns.txt(name)
            if answer.failed:
                yield warn(f"{name}: {answer.why}", AGAIN)
            elif answer.empty:
                yield wrong(f"{name}: {answer.fate}", "publish it: digest dkim show prints it")
            else:
                yield from judge_key(key, answer.values)


def standing_of(case: Case, domain: str) -> Standing:
    """Return what DMARC says of a domain, looked up once."""
    return case.once(("dmarc", domain), lambda: read_standing(case.dns, domain))


def check_dmarc(case: Case) -> Iterator[Said]:
    """DMARC-1: each sender's domain has a DMARC record that receivers can use."""
    senders = dict.fromkeys(domain_of(n.sender.address) for n in case.app.config.newsletters)
    for found in side_by_side(lambda domain: standing_of(case, domain), senders):
        yield from judge_dmarc(found)


def judge_dmarc(found: Standing) -> Iterator[Said]:
    """Judge what DMARC says of a From's domain."""
    name = f"DMARC of {found.domain}"
    if found.unknown:
        yield warn(f"{name}: {found.unknown}", AGAIN)
    elif found.error:
        yield wrong(f"{name}: {found.error}", f"correct _dmarc.{found.organisation}")
    elif found.policy is None:
        yield wrong(
            f"{name}: there is no record, and large receivers refuse bulk mail without one",
            f'publish _dmarc.{found.domain} TXT "v=DMARC1; p=none; rua=mailto:…"',
        )
    else:
        policy = found.policy
        at = "" if policy.domain == found.domain else f", from {policy.domain}"
        yield well(f"{name}: p={found.asked_for}{at}, organisation {found.organisation}")
        for fault in policy.faults:
            yield warn(f"{name}: {fault}", f"correct _dmarc.{policy.domain}")
        if not policy.rua:
            yield warn(
                f"{name}: no rua, so nobody is told who sends in your name",
                f"add rua=mailto:… to _dmarc.{policy.domain}",
            )
        if policy.percent < 100 or policy.testing:
            yield note(f"{name}: it is on trial (pct, t)", "take that out when reports are clean")


def check_alignment(case: Case) -> Iterator[Said]:
    """DMARC-2: the envelope sender's domain, and that of each signature, count for the From."""
    for newsletter in case.app.config.newsletters:
        sender = standing_of(case, domain_of(newsletter.sender.address))
        if sender.unknown or sender.error:
            continue  # DMARC-1 says it
        signing = [each.domain or sender.domain for each in newsletter.dkim]
        others = dict.fromkeys([return_domain(newsletter), *signing])
        found = dict(
            zip(others, side_by_side(lambda one: standing_of(case, one), others), strict=True)
        )
        if broken := [one for one in found.values() if one.unknown or one.error]:
            why = broken[0].unknown or broken[0].error
            yield warn(f"{newsletter.slug}: what counts for the From cannot be told: {why}", AGAIN)
            continue
        yield from judge_alignment(
            newsletter.slug, sender, found[return_domain(newsletter)], [found[d] for d in signing]
        )


def judge_alignment(
    slug: str, sender: Standing, returned: Standing, signing: list[Standing]
) -> Iterator[Said]:
    """Judge which of SPF and DKIM count for the From."""
    strict_spf = sender.policy is not None and sender.policy.strict_spf
    strict_dkim = sender.policy is not None and sender.policy.strict_dkim
    by_spf = aligned(sender, returned, strict=strict_spf)
    lost = [one for one in signing if not aligned(sender, one, strict=strict_dkim)]
    by_dkim = len(lost) < len(signing)
    for one in lost:
        yield warn(
            f"{slug}: signatures of {one.domain} do not count for {sender.domain}",
            "sign with d= of the From's domain, or set adkim=r",
        )
    if by_spf:
        yield well(f"{slug}: SPF of {returned.domain} counts for {sender.domain}")
    else:
        say = warn if by_dkim or not signing else wrong
        yield say(
            f"{slug}: SPF of {returned.domain} does not count for {sender.domain}"
            + (" (aspf=s wants the same name)" if strict_spf else ""),
            f"use a bounce_address at {sender.domain} or below it",
        )
    if by_dkim and signing:
        yield well(f"{slug}: our signature counts for {sender.domain}")
