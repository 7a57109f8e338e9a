"""DMARC: the policy of a From domain, its organisational domain, and whether SPF and DKIM align
with it.

The organisational domain is found by the tree walk of the DNS that replaces the public suffix list
of RFC 7489 (section 4.10 of its successor, DMARCbis): of the names above a domain the highest with
a DMARC record, unless one says otherwise (``psd=``).
"""

import re
from dataclasses import dataclass, field

from digest.errors import BadInput
from digest.operations.doctor.dns.resolver import Dns
from digest.operations.doctor.dns.tags import read_tags
from digest.operations.doctor.names import parents_of

MOST_LABELS = 8  # names with more are walked from seven on
POLICIES = ("none", "quarantine", "reject")
_MAILTO = re.compile(r"mailto:[^@\s,!]+@[^@\s,!]+(![0-9]+[kmgt]?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC record: where it stands, what it asks for, how strictly names are compared."""

    domain: str
    policy: str = "none"
    subdomains: str = "none"
    rua: tuple[str, ...] = ()
    strict_dkim: bool = False
    strict_spf: bool = False
    percent: int = 100
    testing: bool = False
    psd: str = "u"
    faults: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Standing:
    """What the walk from a domain found: the record that counts for it, and its organisational
    domain. `error` is why receivers use none, `unknown` why nobody knows today.
    """

    domain: str
    organisation: str
    policy: Policy | None = None
    error: str = ""
    unknown: str = ""

    @property
    def asked_for(self) -> str:
        """Return what receivers are asked to do with mail of this domain that fails."""
        if self.policy is None:
            return "none"
        own = self.policy.domain == self.domain
        return self.policy.policy if own else self.policy.subdomains


def read_policy(text: str, domain: str) -> Policy:
    """Return a DMARC record as a receiver reads it; BadInput for what it would not use."""
    tags = read_tags(text)
    if next(iter(tags)) != "v" or tags["v"] != "DMARC1":
        raise BadInput("v= must come first and say DMARC1")
    policy = tags.get("p", "none").lower()
    faults = [] if "p" in tags else ["it has no p="]
    if policy not in POLICIES:
        raise BadInput(f"p={policy[:20]} is none of {', '.join(POLICIES)}")
    rua = tuple(part.strip() for part in tags.get("rua", "").split(",") if part.strip())
    if any(not _MAILTO.fullmatch(one) for one in rua):
        faults.append("rua= is not a list of mailto: addresses")
    percent = tags.get("pct", "100")
    return Policy(
        domain,
        policy,
        tags.get("sp", policy).lower(),
        rua,
        tags.get("adkim", "r").lower() == "s",
        tags.get("aspf", "r").lower() == "s",
        int(percent) if percent.isdecimal() and int(percent) <= 100 else 100,
        tags.get("t", "n").lower() == "y",
        tags.get("psd", "u").lower(),
        tuple(faults),
    )


def read_standing(dns: Dns, domain: str) -> Standing:
    """Walk up from a domain and return what counts for mail from it; it raises nothing."""
    found: list[Policy] = []
    for name in _walk(domain):
        answer = dns.txt(f"_dmarc.{name}")
        if answer.failed and (found or "." not in name):
            break  # what is further up changes little, and top-level domains are not ours to mend
        if answer.failed:
            return Standing(domain, domain, unknown=f"_dmarc.{name}: {answer.why}")
        records = [one for one in answer.values if one.replace(" ", "").startswith("v=DMARC1")]
        if len(records) > 1:
            error = f"_dmarc.{name} has {len(records)} records: receivers use none"
            return Standing(domain, domain, error=error)
        if not records:
            continue
        try:
            found.append(read_policy(records[0], name))
        except BadInput as error:
            return Standing(domain, domain, error=f"_dmarc.{name}: {error}")
        if found[-1].psd == "n":
            break
    organisation = _organisation(domain, found)
    usable = [one for one in found if one.psd != "y"]
    return Standing(domain, organisation, usable[0] if usable else None)


def _walk(domain: str) -> list[str]:
    names = parents_of(domain)
    if len(names) > MOST_LABELS:
        names = [names[0], *names[-(MOST_LABELS - 1) :]]
    return names


def _organisation(domain: str, found: list[Policy]) -> str:
    for policy in found:
        if policy.psd == "n":
            return policy.domain
        if policy.psd == "y" and policy.domain != domain:
            below = [name for name in parents_of(domain) if name.endswith(f".{policy.domain}")]
            return below[-1]
    return found[-1].domain if found else domain


def aligned(sender: Standing, other: Standing, *, strict: bool) -> bool:
    """Return whether a domain that passed SPF or DKIM counts for the From's."""
    if strict:
        return sender.domain == other.domain
    return sender.organisation == other.organisation
