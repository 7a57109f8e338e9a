"""What is said of a received copy, check by check; pure but for the keys that are looked up."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from digest.operations.doctor.findings import Finding, Said, how_many, note, warn, well, wrong
from digest.operations.doctor.names import are_related
from digest.operations.doctor.received.copy import Copy
from digest.operations.doctor.received.signatures import FindKey, Outcome, Verified, verify_all
from digest.operations.doctor.received.traces import read_arc, read_hops, read_results

CLIPPED = 100_000  # bytes of HTML; Gmail cuts off what is beyond, the way to leave among it
HEAVY = 10_000_000  # octets of a whole message; some receivers refuse more
LEAVING = ("list-unsubscribe", "list-unsubscribe-post")
ONCE = (
    *("from", "to", "subject", "date", "message-id", "mime-version", "list-id", "reply-to"),
    *LEAVING,
)
SLOW = timedelta(hours=1)

Together = Callable[[str, str], bool]
"""Whether a domain counts for the From's, as DMARC sees it."""


@dataclass(frozen=True)
class Received:
    """A copy with its signatures verified, and who decides which domains belong together."""

    copy: Copy
    signatures: tuple[Verified, ...]
    together: Together = are_related

    @property
    def sender(self) -> str:
        """Return the domain of the From; empty without one."""
        return (self.copy.domains("from") or [""])[0]

    def counts(self, one: Verified) -> bool:
        """Return whether a signature is of the From's house."""
        return bool(one.domain) and self.together(self.sender, one.domain)


def judge_copy(copy: Copy, find_key: FindKey, together: Together = are_related) -> list[Finding]:
    """Return what all of COPY_CHECKS say of a message."""
    received = Received(copy, tuple(verify_all(copy, find_key)), together)
    return [
        Finding(id, said.level, said.text, said.hint)
        for id, check in COPY_CHECKS.items()
        for said in check(received)
    ]


def check_results(received: Received) -> Iterator[Said]:
    """COPY-1: the receiver itself found SPF, DKIM and DMARC to pass."""
    by, results = read_results(received.copy)
    if not by:
        yield note(
            "no receiver wrote down what it made of it (Authentication-Results)",
            "save the mail where it arrived, not from the folder of sent mail",
        )
        return
    for method in ("spf", "dkim", "dmarc"):
        said = [one for one in results if one.method == method]
        passed = next((one for one in said if one.result == "pass"), None)
        if passed is not None:
            of = f" for {passed.domain}" if passed.domain else ""
            yield well(f"{by} says {method}=pass{of}")
        elif not said:
            yield note(f"{by} says nothing of {method}", "nothing, if the others pass")
        else:
            say = wrong if method == "dmarc" and said[0].result == "fail" else warn
            yield say(
                f"{by} says {method}={said[0].result}"
                + (f" for {said[0].domain}" if said[0].domain else ""),
                "digest doctor --online looks at the records",
            )


def check_signatures(received: Received) -> Iterator[Said]:
    """COPY-2: a signature of the sender's domain is there, and what it signed arrived unchanged."""
    if not received.signatures:
        yield wrong(
            "it has no DKIM signature: one-click leaving is not offered, and bulk mail is refused",
            "let the relay sign, or Friday: digest dkim new",
        )
        return
    for one in received.signatures:
        yield _judge_signature(one)
        if one.limited:
            yield warn(
                f"the signature of {one.domain} covers only a part of the body (l=)",
                "have who signs leave l= out: anything can be added below",
            )
    if not any(received.counts(one) for one in received.signatures):
        yield wrong(
            f"no signature is of {received.sender}",
            "sign with d= of the From's domain: with another one DMARC fails",
        )


def _judge_signature(one: Verified) -> Said:
    name = f"signature of {one.domain} ({one.selector})"
    if one.outcome is Outcome.VALID:
        return well(f"{name}: valid")
    if one.outcome is Outcome.NO_KEY:
        return note(f"{name}: {one.outcome}: {one.why}", "--online asks the DNS, --key takes a key")
    if one.outcome is Outcome.UNUSABLE:
        return wrong(f"a signature cannot be used: {one.why}", "look at who signs")
    return wrong(
        f"{name}: {one.outcome}",
        "a relay, list or virus filter behind the one who signed changes mail: have it changed "
        "before it is signed, or not at all",
    )


def check_leaving(received: Received) -> Iterator[Said]:
    """COPY-3: the headers for leaving by one click survived, and the signature covers them."""
    copy = received.copy
    target, post = copy.first("list-unsubscribe"), copy.first("list-unsubscribe-post")
    if target is None or post is None:
        lost = " and ".join(
            name for name, there in (("List-Unsubscribe", target), ("-Post", post)) if there is None
        )
        signed = any(name in one.signed for one in received.signatures for name in LEAVING)
        yield wrong(
            f"{lost} is missing"
            + (", though it was signed: somebody took it out" if signed else ""),
            "no relay may strip it; a provider that manages lists itself has to be told not to",
        )
        return
    if not re.search(r"<https://[^>\s]+>", target) or "\n" in target:
        yield wrong(
            "List-Unsubscribe has no https:// address", "set web.public_url to an https one"
        )
    elif post != "List-Unsubscribe=One-Click":
        yield wrong("List-Unsubscribe-Post is not as RFC 8058 wants it", "find out who changed it")
    else:
        yield well("the headers for leaving by one click are there")
    covering = [one for one in received.signatures if all(name in one.signed for name in LEAVING)]
    if any(one.outcome is Outcome.VALID for one in covering):
        yield well("a valid signature covers them")
    elif not covering:
        yield wrong(
            "no signature covers them, so mail programs do not offer to leave by one click",
            "have who signs list both in h=",
        )
    else:
        yield note(
            "whether the signature that covers them is valid is not known",
            "--online asks the DNS for the key",
        )


