"""The order in which a probe found the mirrors: kept, checked, taken back."""

import pytest
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.config import InitialConfig
from digest.curation.issues import new_issue
from digest.curation.newsletters import order_mirrors, present_order
from digest.db import Database
from digest.errors import BadInput
from digest.mirrors import Mirrored
from digest.models import Newsletter

MIRRORS = (
    Mirrored("pages", ("https://p1.example", "https://p2.example", "https://p0.example")),
    Mirrored("courier.example", ("https://m1.example", "https://courier.example")),
)


@pytest.fixture
def session(any_db: Database, clock: FixedClock):
    with any_db.write() as opened:
        furniture = InitialConfig().model_dump(mode="json", exclude={"sections"})
        row = Newsletter(slug="weekly", furniture=furniture, skip_dates=[], created_at=clock.now())
        opened.add(row)
        opened.flush()
        yield opened


def newsletter(session: Session) -> Newsletter:
    return session.query(Newsletter).one()


def test_order_is_kept_and_answered_whole(session: Session) -> None:
    row = newsletter(session)

    order = order_mirrors(session, row, MIRRORS, {"pages": ["https://p2.example"]})

    assert order == {
        "pages": ["https://p2.example", "https://p1.example", "https://p0.example"],
        "courier.example": ["https://m1.example", "https://courier.example"],
    }
    session.expire(row)
    assert row.mirror_order == {"pages": ["https://p2.example"]}


def test_what_an_order_does_not_speak_of_stays(session: Session) -> None:
    row = newsletter(session)
    order_mirrors(session, row, MIRRORS, {"pages": ["https://p2.example"]})

    order_mirrors(session, row, MIRRORS, {"courier.example": ["https://courier.example"]})

    assert row.mirror_order == {
        "pages": ["https://p2.example"],
        "courier.example": ["https://courier.example"],
    }


def test_empty_order_goes_back_to_the_operator_s(session: Session) -> None:
    row = newsletter(session)
    order_mirrors(session, row, MIRRORS, {"pages": ["https://p2.example"]})

    order = order_mirrors(session, row, MIRRORS, {"pages": []})

    assert order["pages"][0] == "https://p1.example"
    assert row.mirror_order is None


def test_what_is_mirrored_no_more_is_forgotten(session: Session) -> None:
    row = newsletter(session)
    order_mirrors(session, row, MIRRORS, {"pages": ["https://p2.example"]})

    order_mirrors(session, row, MIRRORS[1:], {"courier.example": ["https://m1.example"]})

    assert row.mirror_order == {"courier.example": ["https://m1.example"]}


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"www.example": []}, "'www.example' is not mirrored .*: pages, courier.example"),
        ({"pages": ["https://m1.example"]}, "'https://m1.example' is no mirror of pages .*p1"),
        ({"pages": ["https://p1.example"] * 2}, "pages: 'https://p1.example' is there twice"),
    ],
)
def test_wrong_order_is_refused_by_name_and_nothing_is_kept(
    session: Session, order: dict[str, list[str]], said: str
) -> None:
    row = newsletter(session)

    with pytest.raises(BadInput, match=said):
        order_mirrors(session, row, MIRRORS, {"courier.example": ["https://m1.example"], **order})

    assert row.mirror_order is None


def test_issue_keeps_the_order_it_was_frozen_with(session: Session, clock: FixedClock) -> None:
    row = newsletter(session)
    issue = new_issue(session, row, slot_date=None, now=clock.now())
    assert present_order(session, issue) is None

    order_mirrors(session, row, MIRRORS, {"pages": ["https://p2.example"]})
    assert present_order(session, issue) == {"pages": ["https://p2.example"]}

    issue.mirrors = {"pages": ["https://p0.example"]}
    assert present_order(session, issue) == {"pages": ["https://p0.example"]}
