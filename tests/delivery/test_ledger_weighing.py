"""What evidence is worth."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.delivery.ledger.weighing import SETTLING, Evidence, EvidenceKind, weigh
from digest.models import DeliveryState

DOTTED = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
LATER = DOTTED + SETTLING


def said(kind: EvidenceKind, at: datetime = LATER) -> Evidence:
    return Evidence(1, kind, "log of main", at)


@pytest.mark.parametrize(
    ("kind", "to"),
    [
        (EvidenceKind.ACCEPTED, DeliveryState.ACCEPTED),
        (EvidenceKind.REFUSED, DeliveryState.REJECTED),
        (EvidenceKind.UNKNOWN_TO_RELAY, DeliveryState.PENDING),
    ],
)
def test_evidence_ends_a_doubt(kind, to) -> None:
    assert weigh(said(kind), DeliveryState.UNCERTAIN, DOTTED) is to


@pytest.mark.parametrize("kind", EvidenceKind)
@pytest.mark.parametrize("state", sorted(set(DeliveryState) - {DeliveryState.UNCERTAIN}))
def test_row_without_a_doubt_hears_no_evidence(kind, state) -> None:
    assert weigh(said(kind), state, DOTTED) is None


def test_relay_that_was_not_watched_long_enough_proves_nothing() -> None:
    """The sender may have been stopped between the commit and the dot, and still write it."""
    early = said(EvidenceKind.UNKNOWN_TO_RELAY, LATER - timedelta(seconds=1))

    assert weigh(early, DeliveryState.UNCERTAIN, DOTTED) is None


def test_positive_evidence_may_be_older_than_the_dot() -> None:
    """The relay's clock need not agree with ours."""
    assert weigh(said(EvidenceKind.ACCEPTED, DOTTED), DeliveryState.UNCERTAIN, LATER)
