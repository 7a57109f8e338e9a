"""The letters of joining: short, in the reader's language, silent about the newsroom where that is
what keeps readers safe.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.correspondence.notices import (
    Desk,
    write_already,
    write_confirmation,
    write_settings_link,
    write_welcome,
)
from digest.correspondence.terms import terms_of
from digest.models import Notice, Subscriber, Subscription
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

ANNA = "anna@example.org"
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
MAILBOX = SCHEDULE + '\n[newsletters.mailbox]\naddress = "friday@courier.example"\n'
GUARDED = {
    '"The Harbour Courier", address = "letters@courier.example"': (
        '"Friday letter", address = "letter@neutral.example"'
    ),
    'host = "courier.example"': (
        'host = "neutral.example"\nguarded = true\nguarded_names = ["Courier"]\n'
        'public_url = "https://pages.neutral.example"'
    ),
}
Write = Callable[[Desk, Subscriber, Subscription], bool]
Opened = Callable[..., Newsroom]


def _confirmation(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    return write_confirmation(desk, subscriber, subscription)


def _already(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    return write_already(desk, subscriber, subscription, desk.now)


def _settings(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    return write_settings_link(desk, subscriber, subscription.language, desk.now)


def _welcome(desk: Desk, subscriber: Subscriber, subscription: Subscription) -> bool:
    return write_welcome(desk, subscriber, subscription)


ALL = [_confirmation, _already, _settings, _welcome]


@pytest.fixture
def opened(tmp_path: Path, clock: FixedClock) -> Iterator[Opened]:
    """Open a newsroom whose one reader is called Zebulon, with changes to its configuration."""
    with ExitStack() as stack:

        def make(more: dict[str, str] | None = None) -> Newsroom:
            room = stack.enter_context(open_newsroom(tmp_path, clock, more=more))
            room.subscribe(ANNA, name="Zebulon https://spam.example")
            return room

        yield make


def desk_of(newsroom: Newsroom, session: Session) -> Desk:
    app = newsroom.app
    return Desk(session, app.correspondent, newsroom.configured, app.clock.now())


def written(newsroom: Newsroom, write: Write, language: str | None = None) -> tuple[Notice, str]:
    """Write a letter to the reader; return it with its text."""
    with newsroom.app.db.write() as session:
        subscriber = session.scalars(select(Subscriber)).one()
        subscription = session.scalars(select(Subscription)).one()
        subscription.language = language
        assert write(desk_of(newsroom, session), subscriber, subscription)
    with newsroom.app.db.read() as session:
        notice = session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()
    return notice, newsroom.app.sealer.open(notice.body_sealed)


@pytest.mark.parametrize("write", ALL)
def test_letter_is_short_and_has_no_name(opened: Opened, write: Write) -> None:
    notice, text = written(opened(), write)

    assert "Zebulon" not in text + notice.subject
    assert "spam" not in text
    assert ANNA not in text
    assert len(notice.subject) < 40
    assert len(text) < 700
    assert text.count("http") == 1
    assert "{" not in text


@pytest.mark.parametrize("write", [_confirmation, _already, _welcome])
def test_letter_says_which_newsletter_it_is_about(opened: Opened, write: Write) -> None:
    notice, text = written(opened(), write)

    assert "The Harbour Courier" in text
    assert "Courier" not in notice.subject


@pytest.mark.parametrize("write", ALL)
def test_guarded_letter_names_no_newsroom_anywhere(opened: Opened, write: Write) -> None:
    notice, text = written(opened(GUARDED), write)

    assert not [word for word in ("courier", "harbour") if word in (text + notice.subject).lower()]
    assert "https://pages.neutral.example/" in text


@pytest.mark.parametrize("write", ALL)
def test_second_letter_about_the_same_is_not_written(opened: Opened, write: Write) -> None:
    newsroom = opened()
    written(newsroom, write)

    with newsroom.app.db.write() as session:
        subscriber = session.scalars(select(Subscriber)).one()
        subscription = session.scalars(select(Subscription)).one()
        assert not write(desk_of(newsroom, session), subscriber, subscription)


def test_confirmation_can_be_answered_where_there_is_a_mailbox(opened: Opened) -> None:
    newsroom = opened({SCHEDULE: MAILBOX})
    notice, text = written(newsroom, _confirmation)
    reply_to = newsroom.app.sealer.open(notice.reply_sealed or b"")

    assert "simply answer this mail" in text
    local, _, domain = reply_to.partition("@")
    assert domain == "courier.example"
    signed = local.removeprefix("friday+confirm.")
    with newsroom.app.db.read() as session:
        mine = session.scalars(select(Subscription)).one()
    read = newsroom.app.signer.read_address(Purpose.CONFIRM_BY_MAIL, signed)
    assert read == mine.public_id


def test_confirmation_goes_without_a_mailbox(opened: Opened) -> None:
    notice, text = written(opened(), _confirmation)

    assert notice.reply_sealed is None
    assert "answer this mail" not in text


def test_welcome_says_when_it_comes_and_how_to_leave(opened: Opened) -> None:
    newsroom = opened({SCHEDULE: MAILBOX})
    _, text = written(newsroom, _welcome)
    with newsroom.app.db.read() as session:
        public_id = session.scalars(select(Subscription.public_id)).one()
    sign = newsroom.app.signer.sign_address

    assert "Every week: Friday, 7:00" in text
    assert newsroom.app.signer.sign(Purpose.UNSUBSCRIBE, public_id) in text
    assert f"friday+leave.{sign(Purpose.LEAVE_BY_MAIL, public_id)}@courier.example" in text
    assert f"friday+pause.{sign(Purpose.PAUSE_BY_MAIL, public_id)}@courier.example" in text


@pytest.mark.parametrize(
    ("language", "day"), [("de", "Freitag"), ("ru", "Пятница"), ("fa", "جمعه")]
)
def test_welcome_speaks_the_readers_language(opened: Opened, language: str, day: str) -> None:
    _, text = written(opened(), _welcome, language)

    assert day in text


def test_readers_own_morning_is_promised_where_it_is_kept(opened: Opened) -> None:
    mornings = SCHEDULE.replace(" timezone", " readers_morning = true, timezone")
    _, text = written(opened({SCHEDULE: mornings}), _welcome)

    assert "at that hour by your own clock" in text


def test_sentence_of_consent_names_the_policy_only_where_there_is_one(opened: Opened) -> None:
    newsroom = opened()
    words = newsroom.app.correspondent.words(None, newsroom.configured)
    url = {"privacy_url": "https://courier.example/" + "privacy" * 20}

    without = terms_of(words, newsroom.configured)
    linked = terms_of(words, newsroom.configured.model_copy(update=url))

    assert without.policy is None
    assert "policy" not in without.wording
    assert "privacy policy" in linked.wording
    assert linked.policy is not None
    assert len(linked.policy.version) == 80
    assert without.digest != linked.digest
