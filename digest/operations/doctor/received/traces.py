"""What machines on the way wrote into a message: Authentication-Results (RFC 8601), Received (RFC
5321, 4.4) and ARC (RFC 8617), read; pure.
"""

import re
from dataclasses import dataclass

from digest.operations.doctor.names import are_related
from digest.operations.doctor.received.copy import Copy

_INNERMOST = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*([a-z0-9-]+)(?:/\d+)?\s*=\s*([a-z]+)(.*)$", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\b([a-z]+\.[a-z0-9.-]+)\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)
_HOP = re.compile(r"^from\s+(\S+).*?\sby\s+(\S+)(?:.*?\swith\s+([A-Za-z0-9]+))?", re.DOTALL)
_SECURED = re.compile(r"\bE?SMTPSA?\b|\bUTF8SMTPSA?\b|\bLMTPSA?\b|\bHTTPS\b|TLS", re.IGNORECASE)
_FROM_HERE = re.compile(r"\[(?:IPv6:)?(?:127\.[0-9.]{5,11}|::1)\]", re.IGNORECASE)
_INSIDE = frozenset({"lmtp", "lmtpa", "local", "http", "mapi"})


@dataclass(frozen=True, slots=True)
class Result:
    """What a receiver made of one method (``spf``, ``dkim``, ``dmarc``); `domain` is whose."""

    method: str
    result: str
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Hop:
    """One handing over between hosts."""

    sender: str
    receiver: str
    secured: bool

    @property
    def crosses(self) -> bool:
        """Whether it led from one house to another, over the open network."""
        return not are_related(self.sender, self.receiver)


def read_results(copy: Copy) -> tuple[str, list[Result]]:
    """Return who judged the message last and what they said; empty where nobody did.

    Only what the last receiver wrote counts, which stands at the top: anybody on the way may have
    written the others.
    """
    by, found = "", []
    for field in copy.all("authentication-results"):
        first, *rest = _uncommented(field.value).split(";")
        who = (first.split() or [""])[0].lower()
        if by and who != by:
            break
        by = who
        found += [result for part in rest if (result := _result(part)) is not None]
    return by, found


def _uncommented(text: str) -> str:
    while (shorter := _INNERMOST.sub(" ", text)) != text:
        text = shorter
    return text


def _result(part: str) -> Result | None:
    said = _RESULT.match(part)
    if said is None:
        return None
    about = {name.lower(): value for name, value in _PROPERTY.findall(said[3])}
    keys = ("header.d", "header.i", "smtp.mailfrom", "header.from", "smtp.helo")
    whose = next((about[key] for key in keys if key in about), "")
    return Result(said[1].lower(), said[2].lower(), whose.rpartition("@")[2].lower())


def read_hops(copy: Copy) -> list[Hop]:
    """Return the ways between hosts, the last first; what a machine handed to itself is left
    out.
    """
    hops = []
    for field in copy.all("received"):
        said = _HOP.match(field.value)
        if said is None:
            continue
        sender, receiver = _host(said[1]), _host(said[2])
        inside = (said[3] or "").lower() in _INSIDE or sender in {"localhost", "127.0.0.1", "::1"}
        # Whatever a program on the same machine called itself, the server wrote where it came from.
        if not inside and not _FROM_HERE.search(field.value[: said.start(2)]):
            hops.append(Hop(sender, receiver, _SECURED.search(field.value) is not None))
    return hops


def _host(word: str) -> str:
    return word.strip("[]();,").removeprefix("IPv6:").lower()


def read_arc(copy: Copy) -> tuple[int, str]:
    """Return how many machines passed the message on and sealed it, and what the last of them said
    of the seals before its own (``cv=``).
    """
    seals = copy.all("arc-seal")
    said = re.search(r"\bcv\s*=\s*([a-z]+)", seals[0].value) if seals else None
    return len(seals), said[1] if said else ""
