"""The table of classes, a line of it at a time, and that reputation never counts against a
reader.
"""

import pytest

from digest.delivery.feedback.classes import BounceClass, classify
from digest.delivery.feedback.events import Phase
from digest.delivery.outcome import Scope, scope_of

HARD, NO_DOMAIN, DISABLED = BounceClass.HARD, BounceClass.NO_DOMAIN, BounceClass.DISABLED
SOFT, POLICY, MESSAGE = BounceClass.SOFT, BounceClass.POLICY, BounceClass.MESSAGE
SETUP, TRANSPORT = BounceClass.SETUP, BounceClass.TRANSPORT
RCPT, MAIL, DATA = Phase.RCPT, Phase.MAIL, Phase.DATA
CONNECT, UNKNOWN = Phase.CONNECT, Phase.UNKNOWN


@pytest.mark.parametrize(
    ("phase", "code", "status", "text", "expected"),
    [
        # RCPT 550 5.1.1 / 5.1.3 / 5.1.6 / 5.1.10, a DSN the same
        (RCPT, 550, "5.1.1", "no such user", HARD),
        (RCPT, 553, "5.1.3", "bad address syntax", HARD),
        (RCPT, 550, "5.1.6", "mailbox has moved", HARD),
        (UNKNOWN, 0, "5.1.10", "", HARD),
        (UNKNOWN, 550, "5.1.1", "", HARD),
        (RCPT, 550, "", "User unknown", HARD),
        (RCPT, 501, "5.1.3", "bad address", HARD),
        (UNKNOWN, 0, "5.1.0", "the domain has a null MX", HARD),
        # 5.1.2, and what Postfix says of NXDOMAIN
        (UNKNOWN, 0, "5.1.2", "", NO_DOMAIN),
        (UNKNOWN, 0, "5.4.4", "Host or domain name not found", NO_DOMAIN),
        (UNKNOWN, 0, "5.4.4", "unable to route", SOFT),
        # 5.2.1
        (RCPT, 550, "5.2.1", "mailbox disabled", DISABLED),
        # full, expired, 4.4.x
        (RCPT, 452, "4.2.2", "mailbox full", SOFT),
        (RCPT, 552, "5.2.2", "over quota", SOFT),
        (DATA, 552, "", "mailbox is full", SOFT),
        (UNKNOWN, 0, "4.4.7", "delivery time expired", SOFT),
        (UNKNOWN, 0, "4.4.1", "connection timed out", SOFT),
        (RCPT, 550, "5.1.0", "address rejected", SOFT),
        (RCPT, 550, "", "no", SOFT),
        # about us
        (RCPT, 550, "5.7.1", "", POLICY),
        (DATA, 550, "5.7.515", "access denied", POLICY),
        (DATA, 550, "5.7.26", "unauthenticated", POLICY),
        (DATA, 550, "5.7.32", "", POLICY),
        (UNKNOWN, 421, "4.7.28", "rate limited", POLICY),
        (RCPT, 550, "", "your address is blocked", POLICY),
        (RCPT, 554, "5.1.1", "poor reputation", POLICY),
        (RCPT, 550, "5.1.1", "see https://www.spamhaus.org/query/ip/192.0.2.1", POLICY),
        (UNKNOWN, 0, "5.0.0", "smtp; 550 5.7.1 message refused", POLICY),
        (DATA, 552, "5.7.0", "spam content", POLICY),  # a mailing list cost its members theirs
        # about the message
        (DATA, 552, "5.3.4", "message too big", MESSAGE),
        (RCPT, 552, "5.2.3", "message length exceeds limit", MESSAGE),
        (DATA, 552, "", "too much", MESSAGE),
        (UNKNOWN, 0, "5.6.1", "", MESSAGE),
        (DATA, 554, "", "transaction failed", MESSAGE),
        (UNKNOWN, 0, "5.3.0", "said: 554 no (in reply to end of DATA command)", MESSAGE),
        (DATA, 550, "5.1.1", "", HARD),
        (DATA, 550, "5.2.1", "", DISABLED),
        # our set-up
        (MAIL, 550, "", "sender refused", SETUP),
        (RCPT, 530, "", "authentication required", SETUP),
        (RCPT, 535, "5.7.8", "", SETUP),
        (RCPT, 534, "5.7.9", "", SETUP),
        (RCPT, 503, "", "bad sequence", SETUP),
        (RCPT, 501, "", "syntax", SETUP),
        (UNKNOWN, 0, "5.1.8", "bad sender's domain", SETUP),
        # no connection
        (CONNECT, 421, "", "try again later", TRANSPORT),
        (CONNECT, 0, "", "connection refused", TRANSPORT),
    ],
)
def test_line_of_the_table(
    phase: Phase, code: int, status: str, text: str, expected: BounceClass
) -> None:
    assert classify(phase, code, status, text) is expected


@pytest.mark.parametrize("detail", range(80))
def test_no_status_of_policy_ever_counts(detail: int) -> None:
    for first in "45":
        status = f"{first}.7.{detail}"
        for phase in Phase:
            assert not classify(phase, 550, status, "user unknown").is_about_reader


@pytest.mark.parametrize(
    ("code", "text", "scope"),
    [
        (550, "5.1.1 no such user", Scope.READER),
        (550, "5.7.1 no", Scope.POLICY),
        (552, "5.3.4 big", Scope.MESSAGE),
        (535, "5.7.8 no", Scope.SETUP),
    ],
)
def test_judgement_of_a_run_and_that_of_a_reader_agree(code: int, text: str, scope: Scope) -> None:
    """The breaker judges a run by `scope_of`; no reader pays for what stops a run."""
    assert scope_of(code, text) is scope
    assert classify(RCPT, code, "", text).is_about_reader is (scope is Scope.READER)
