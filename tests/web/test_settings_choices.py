"""What readers set in their opened settings, newsletter by newsletter and for all of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from digest.curation.newsletters import find_newsletter, list_sections
from digest.models import ConsentEvent, Newsletter, Subscription, SubscriptionState
from digest.subscribers.consent import find_wording
from digest.subscribers.lifecycle import add_active, find_by_address
from digest.subscribers.person import describe
from digest.subscribers.suppression import find_reason, suppress
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
ACTIVE, PAUSED = SubscriptionState.ACTIVE, SubscriptionState.PAUSED
LAST_LINE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
APPEAL = """
[newsletters.initial.appeal]
heading = "We answer to readers"
text = "If the Courier helped you, please join them."
once = ["Give once", "https://courier.example/once"]
monthly = ["Monthly", "https://courier.example/monthly"]
annual = ["Annual", "https://courier.example/annual"]
"""
OTHERS = """
[[newsletters]]
slug = "monthly"
name = "The Harbour Monthly"
host = "courier.example"
sender = { name = "The Harbour Monthly", address = "monthly@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"

[newsletters.signup]
consent = "Every month, please."

[[newsletters]]
slug = "letters"
name = "Hidden Paper"
host = "post.example"
sender = { name = "Letters", address = "letters@post.example" }
relay = "main"
public_url = "http://127.0.0.1:8000"
guarded = true
guarded_names = ["Hidden Paper"]
postal_address = "12 Quay Street, Harbour Town"

[newsletters.initial.appeal]
heading = "Give"
text = "Give."
once = ["Give once", "https://post.example/once"]
monthly = ["Monthly", "https://post.example/monthly"]
annual = ["Annual", "https://post.example/annual"]

[[newsletters]]
slug = "closed"
name = "The Closed Circle"
host = "courier.example"
sender = { name = "Closed", address = "closed@courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
signup = { open = false }
"""


@pytest.fixture
def house(open_house):
    """A house with four newsletters; both readers have the first."""
    with open_house(more={LAST_LINE: LAST_LINE + APPEAL + OTHERS}) as opened:
        opened.newsroom.subscribe(ANNA, BEN, name="Zebulon Quimby")
        yield opened


def _subscription(house, address: str, slug: str = "weekly") -> Subscription | None:
    with house.app.db.read() as session:
        reader = find_by_address(session, house.app.sealer, address)
        assert reader is not None
        return session.scalar(
            select(Subscription)
            .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
            .where(Subscription.subscriber_id == reader.id, Newsletter.slug == slug)
        )


def _events(house, address: str) -> list[tuple[str, str]]:
    with house.app.db.read() as session:
        reader = find_by_address(session, house.app.sealer, address)
        assert reader is not None
        rows = session.scalars(
            select(ConsentEvent)
            .where(ConsentEvent.subscriber_id == reader.id)
            .order_by(ConsentEvent.id)
        )
        return [(row.kind, row.origin) for row in rows if row.origin == "settings"]


def _blocks(house) -> list[str]:
    with house.app.db.read() as session:
        newsletter = find_newsletter(session, "weekly")
        return [f"section {section.id}" for section in list_sections(session, newsletter.id)]


def test_parts_are_saved_and_shown(house) -> None:
    news, features, *_ = _blocks(house)

    page = house.set("parts", ANNA, edition="headlines", **{"with": [news, "whole texts"]})

    kept = _subscription(house, ANNA)
    assert kept.edition == "headlines"
    assert kept.hidden_blocks == sorted(set(_blocks(house)) - {news})
    assert 'role="status"' in page.text
    assert f'value="{news}" checked' in page.text
    assert f'value="{features}" checked' not in page.text
    assert _events(house, ANNA) == [("changed", "settings")]


def test_reader_may_do_without_whole_articles(house) -> None:
    house.set("parts", ANNA, edition="full", **{"with": _blocks(house)})

    assert _subscription(house, ANNA).hidden_blocks == ["whole texts"]


def test_wanting_everything_hides_nothing(house) -> None:
    house.set("parts", ANNA, edition="full", **{"with": [*_blocks(house), "whole texts"]})

    assert _subscription(house, ANNA).hidden_blocks is None


def test_parts_that_there_are_not_are_ignored_and_editions_refused(house) -> None:
    ignored = house.set("parts", ANNA, edition="full", **{"with": ["section 999", "greeting"]})
    refused = house.set("parts", ANNA, edition="gold")

    assert (ignored.status_code, refused.status_code) == (200, 400)
    assert len(_subscription(house, ANNA).hidden_blocks) == len(_blocks(house)) + 1


@pytest.mark.parametrize(
    ("fields", "until"),
    [
        ({"until": "4"}, datetime(2026, 12, 25, tzinfo=UTC)),
        ({"until": "8"}, datetime(2027, 1, 22, tzinfo=UTC)),
        ({"until": "date", "date": "2026-11-28"}, datetime(2026, 11, 28, tzinfo=UTC)),
    ],
)
def test_pause_ends_on_the_day_that_was_chosen(house, fields, until: datetime) -> None:
    page = house.set("pause", ANNA, **fields)

    kept = _subscription(house, ANNA)
    assert (kept.state, kept.paused_until) == (PAUSED, until)
    assert "End the pause" in page.text


def test_pause_begins_and_ends_at_the_reader_s_midnight(house) -> None:
    house.set("person", ANNA, timezone="Asia/Tbilisi")
    house.set("pause", ANNA, until="2026-12-01")

    assert _subscription(house, ANNA).paused_until == datetime(2026, 11, 30, 20, tzinfo=UTC)


@pytest.mark.parametrize("day", ["", "2026-11-27", "2020-01-01", "2029-01-01", "soon", "9"])
def test_days_that_cannot_be_chosen_are_said_beside_the_field(house, day: str) -> None:
    answer = house.set("pause", ANNA, until="date", date=day)

    assert answer.status_code == 400
    assert answer.text.count('aria-describedby="wrong-day"') == 1
    assert _subscription(house, ANNA).state is ACTIVE


def test_pause_can_be_ended(house) -> None:
    house.set("pause", ANNA, until="4")

    page = house.set("resume", ANNA)

    assert _subscription(house, ANNA).state is ACTIVE
    assert "End the pause" not in page.text
    assert [kind for kind, _ in _events(house, ANNA)] == ["paused", "resumed"]


def test_leaving_one_offers_it_again(house) -> None:
    page = house.set("leave", ANNA)

    assert _subscription(house, ANNA).state is SubscriptionState.UNSUBSCRIBED
    assert "Newsletters you do not get" in page.text
    assert "The Harbour Courier" in page.text.partition("Newsletters you do not get")[2]


def test_joining_another_is_active_at_once_with_its_evidence(house) -> None:
    house.set("person", ANNA, language="de", timezone="Europe/Berlin")

    page = house.set("join", ANNA, newsletter="monthly")

    joined = _subscription(house, ANNA, "monthly")
    assert joined.state is ACTIVE
    assert (joined.language, joined.timezone) == ("de", "Europe/Berlin")
    assert 'role="status"' in page.text
    assert [kind for kind, _ in _events(house, ANNA)] == ["changed", "asked", "confirmed"]
    assert _wording(house, joined) == "Every month, please."


def _wording(house, subscription: Subscription) -> str | None:
    with house.app.db.read() as session:
        event = session.scalars(
            select(ConsentEvent).where(
                ConsentEvent.newsletter_id == subscription.newsletter_id,
                ConsentEvent.kind == "asked",
            )
        ).one()
        assert event.text_digest is not None
        return find_wording(session, event.text_digest)


def test_joining_another_is_welcomed_once(house) -> None:
    for _ in range(2):
        house.set("join", ANNA, newsletter="monthly")

    assert [(kind, to) for kind, to, _ in house.letters()] == [("welcome", ANNA)]


def test_sentence_of_consent_stands_beside_the_button(house) -> None:
    assert "Every month, please." in house.set("show", ANNA).text


def test_reader_who_left_may_come_back_here(house) -> None:
    house.set("leave", ANNA)
    house.set("join", ANNA)

    assert _subscription(house, ANNA).state is ACTIVE


def test_newsletter_whose_policy_cannot_be_read_takes_nobody(open_house) -> None:
    lost = OTHERS.replace('slug = "monthly"', 'slug = "monthly"\nprivacy_file = "lost.txt"')
    with open_house(more={LAST_LINE: LAST_LINE + lost}) as house:
        house.newsroom.subscribe(ANNA)
        page = house.set("show", ANNA)
        answer = house.set("join", ANNA, newsletter="monthly")

    assert (page.status_code, "The Harbour Monthly" in page.text) == (200, False)
    assert answer.status_code == 409


@pytest.mark.parametrize("slug", ["closed", "letters"])
def test_closed_and_guarded_newsletters_are_not_offered(house, slug: str) -> None:
    page = house.set("show", ANNA).text
    answer = house.set("join", ANNA, newsletter=slug)

    assert "The Harbour Monthly" in page
    assert "Closed Circle" not in page
    assert "Hidden Paper" not in page
    assert answer.status_code == 409
    assert _subscription(house, ANNA, slug) is None


def test_newsletter_that_there_is_not_is_not_found(house) -> None:
    answers = [house.set(what, ANNA, newsletter="x") for what in ("join", "leave", "parts")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(("reason", "status"), [("complained", 409), ("bounced", 200)])
def test_joining_undoes_bounces_and_no_complaint(house, reason: str, status: int) -> None:
    now = house.app.clock.now()
    with house.app.db.write() as session:
        suppress(session, house.app.sealer, ANNA, reason, now=now)

    answer = house.set("join", ANNA, newsletter="monthly")

    assert answer.status_code == status
    with house.app.db.read() as session:
        left = find_reason(session, house.app.sealer, ANNA)
    assert (left is None) == (status == 200)


def test_forms_about_what_is_not_subscribed_are_refused(house) -> None:
    whats = {"leave": {}, "pause": {"until": "4"}, "resume": {}, "parts": {"edition": "full"}}

    answers = [house.set(w, ANNA, newsletter="monthly", **f) for w, f in whats.items()]

    assert [answer.status_code for answer in answers] == [409] * 4
    assert _subscription(house, ANNA, "monthly") is None


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_somebody_who_left_cannot_pause(house, what: str) -> None:
    house.set("leave", ANNA)

    answer = house.set(what, ANNA, until="4")

    assert answer.status_code == 409
    assert _subscription(house, ANNA).state is SubscriptionState.UNSUBSCRIBED


def test_appeal_is_put_off_thanked_and_asked_again(house) -> None:
    now, seen = house.app.clock.now(), []
    for choice in ("later", "support", "ask"):
        page = house.set("appeal", ANNA, appeal=choice)
        kept = _subscription(house, ANNA)
        seen.append((kept.appeal_hidden_until, kept.supports_until))
        assert f'name="appeal" value="{choice}" checked' in page.text

    later, year = now + timedelta(weeks=4), now + timedelta(days=365)
    assert seen == [(later, None), (later, year), (None, None)]


def test_appeal_takes_no_other_word(house) -> None:
    assert house.set("appeal", ANNA, appeal="gold").status_code == 400


def test_guarded_newsletter_offers_and_keeps_nothing_about_money(house) -> None:
    _join_guarded(house, ANNA)

    page = house.set("show", ANNA).text
    answers = [
        house.set("appeal", ANNA, newsletter="letters", appeal=choice)
        for choice in ("later", "support", "ask")
    ]

    assert 'name="appeal"' not in page.partition("Hidden Paper</h2>")[2].partition("<h2>")[0]
    assert [answer.status_code for answer in answers] == [409] * 3
    kept = _subscription(house, ANNA, "letters")
    assert (kept.appeal_hidden_until, kept.supports_until) == (None, None)


def _join_guarded(house, address: str) -> None:
    with house.app.db.write() as session:
        add_active(
            session,
            house.app.sealer,
            newsletter_id=find_newsletter(session, "letters").id,
            address=address,
            name=None,
            language=None,
            timezone=None,
            now=house.app.clock.now(),
            origin="test",
        )


def test_person_holds_for_every_subscription(house) -> None:
    house.set("join", ANNA, newsletter="monthly")

    page = house.set(
        "person", ANNA, name="  Анна\u202e К ", language="ru", timezone="Europe/Samara"
    )

    kept = [_subscription(house, ANNA, slug) for slug in ("weekly", "monthly")]
    assert {(each.language, each.timezone) for each in kept} == {("ru", "Europe/Samara")}
    assert 'value="Анна К"' in page.text
    assert '<html lang="ru"' in page.text


def test_person_may_be_left_blank(house) -> None:
    house.set("person", ANNA, name="", language="", timezone="")

    with house.app.db.read() as session:
        reader = find_by_address(session, house.app.sealer, ANNA)
        person = describe(session, house.app.sealer, reader)
    assert (person.name, person.language, person.timezone) == (None, None, None)


def test_time_zone_may_be_typed(house) -> None:
    page = house.set("person", ANNA, timezone="Europe/Riga", other_timezone="Arctic/Longyearbyen")

    assert _subscription(house, ANNA).timezone == "Arctic/Longyearbyen"
    assert '<option value="Arctic/Longyearbyen" selected>' in page.text


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "x" * 500])
def test_time_zone_that_there_is_not_is_said_beside_the_field(house, zone: str) -> None:
    answer = house.set("person", ANNA, name="Mallory", other_timezone=zone)

    assert answer.status_code == 400
    assert 'id="wrong-timezone"' in answer.text
    assert "Mallory" not in answer.text
    assert _subscription(house, ANNA).timezone is None


def test_language_that_there_is_not_is_said_beside_the_field(house) -> None:
    answer = house.set("person", ANNA, language="not a language")

    assert answer.status_code == 400
    assert 'aria-describedby="wrong-language"' in answer.text


def test_all_shipped_languages_and_the_newsroom_s_own_are_offered(open_house, tmp_path) -> None:
    (tmp_path / "own" / "translations").mkdir(parents=True)
    shipped = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    (tmp_path / "own" / "translations" / "ka.po").write_text(shipped)
    own = {"[web]": f'templates = "{tmp_path}/own"\n\n[web]'}
    with open_house(more=own) as house:
        house.newsroom.subscribe(ANNA)
        page = house.set("show", ANNA).text

    for tag in ("ar", "de", "en", "es", "fa", "fr", "ru", "uk", "ka"):
        assert f'<option value="{tag}" lang="{tag}"' in page


SETTERS: list[Callable[..., object]] = [
    lambda house: house.set("parts", ANNA, edition="headlines"),
    lambda house: house.set("pause", ANNA, until="4"),
    lambda house: house.set("leave", ANNA),
    lambda house: house.set("appeal", ANNA, appeal="support"),
    lambda house: house.set("person", ANNA, name="Mallory", language="de"),
]


@pytest.mark.parametrize("setter", SETTERS)
def test_forms_touch_nobody_else(house, setter) -> None:
    before = _everything(house, BEN)

    setter(house)

    assert _everything(house, BEN) == before


def _everything(house, address: str) -> dict[str, object]:
    with house.app.db.read() as session:
        reader = find_by_address(session, house.app.sealer, address)
        person = describe(session, house.app.sealer, reader)
    kept = {k: v for k, v in vars(_subscription(house, address)).items() if k[0] != "_"}
    return {**kept, "person": person}


def test_opened_page_has_no_other_reader_s_data(house) -> None:
    house.set("person", BEN, name="Basil Unique", timezone="Asia/Tokyo")

    page = house.client.post("/s/" + house.passing(Purpose.OPEN_SETTINGS, ANNA), data={"do": "1"})

    for word in (BEN, "Basil", 'value="Asia/Tokyo" selected'):
        assert word not in page.text


def test_every_field_has_a_label_and_says_how_it_is_filled_in(house) -> None:
    page = house.set("show", ANNA).text
    fields = [tag for tag in page.split("<")[1:] if tag.startswith(("input", "select"))]
    shown = [tag for tag in fields if 'type="hidden"' not in tag]

    typed = [tag for tag in shown if "radio" not in tag and "checkbox" not in tag]
    assert len(typed) >= 6
    assert all("autocomplete=" in tag for tag in typed)
    assert page.count("<label") == len(shown)
    assert page.count("<h1>") == 1
