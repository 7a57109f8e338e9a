"""A reader's choices: kept as block names, refused where there is no such thing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput, NotFound, Refused
from digest.models import ConsentEvent, Section, Subscription
from digest.subscribers.choices import choose_parts, note_support
from digest.subscribers.consent import ConsentKind

Reader = Callable[..., Subscription]


@pytest.fixture
def public_id(db: Database, newsletter_id: int, reader: Reader) -> str:
    with db.write() as session:
        session.add_all(
            Section(newsletter_id=newsletter_id, heading=heading, position=position)
            for position, heading in enumerate(("News", "Opinion"), 1)
        )
        return reader(session, newsletter_id, "anna@example.org").public_id


def section_id(session: Session, heading: str) -> int:
    return session.scalars(select(Section.id).where(Section.heading == heading)).one()


def test_choices_are_kept_by_block(db: Database, public_id: str, clock: FixedClock) -> None:
    with db.write() as session:
        chosen = choose_parts(
            session,
            public_id,
            edition="headlines",
            without=["opinion", "whole texts", "Opinion"],
            now=clock.now(),
            origin="page",
        )
        blocks = [f"section {section_id(session, 'Opinion')}", "whole texts"]

    with db.read() as session:
        found = session.scalars(select(Subscription)).one()
        last = session.scalars(select(ConsentEvent).order_by(ConsentEvent.id.desc())).first()
    assert chosen.id == found.id
    assert (found.edition, found.hidden_blocks) == ("headlines", blocks)
    assert last is not None
    assert last.kind == ConsentKind.CHANGED


def test_taking_everything_again_leaves_nothing_behind(
    db: Database, public_id: str, clock: FixedClock
) -> None:
    for without in (["Opinion"], []):
        with db.write() as session:
            choose_parts(
                session,
                public_id,
                edition="full",
                without=without,
                now=clock.now(),
                origin="page",
            )

    with db.read() as session:
        assert session.scalars(select(Subscription.hidden_blocks)).one() is None


@pytest.mark.parametrize(
    ("edition", "without", "said"),
    [
        ("half", [], "no edition is called 'half' .there are: full, headlines."),
        ("full", ["Sport"], "no part is called 'Sport' .there are: news, opinion, whole texts."),
        ("full", ["appeal"], "no part is called 'appeal'"),
    ],
)
def test_what_there_is_not_is_refused(
    db: Database, public_id: str, clock: FixedClock, edition: str, without: list[str], said: str
) -> None:
    with pytest.raises(BadInput, match=said), db.write() as session:
        choose_parts(
            session, public_id, edition=edition, without=without, now=clock.now(), origin="page"
        )


def test_support_is_kept_until_an_instant_and_taken_back(
    db: Database, public_id: str, clock: FixedClock
) -> None:
    until = clock.now() + timedelta(days=365)
    for given in (until, None):
        with db.write() as session:
            assert note_support(session, public_id, given, guarded=False).supports_until == given


def test_a_guarded_newsletter_keeps_nothing_of_support(
    db: Database, public_id: str, clock: FixedClock
) -> None:
    with pytest.raises(Refused, match="guarded"), db.write() as session:
        note_support(session, public_id, clock.now(), guarded=True)
    with pytest.raises(NotFound), db.write() as session:
        note_support(session, "nobody", None, guarded=True)
