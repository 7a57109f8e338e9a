"""What the forecast of an issue reads: its readers by group and zone, and what was used."""

from datetime import UTC, date, datetime, timedelta

import pytest

from digest.config import Config
from digest.curation.newsletters import find_newsletter
from digest.delivery.pacing.allowances import reserve
from digest.delivery.pacing.forecast import MORNINGS, Forecast
from digest.delivery.pacing.plan import Readers, audience_by_group, forecast_issue
from digest.models import Newsletter, Subscription, SubscriptionState
from digest.subscribers.lifecycle import add_active

FRIDAY = datetime(2026, 11, 27, 7, tzinfo=UTC)
DAY = date(2026, 11, 27)


def configured(*, mornings: bool = False, **limits: object) -> Config:
    newsletter = {
        "slug": "weekly",
        "name": "The Harbour Courier",
        "host": "courier.example",
        "sender": {"name": "The Harbour Courier", "address": "letters@courier.example"},
        "relay": "main",
        "postal_address": "12 Quay Street",
        "schedule": {"timezone": "Europe/London", "readers_morning": mornings},
    }
    return Config(
        web={"public_url": "https://courier.example"},
        relays={"main": {"backend": "memory", **limits}},
        newsletters=[newsletter],
    )


@pytest.fixture
def newsletter_id(any_db, sealer, clock) -> int:
    """A newsletter with three readers: two at Google, one of them in Honolulu."""
    now = clock.now()
    with any_db.write() as session:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=now)
        session.add(newsletter)
        session.flush()
        for address, zone in [
            ("anna@gmail.com", None),
            ("bo@gmail.com", "Pacific/Honolulu"),
            ("cy@example.org", None),
        ]:
            add_active(
                session,
                sealer,
                newsletter_id=newsletter.id,
                address=address,
                name=None,
                language=None,
                timezone=zone,
                now=now,
                origin="test",
            )
        return newsletter.id


def told(db, config: Config, now: datetime, day: date | None = DAY) -> Forecast:
    with db.read() as session:
        readers = audience_by_group(session, find_newsletter(session, "weekly").id, now)
        newsletter = config.newsletter("weekly")
        return forecast_issue(session, config, newsletter, readers, start=FRIDAY, local_date=day)


def test_audience_is_counted_by_zone_and_group(any_db, newsletter_id: int, clock) -> None:
    with any_db.read() as session:
        readers = audience_by_group(session, newsletter_id, clock.now())

    assert set(readers) == {
        Readers(None, "google", 1),
        Readers("Pacific/Honolulu", "google", 1),
        Readers(None, "other", 1),
    }


def test_who_may_not_be_mailed_is_not_counted(any_db, newsletter_id, clock) -> None:
    with any_db.write() as session:
        for subscription in session.query(Subscription).filter_by(domain_group="google"):
            subscription.state = SubscriptionState.PENDING

    with any_db.read() as session:
        readers = audience_by_group(session, newsletter_id, clock.now())

    assert readers == [Readers(None, "other", 1)]


def test_issue_is_forecast_through_its_relay(any_db, newsletter_id, clock) -> None:
    plan = told(any_db, configured(per_second=0.01), clock.now())

    assert plan.last_at == FRIDAY + timedelta(seconds=200)
    assert plan.limited_by == "relays.main.per_second"


def test_readers_mornings_are_waited_for_where_the_newsletter_says_so(
    any_db, newsletter_id, clock
) -> None:
    plan = told(any_db, configured(mornings=True), clock.now())

    assert plan.last_at == FRIDAY + timedelta(hours=10)
    assert plan.limited_by == MORNINGS


def test_readers_of_an_extra_have_no_morning(any_db, newsletter_id, clock) -> None:
    plan = told(any_db, configured(mornings=True), clock.now(), day=None)

    assert plan.last_at < FRIDAY + timedelta(minutes=1)


def test_copies_of_the_hour_before_count(any_db, newsletter_id, clock) -> None:
    config = configured(per_hour=3)
    with any_db.write() as session:
        reserve(session, "main", "other", config.relays["main"], 1, FRIDAY)

    assert told(any_db, config, clock.now()).last_at == FRIDAY + timedelta(minutes=61)
