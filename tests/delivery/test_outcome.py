"""What a reply means, for whom, and what follows."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.judgement import blames_setup, settle_outcome
from digest.delivery.outcome import (
    Accepted,
    Deferred,
    GiveUp,
    Outcome,
    Rejected,
    Retry,
    Scope,
    Uncertain,
    next_try,
    scope_of,
    short_reply,
    unnamed,
)

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
WINDOW = timedelta(hours=48)


@pytest.mark.parametrize(
    ("code", "text", "scope"),
    [
        (550, "5.1.1 no such user", Scope.READER),
        (550, "mailbox unavailable", Scope.READER),
        (550, "5.7.1 message refused by policy", Scope.POLICY),
        (550, "5.7.515 access denied", Scope.POLICY),
        (421, "4.7.28 rate limited", Scope.POLICY),
        (552, "5.2.3 message too large", Scope.MESSAGE),
        (552, "5.7.0 content rejected", Scope.POLICY),
        (554, "5.6.0 bad content", Scope.MESSAGE),
        (535, "5.7.8 authentication failed", Scope.SETUP),
        (530, "authentication required", Scope.SETUP),
        (503, "bad sequence", Scope.SETUP),
        (501, "5.1.3 bad recipient address syntax", Scope.READER),
        (501, "syntax error", Scope.SETUP),
    ],
)
def test_reply_blames_the_right_one(code: int, text: str, scope: Scope) -> None:
    assert scope_of(code, text) is scope


def test_only_a_refusal_of_our_setup_blames_it() -> None:
    assert blames_setup(Rejected(535, "5.7.8 no"))
    assert not blames_setup(Rejected(550, "5.1.1 no"))
    assert not blames_setup(Deferred(451, "later"))
    assert not blames_setup(None)


@given(attempt=st.integers(1, 60), seed=st.integers())
def test_next_try_is_at_least_half_an_hour_off_and_at_most_five(attempt: int, seed: int) -> None:
    decision = next_try(attempt, now=NOW, window=WINDOW, jitter=random.Random(seed))

    if isinstance(decision, Retry):
        assert timedelta(minutes=30) <= decision.at - NOW <= timedelta(hours=4.8)
    else:
        assert isinstance(decision, GiveUp)


def test_delays_of_all_tries_together_fit_the_window() -> None:
    """Only they spend it: how late a try came for other reasons does not matter."""
    now, attempt = NOW, 1
    while isinstance(
        decision := next_try(attempt, now=now, window=WINDOW, jitter=random.Random(0)), Retry
    ):
        now, attempt = decision.at, attempt + 1

    assert WINDOW - timedelta(hours=4) < now - NOW <= WINDOW * 1.2


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [
        (Accepted(250, "ok", "Q1"), "accepted", ""),
        (Deferred(451, "4.7.1 greylisted"), "pending", ""),
        (Rejected(550, "5.1.1 unknown"), "rejected", "refused"),
        (Rejected(550, "5.7.1 blocked"), "rejected", "policy"),
        (Rejected(0, "", "smtputf8"), "rejected", "smtputf8"),
        (Uncertain("timed out"), "uncertain", "no reply"),
    ],
)
def test_outcome_settles_its_row(outcome: Outcome, state: str, reason: str) -> None:
    settled = settle_outcome(
        7,
        outcome,
        epoch=3,
        attempt=1,
        now=NOW,
        window=WINDOW,
        jitter=random.Random(1),
    )

    assert (settled.state, settled.reason, settled.epoch) == (state, reason, 3)


def test_deferred_at_the_end_of_its_window_expires() -> None:
    settled = settle_outcome(
        7,
        Deferred(451, "later"),
        epoch=None,
        attempt=15,
        now=NOW,
        window=WINDOW,
        jitter=random.Random(1),
    )

    assert (settled.state, settled.next_at) == ("expired", None)


def test_kept_reply_names_nobody() -> None:
    assert short_reply("550 <anna@example.org>\r\n unknown") == "550 <‹address›> unknown"
    assert len(short_reply("x" * 1000)) == 300


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("5.1.1 <Ada.Byron@mail.example>: no such user", "5.1.1 <‹address›>: no such user"),
        ("5.1.1 no mailbox ada.byron here", "5.1.1 no mailbox ‹reader› here"),
        ("5.1.1 ADA.BYRON unknown", "5.1.1 ‹reader› unknown"),
        (
            "5.7.1 blocked, see https://help.example/ada",
            "5.7.1 blocked, see https://help.example/ada",
        ),
        ("5.1.1 radaxbyrons unknown", "5.1.1 radaxbyrons unknown"),
    ],
)
def test_outcome_does_not_name_its_reader(said: str, kept: str) -> None:
    assert unnamed(Rejected(550, said), "ada.byron@mail.example") == Rejected(550, kept)


@pytest.mark.parametrize("kind", [Accepted, Deferred, Rejected])
def test_unnamed_outcome_is_otherwise_the_same(kind: type) -> None:
    assert unnamed(kind(299, "for ada: ok"), "ada@mail.example") == kind(299, "for ‹reader›: ok")
    assert unnamed(Uncertain("ada?"), "ada@mail.example") == Uncertain("‹reader›?")
