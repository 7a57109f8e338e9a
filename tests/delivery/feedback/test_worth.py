"""Of what was delivered or is late, only what may settle an open copy is worth a write."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.worth import STEP, worth_taking
from digest.models import DeliveryState, Issue, IssueState
from tests.delivery.feedback.postbag import BEGAN, Postbag

ANNA, BEN = "anna@example.org", "ben@example.org"


def event(recipient: str, kind: FeedbackKind = FeedbackKind.DELIVERED) -> Feedback:
    return Feedback(kind, BEGAN + timedelta(hours=1), recipient)


def worth(postbag: Postbag, *events: Feedback) -> list[str]:
    with postbag.db.read() as session:
        return [one.recipient for one in worth_taking(session, postbag.sealer, events)]


@pytest.mark.parametrize("kind", [FeedbackKind.DELIVERED, FeedbackKind.DEFERRED])
def test_evidence_is_worth_it_for_a_copy_in_doubt(postbag: Postbag, kind: FeedbackKind) -> None:
    anna, ben = postbag.add_reader(ANNA), postbag.add_reader(BEN)
    postbag.send(anna, state=DeliveryState.UNCERTAIN)
    postbag.send(ben)

    told = [
        event(who, kind) for who in (ANNA, BEN, "nobody@example.net", "nobody", "Anna@Example.Org")
    ]

    assert worth(postbag, *told) == [ANNA, "Anna@Example.Org"]


def test_evidence_is_worth_it_while_the_answer_is_awaited(postbag: Postbag) -> None:
    row = postbag.send(postbag.add_reader(ANNA), state=DeliveryState.DOTTED)
    with postbag.db.write() as session:
        session.execute(update(Issue).values(state=IssueState.SENDING))

    assert worth(postbag, event(ANNA)) == [ANNA]
    postbag.set_state(row, DeliveryState.ACCEPTED)
    assert worth(postbag, event(ANNA)) == []


@pytest.mark.parametrize(
    "kind", [FeedbackKind.BOUNCED, FeedbackKind.COMPLAINED, FeedbackKind.UNSUBSCRIBED]
)
def test_everything_else_is_worth_it(postbag: Postbag, kind: FeedbackKind) -> None:
    assert worth(postbag, event("nobody@example.net", kind)) == ["nobody@example.net"]


def test_more_than_one_statement_holds(postbag: Postbag) -> None:
    postbag.send(postbag.add_reader(ANNA), state=DeliveryState.UNCERTAIN)
    many = [event(f"a{n}@example.net") for n in range(STEP + 10)]

    assert worth(postbag, *many, event(ANNA)) == [ANNA]
