"""Name, language and time zone: of a person, and kept with each subscription."""

import pytest

from digest.errors import BadInput, NotFound
from digest.models import Subscriber
from digest.subscribers.consent import list_events
from digest.subscribers.person import change_person, describe, find_subscriber, list_own

ANNA = "anna@example.org"


@pytest.fixture
def anna(db, newsletter_id, newsletter_in, reader):
    """A reader of two newsletters; her subscriber row."""
    second = newsletter_in(db, "monthly")
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        reader(session, second, ANNA)
        return session.get_one(Subscriber, made.subscriber_id)


def _change(session, sealer, anna, clock, **changes) -> None:
    whole = {"name": "Anna", "language": None, "timezone": None, **changes}
    subscriber = session.get_one(Subscriber, anna.id)
    change_person(session, sealer, subscriber, now=clock.now(), origin="settings", **whole)


def test_change_holds_for_each_subscription(db, anna, sealer, clock) -> None:
    with db.write() as session:
        _change(session, sealer, anna, clock, language="PT_br", timezone=" Asia/Tokyo ")
        own = list_own(session, anna.id)
        person = describe(session, sealer, anna)
        kinds = [event.kind for event in list_events(session, anna.id)]

    assert [(each.language, each.timezone) for each in own] == [("pt-br", "Asia/Tokyo")] * 2
    assert (person.language, person.timezone, person.address) == ("pt-br", "Asia/Tokyo", ANNA)
    assert kinds.count("changed") == 2


def test_nothing_changed_is_nothing_on_record(db, anna, sealer, clock) -> None:
    with db.write() as session:
        _change(session, sealer, anna, clock, name="Zebulon")
        kinds = [event.kind for event in list_events(session, anna.id)]
        person = describe(session, sealer, session.get_one(Subscriber, anna.id))

    assert "changed" not in kinds
    assert person.name == "Zebulon"


@pytest.mark.parametrize("wrong", [{"language": "no language"}, {"timezone": "Mars/Olympus"}])
def test_what_cannot_be_changes_nothing(db, anna, sealer, clock, wrong) -> None:
    with db.write() as session:
        with pytest.raises(BadInput):
            _change(session, sealer, anna, clock, name="Mallory", **wrong)
        person = describe(session, sealer, session.get_one(Subscriber, anna.id))

    assert person.name == "Anna"


def test_subscriber_of_no_id_is_not_found(db) -> None:
    with db.read() as session, pytest.raises(NotFound):
        find_subscriber(session, "nobody")
