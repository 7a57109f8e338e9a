"""What a failure means, by status code and by the phase it came in: one pure judgement, for bounces
that come back as for refusals in the session.

=====================================================  ===========  ==========================
evidence                                               class        counts against the reader
=====================================================  ===========  ==========================
x.7.x, "blocked", "reputation", names of block lists   POLICY       never: it is about us
530, 535, 5.7.8, 5.7.9, 501, 503; 5xx to MAIL;         SETUP        never
5.1.7, 5.1.8 (our own sender's address)
no connection, no TLS, a 421 in place of a banner      TRANSPORT    never
5.3.4, 5.2.3, x.6.x, 552 for size, 5xx at the dot      MESSAGE      never
without 5.1.x or 5.2.x
5.1.1, 5.1.3, 5.1.6, 5.1.10; no status, and words      HARD         at once
that say there is nobody of that name
5.1.2; 5.4.4 with words for "no such domain"           NO_DOMAIN    after 2 issues
5.2.1 disabled                                         DISABLED     after 2 issues in a row
4.2.2, 5.2.2 full; 4.x.x at the end of the retries;    SOFT         after 4 issues in a row
x.4.x; what is left
=====================================================  ===========  ==========================

Words about reputation win over every code, and doubt is decided in the reader's favour. Status
codes are those of RFC 3463 and its registry.
"""

import enum
import re

from digest.delivery.feedback.events import Phase
from digest.delivery.feedback.parts import phase_in
from digest.delivery.outcome import enhanced_status

ABOUT_US = re.compile(
    r"""\b[45]\.7\.\d{1,3}\b
      | \bblocked\b | \bblacklist | \bblocklist | \bblack-list | \bblock\s+list | reputation
      | spamhaus | \bdnsbl\b | \brbl\b | spamcop | barracuda | sorbs | senderscore | \bspam\b
      | \bdmarc\b | \bspf\b | \bdkim\b | \bpolicy\b | greylist | unsolicited""",
    re.IGNORECASE | re.VERBOSE,
)
NOBODY = re.compile(
    r"""user\s+(?:is\s+)?(?:unknown|not\s+found|doesn'?t\s+exist|does\s+not\s+exist)
      | unknown\s+(?:user|recipient|mailbox|local\s+part|address)
      | no\s+such\s+(?:user|mailbox|recipient|address|account|person)
      | no\s+mailbox\s+(?:here|by\s+that\s+name) | invalid\s+(?:recipient|mailbox|user)
      | (?:recipient|mailbox|account|address|user)\s+(?:address\s+)?(?:does\s+not|doesn'?t)\s+exist
      | (?:recipient|mailbox|account)\s+(?:was\s+)?not\s+found | not\s+a\s+valid\s+(?:user|mailbox)
      | not\s+listed\s+in\s+(?:domino|the\s+directory) | no\s+longer\s+(?:exists|valid)
      | user\s+doesn'?t\s+have\s+an?\s+\S+\s+account
      | addressee\s+unknown | recipient\s+unknown | nullmx | null\s+mx""",
    re.IGNORECASE | re.VERBOSE,
)
NO_SUCH_DOMAIN = re.compile(
    r"""nxdomain | host\s+or\s+domain\s+name\s+not\s+found | domain\s+(?:was\s+)?not\s+found
      | no\s+such\s+domain | domain\s+does\s+not\s+exist | unrouteable\s+(?:mail\s+)?domain
      | host\s+(?:unknown|not\s+found) | unknown\s+(?:host|domain) | bad\s+destination\s+host""",
    re.IGNORECASE | re.VERBOSE,
)
FULL = re.compile(r"mailbox\s+(?:is\s+)?full|quota", re.I)
TOO_LARGE = re.compile(r"message\s+(?:size|(?:is\s+)?too\s+(?:large|big))|maximum.{1,30}size", re.I)


class BounceClass(enum.StrEnum):
    """What a bounce or a refusal says, and about whom."""

    HARD = "hard"
    NO_DOMAIN = "no-domain"
    DISABLED = "disabled"
    SOFT = "soft"
    POLICY = "policy"
    MESSAGE = "message"
    SETUP = "setup"
    TRANSPORT = "transport"

    @property
    def is_about_reader(self) -> bool:
        """Whether it may count against an address."""
        return self in COUNTED


COUNTED = frozenset(
    {BounceClass.HARD, BounceClass.NO_DOMAIN, BounceClass.DISABLED, BounceClass.SOFT}
)
DEAD = frozenset({"5.1.1", "5.1.3", "5.1.6", "5.1.10"})
OUR_SENDER = frozenset({"1.7", "1.8"})
NOT_ALLOWED = frozenset({"7.8", "7.9"})


def classify(phase: Phase, code: int, status: str, text: str) -> BounceClass:
    """Return the class of a failure that is final: a bounce, a refusal, or the last of its retries.

    `code` is the SMTP reply's, 0 where nobody gives it; `status` may be empty, then it is looked
    for in the text, and so is the phase.
    """
    status = status or enhanced_status(text)
    status = "" if status.startswith("2") else status  # a version number, or nonsense
    subject = status[2:]  # "1.1" of 5.1.1
    phase = phase or phase_in(text)
    if subject in NOT_ALLOWED or subject in OUR_SENDER:
        return BounceClass.SETUP
    if subject.startswith("7.") or ABOUT_US.search(text):
        return BounceClass.POLICY
    if not subject.startswith("1.") and code in {501, 503, 530, 535}:
        return BounceClass.SETUP
    if phase is Phase.CONNECT:
        return BounceClass.TRANSPORT
    if _is_about_message(phase, code, status, text):
        return BounceClass.MESSAGE
    if phase is Phase.MAIL and code >= 500:
        return BounceClass.SETUP
    return _of_address(status, text)


def _is_about_message(phase: Phase, code: int, status: str, text: str) -> bool:
    subject = status[2:]
    if subject.startswith("6.") or subject in {"3.4", "2.3"}:
        return True
    if subject.startswith(("1.", "2.")) or FULL.search(text):
        return False
    if TOO_LARGE.search(text) or (code == 552 and phase is not Phase.RCPT):
        return True
    is_final = code >= 500 or status.startswith("5")
    return phase is Phase.DATA and is_final and not NOBODY.search(text)


def _of_address(status: str, text: str) -> BounceClass:
    if status in DEAD or (status.startswith("5.1.") and "null" in text.lower()):
        return BounceClass.HARD
    if status == "5.1.2" or (status in {"5.4.4", ""} and NO_SUCH_DOMAIN.search(text)):
        return BounceClass.NO_DOMAIN
    if status == "5.2.1":
        return BounceClass.DISABLED
    says_nothing = status in {"", "5.0.0", "5.1.0", "5.3.0", "5.5.0"}
    if says_nothing and NOBODY.search(text) and not FULL.search(text):
        return BounceClass.HARD
    return BounceClass.SOFT