def check_alignment(received: Received) -> Iterator[Said]:
    """COPY-4: From, Return-Path and signatures are of one house."""
    copy, sender = received.copy, received.sender
    if len(copy.domains("from")) != 1:
        yield wrong("it does not have exactly one From address", "look at what changed it")
        return
    returned = copy.domains("return-path")
    if not returned:
        yield note("it has no Return-Path", "the mail server that delivered it wrote none")
    elif received.together(sender, returned[0]):
        yield well(f"From and Return-Path are both of {sender}")
    else:
        by_dkim = any(received.counts(one) for one in received.signatures)
        say = note if by_dkim else wrong
        yield say(
            f"From is {sender}, Return-Path {returned[0]}: SPF vouches for the second only",
            "usual with a provider that handles bounces; the signature must then be yours",
        )
    others = [one.domain for one in received.signatures if not received.counts(one)]
    if own := [one.domain for one in received.signatures if received.counts(one)]:
        yield well(f"the signature of {own[0]} counts for {sender}")
    if others:
        yield well(f"signed by {', '.join(dict.fromkeys(others))} as well")


def check_way(received: Received) -> Iterator[Said]:
    """COPY-5: it went from house to house under TLS."""
    crossing = [hop for hop in read_hops(received.copy) if hop.crosses]
    bare = [hop for hop in crossing if not hop.secured]
    for hop in bare:
        yield warn(
            f"from {hop.sender} to {hop.receiver} it went without TLS, as far as is written there",
            "let the relay use TLS wherever it is offered (Postfix: smtp_tls_security_level = may)",
        )
    if crossing and not bare:
        yield well(f"under TLS from house to house ({how_many(len(crossing), 'way')})")
    if not crossing:
        yield note(
            "no Received header tells of a way between houses", "save the mail as it arrived"
        )


def check_size(received: Received) -> Iterator[Said]:
    """COPY-6: nothing is cut off or refused for its size."""
    copy = received.copy
    text = f"{copy.size:,} bytes, {copy.html_size:,} of them HTML"
    if copy.html_size > CLIPPED:
        yield warn(f"{text}: mail programs cut off what is beyond 100,000", "shorten the issue")
    elif copy.size > HEAVY:
        yield warn(f"{text}: some receivers refuse that", "link pictures, do not embed them")
    else:
        yield well(text)


def check_forwarding(received: Received) -> Iterator[Said]:
    """COPY-7: nobody passed it on, or those who did sealed it (ARC)."""
    seals, said = read_arc(received.copy)
    if not seals:
        yield well("no machine says that it passed it on (ARC)")
    elif said == "fail":
        yield warn(
            "passed on, and the chain of seals is broken (ARC, cv=fail)", "judge another copy"
        )
    else:
        yield note(
            f"passed on, and sealed by {how_many(seals, 'machine')} (ARC)",
            "what they changed is theirs: judge a copy that came without a detour, too",
        )


def check_headers(received: Received) -> Iterator[Said]:
    """COPY-8: headers that stand once still do, and it came when it was sent."""
    copy = received.copy
    doubled = [name for name in ONCE if len(copy.all(name)) > 1]
    for name in doubled:
        yield wrong(f"{name} is there twice, which Gmail refuses", "find out who added one")
    if not copy.all("message-id"):
        yield wrong("it has no Message-ID", "find out who took it out")
    elif not doubled:
        yield well("each header that may stand once does")
    sent, came = _moment(copy.first("date")), _arrival(copy)
    if sent is None:
        yield wrong("its Date cannot be read", "find out who changed it")
    elif came is not None and came - sent > SLOW:
        yield note(
            f"it arrived {_span(came - sent)} after its Date", "a relay held it, or put it off"
        )
    elif came is not None and sent - came > SLOW:
        yield warn(
            f"its Date is {_span(sent - came)} after its arrival", "set a clock right (CLOCK-1)"
        )


def _arrival(copy: Copy) -> datetime | None:
    return _moment((copy.first("received") or "").rpartition(";")[2])


def _moment(text: str | None) -> datetime | None:
    try:
        found = parsedate_to_datetime((text or "").strip())
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _span(span: timedelta) -> str:
    return how_many(round(span / timedelta(hours=1)), "hour")


COPY_CHECKS: dict[str, Callable[[Received], Iterator[Said]]] = {
    "COPY-1": check_results,
    "COPY-2": check_signatures,
    "COPY-3": check_leaving,
    "COPY-4": check_alignment,
    "COPY-5": check_way,
    "COPY-6": check_size,
    "COPY-7": check_forwarding,
    "COPY-8": check_headers,
}
