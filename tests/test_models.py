"""The tables keep their promises: named constraints, sealed personal values, one row where one is
meant.
"""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import DateTime, Enum, LargeBinary, select, text
from sqlalchemy.exc import IntegrityError

from digest import models
from digest.db import Database, UtcDateTime
from digest.models import (
    Base,
    Delivery,
    DeliveryState,
    Issue,
    IssueState,
    Newsletter,
    Origin,
    Section,
    Slot,
    SlotState,
)

AT = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
TABLES = Base.metadata.sorted_tables
MODELS = sorted((each.class_ for each in Base.registry.mappers), key=lambda model: model.__name__)
COLUMNS = [column for table in TABLES for column in table.columns]


def newsletter(**changes: Any) -> Newsletter:
    values = {"slug": "friday", "furniture": {}, "skip_dates": [], "created_at": AT}
    return Newsletter(**{**values, **changes})


def issue(paper: Newsletter, number: int, **changes: Any) -> Issue:
    values = {
        "public_id": f"issue{number}",
        "newsletter_id": paper.id,
        "number": number,
        "slot_date": date(2026, 11, 27),
        "state": IssueState.DRAFT,
        "topper": {},
        "quote": {},
        "numbers": [],
        "created_at": AT,
    }
    return Issue(**{**values, **changes})


def delivery(of: Issue, subscriber: int) -> Delivery:
    return Delivery(
        issue_id=of.id,
        subscriber_id=subscriber,
        state=DeliveryState.PENDING,
        origin=Origin.AUDIENCE,
        edition="full",
        domain_group="other",
        not_before=AT,
    )


def save(database: Database, *rows: Base) -> None:
    with database.write() as session:
        session.add_all(rows)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_constraint_has_a_name(table: Any) -> None:
    """Without one, no later migration could find it on SQLite."""
    assert [constraint for constraint in table.constraints if constraint.name is None] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_table_says_who_writes_it(model: type[Base]) -> None:
    assert re.search(r"Writer:\s+\w+", model.__doc__ or "")


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_instant_keeps_its_zone(column: Any) -> None:
    assert not isinstance(column.type, DateTime)
    if column.name.endswith(("_at", "_until", "_before")) or column.name == "at":
        assert isinstance(column.type, UtcDateTime)


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_personal_values_are_bytes_nobody_reads(column: Any) -> None:
    if column.name.endswith(("_sealed", "_index")):
        assert isinstance(column.type, LargeBinary)
    assert column.name not in {"address", "email", "name_of_reader", "ip"}


@pytest.mark.parametrize("column", [c for c in COLUMNS if isinstance(c.type, Enum)], ids=str)
def test_enum_values_fit_their_column(column: Any) -> None:
    assert max(map(len, column.type.enums)) <= column.type.length
    assert column.type.enums == [value.lower() for value in column.type.enums]


def test_enums_are_kept_as_their_values(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    save(
        any_db,
        Slot(
            newsletter_id=paper.id,
            local_date=date(2026, 11, 27),
            due_at=AT,
            state=SlotState.HELD,
            alerted=[],
        ),
    )

    with any_db.read() as session:
        assert session.execute(text("SELECT state FROM slots")).scalar_one() == "held"
        assert session.scalars(select(Slot.state)).one() is SlotState.HELD


def test_states_the_code_does_not_know_are_refused_by_the_database(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    save(any_db, issue(paper, 1))

    with pytest.raises(IntegrityError, match="ck_issues_issuestate"), any_db.write() as session:
        session.execute(text("UPDATE issues SET state = 'delivered'"))


def test_newsletter_has_one_slot_a_local_date(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    twice = [
        Slot(
            newsletter_id=paper.id,
            local_date=date(2026, 11, 27),
            due_at=AT,
            state=state,
            alerted=[],
        )
        for state in (SlotState.FIRED, SlotState.PLANNED)
    ]

    with pytest.raises(IntegrityError, match="newsletter_id"):
        save(any_db, *twice)


def test_slot_has_one_issue_that_is_not_cancelled(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    save(any_db, issue(paper, 1, state=IssueState.CANCELLED), issue(paper, 2))

    with pytest.raises(IntegrityError):
        save(any_db, issue(paper, 3))


def test_extras_need_no_slot(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)

    save(any_db, issue(paper, 1, slot_date=None), issue(paper, 2, slot_date=None))

    with any_db.read() as session:
        assert len(session.scalars(select(Issue)).all()) == 2


def test_subscriber_is_once_in_the_ledger_of_an_issue(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    number_one = issue(paper, 1)
    save(any_db, number_one)
    save(any_db, delivery(number_one, 7))

    with pytest.raises(IntegrityError):
        save(any_db, delivery(number_one, 7))


def test_ledger_row_needs_no_subscriber_any_more(any_db: Database) -> None:
    """It outlives an erased subscriber as a count."""
    paper = newsletter()
    save(any_db, paper)
    number_one = issue(paper, 1)
    save(any_db, number_one)

    save(any_db, delivery(number_one, 999))

    with any_db.read() as session:
        assert session.scalars(select(Delivery.subscriber_id)).all() == [999]


def test_json_comes_back_as_it_was(any_db: Database) -> None:
    furniture = {
        "tagline": "Die Woche – von Hand",
        "appeal": {"once": ["Give", "https://x.example"]},
    }
    save(any_db, newsletter(furniture=furniture))

    with any_db.read() as session:
        assert session.scalars(select(Newsletter.furniture)).one() == furniture


def test_heading_is_once_in_a_newsletter(any_db: Database) -> None:
    paper, other = newsletter(), newsletter(slug="monday")
    save(any_db, paper, other)
    for each in (paper, other):
        save(any_db, Section(newsletter_id=each.id, heading="News", position=1))

    with pytest.raises(IntegrityError):
        save(any_db, Section(newsletter_id=paper.id, heading="News", position=2))


def test_number_of_a_row_that_is_gone_is_never_given_again(any_db: Database) -> None:
    paper = newsletter()
    save(any_db, paper)
    first = issue(paper, 1)
    save(any_db, first)
    with any_db.write() as session:
        session.execute(text("DELETE FROM issues"))

    second = issue(paper, 2)
    save(any_db, second)

    assert second.id > first.id


def test_models_have_no_behaviour() -> None:
    methods = [
        f"{model.__name__}.{name}"
        for model in MODELS
        for name, value in vars(model).items()
        if callable(value) and not name.startswith("_")
    ]

    assert methods == []
    assert models.__doc__
