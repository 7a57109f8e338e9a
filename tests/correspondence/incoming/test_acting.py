"""What letters do, and what they never do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.clock import FixedClock
from digest.correspondence.incoming.commands import Asked
from digest.correspondence.requests import answer_requests
from digest.models import SubscriptionState, SuppressionReason
from digest.subscribers.consent import list_events
from digest.subscribers.door.limits import Limit, allow
from digest.subscribers.lifecycle import erase
from digest.subscribers.suppression import suppress
from digest.tokens import Purpose

Mail = Callable[..., bytes]
ANNA, BEN = "anna@example.org", "ben@example.org"
FRIDAY = "friday@courier.example"
AWAY = {"Auto_Submitted": "auto-replied"}
BOUNCE = {"Return_Path": "<>", "Content_Type": "multipart/report; report-type=delivery-status"}
ACTIVE, PENDING = SubscriptionState.ACTIVE, SubscriptionState.PENDING
PAST = {"leave": "left", "pause": "paused"}
PAUSED, LEFT = SubscriptionState.PAUSED, SubscriptionState.UNSUBSCRIBED


def origins(post) -> list[tuple[str, str]]:
    """Return (kind, origin) of Anna's events."""
    with post.newsroom.app.db.read() as session:
        events = list_events(session, post.subscription(ANNA).subscriber_id)
        return [(event.kind, event.origin) for event in events]


def test_signed_address_lets_its_reader_leave(post, mail: Mail) -> None:
    asked = post.receive(mail(post.leave(ANNA)))

    assert asked is Asked.LEAVE
    assert post.state(ANNA) is LEFT
    assert origins(post)[-1] == ("left", "letter")


def test_leaving_is_answered_at_the_readers_own_address(post, mail: Mail) -> None:
    post.receive(mail(post.leave(ANNA), "mallory@example.net"))

    ((address, subject, body),) = post.answers()
    assert address == ANNA
    assert subject == "You are unsubscribed"
    assert "friday+join.weekly@courier.example" in body


def test_whatever_case_a_mail_program_makes_of_it_leaves(post, mail: Mail) -> None:
    post.receive(mail(post.leave(ANNA).upper()))

    assert post.state(ANNA) is LEFT


def test_leaving_again_and_again_is_answered_once_a_day(
    post, mail: Mail, clock: FixedClock
) -> None:
    letter = mail(post.leave(ANNA))
    for _ in range(5):
        post.receive(letter)
    once = len(post.answers())
    clock.advance(timedelta(days=1))
    post.receive(letter)

    assert (once, len(post.answers())) == (1, 2)
    assert [kind for kind, _ in origins(post)].count("left") == 1


def test_program_may_leave_for_its_reader(post, mail: Mail) -> None:
    post.receive(mail(post.leave(ANNA), **AWAY))

    assert post.state(ANNA) is LEFT


def test_bounce_never_leaves(post, mail: Mail) -> None:
    asked = post.receive(mail(post.leave(ANNA), **BOUNCE))

    assert asked is Asked.REPORT
    assert post.state(ANNA) is ACTIVE


def test_suppressed_reader_leaves_without_an_answer(post, mail: Mail) -> None:
    app = post.newsroom.app
    with app.db.write() as session:
        suppress(session, app.sealer, ANNA, SuppressionReason.COMPLAINED, now=app.clock.now())

    post.receive(mail(post.leave(ANNA)))

    assert post.state(ANNA) is LEFT
    assert post.answers() == []


def test_letter_to_a_reader_who_was_erased_is_taken_in_silence(post, mail: Mail) -> None:
    letters = [mail(each(ANNA)) for each in (post.leave, post.pause, post.confirm)]
    app = post.newsroom.app
    with app.db.write() as session:
        erase(session, app.sealer, post.subscription(ANNA).subscriber_id, app.clock.now())

    asked = [post.receive(letter) for letter in letters]

    assert asked == [Asked.LEAVE, Asked.PAUSE, Asked.CONFIRM]
    assert post.answers() == []


@pytest.mark.parametrize(
    ("subject", "weeks"),
    [
        ("", 4),
        ("6", 6),
        ("Re: 12 weeks, please", 12),
        ("٨ أسابيع", 8),
        ("0", 1),
        ("99", 52),
        ("2026", 4),
        ("1 or 2", 4),
    ],
)
def test_pausing_rests_for_the_weeks_in_the_subject(
    post, mail: Mail, clock: FixedClock, subject: str, weeks: int
) -> None:
    post.receive(mail(post.pause(ANNA), Subject=subject))

    assert post.state(ANNA) is PAUSED
    assert post.subscription(ANNA).paused_until == clock.now() + timedelta(weeks=weeks)


def test_pausing_is_answered_with_the_date_and_the_way_out(post, mail: Mail) -> None:
    post.receive(mail(post.pause(ANNA)))

    ((address, subject, body),) = post.answers()
    assert (address, subject) == (ANNA, "Your subscription rests")
    assert "Friday, December 25, 2026" in body
    assert post.leave(ANNA) in body


def test_pausing_twice_with_one_letter_pauses_once(post, mail: Mail, clock: FixedClock) -> None:
    post.receive(mail(post.pause(ANNA)))
    until = post.subscription(ANNA).paused_until
    clock.advance(timedelta(minutes=10))

    post.receive(mail(post.pause(ANNA)))

    assert post.subscription(ANNA).paused_until == until
    assert len(post.answers()) == 1
    assert [kind for kind, _ in origins(post)].count("paused") == 1


def test_who_left_cannot_pause(post, mail: Mail) -> None:
    post.receive(mail(post.leave(ANNA)))

    asked = post.receive(mail(post.pause(ANNA)))

    assert asked is Asked.PAUSE
    assert post.state(ANNA) is LEFT
    assert len(post.answers()) == 1


def test_answer_to_the_confirmation_confirms_once(post, mail: Mail) -> None:
    post.ask(BEN)
    letter = mail(post.confirm(BEN), Subject="Re: Please confirm")

    assert post.receive(letter) is Asked.CONFIRM
    assert post.state(BEN) is ACTIVE
    assert post.receive(letter) is Asked.CONFIRM
    assert post.state(BEN) is ACTIVE


def test_who_left_is_not_brought_back_by_an_old_answer(post, mail: Mail) -> None:
    post.ask(BEN)
    letter = mail(post.confirm(BEN))
    post.receive(letter)
    post.receive(mail(post.leave(BEN)))

    post.receive(letter)

    assert post.state(BEN) is LEFT


@pytest.mark.parametrize("machine", [AWAY, {"Subject": "Out of office"}, {"Precedence": "bulk"}])
def test_machine_confirms_and_pauses_nothing(post, mail: Mail, machine: dict[str, str]) -> None:
    post.ask(BEN)

    asked = [post.receive(mail(to, **machine)) for to in (post.confirm(BEN), post.pause(ANNA))]

    assert asked == [Asked.AUTOMATIC, Asked.AUTOMATIC]
    assert (post.state(BEN), post.state(ANNA)) == (PENDING, ACTIVE)


def test_join_address_keeps_a_request_for_who_wrote(post, mail: Mail) -> None:
    asked = post.receive(mail("friday+join.weekly@courier.example", f"Ben <{BEN}>"))

    assert asked is Asked.JOIN
    assert post.requests() == [("join", BEN)]
    assert post.answers() == []


def test_thousand_letters_of_one_address_are_a_few_requests(post, mail: Mail) -> None:
    letter = mail("friday+join.weekly@courier.example", BEN)

    asked = {post.receive(letter) for _ in range(1000)}

    assert asked == {Asked.JOIN}
    assert post.requests() == [("join", BEN)] * 5


def test_flood_in_many_names_is_stopped_and_leaving_still_works(
    post, mail: Mail, clock: FixedClock
) -> None:
    most = post.newsroom.app.config.limits.all_per_hour
    with post.newsroom.app.db.write() as session:
        of_all = Limit("letters-in", most, timedelta(hours=1))
        for _ in range(most - 1):
            assert allow(session, [(of_all, b"everywhere")], clock.now()) is None
    to = "friday+join.weekly@courier.example"

    asked = [post.receive(mail(to, f"reader{number}@example.org")) for number in range(3)]

    assert asked == [Asked.JOIN, Asked.TOO_MANY, Asked.TOO_MANY]
    assert post.requests() == [("join", "reader0@example.org")]
    assert post.receive(mail(post.leave(ANNA))) is Asked.LEAVE


@pytest.mark.parametrize(
    "sender",
    [
        "letters@courier.example",
        FRIDAY,
        "friday+join.weekly@courier.example",
        "a@example.org, b@example.org",
        "",
        "noreply@example.org",
    ],
)
def test_nobody_joins_by_our_own_or_an_unclear_address(post, mail: Mail, sender: str) -> None:
    post.receive(mail("friday+join.weekly@courier.example", sender))

    assert post.requests() == []


def test_join_address_of_another_newsletter_is_unknown(post, mail: Mail) -> None:
    assert post.receive(mail("friday+join.daily@courier.example")) is Asked.UNKNOWN
    assert post.requests() == []


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        ("friday+leave.weekly@courier.example", ""),
        (FRIDAY, "unsubscribe"),
        (FRIDAY, "Re: UNSUBSCRIBE me"),
        (FRIDAY, "leave"),
        (FRIDAY, "Bitte abmelden"),
        (FRIDAY, "Отписаться"),
        ("friday+leave.abcdefghijklmnop.aaaaaaaaaaaaaaaaaaaa@courier.example", ""),
    ],
)
def test_leaving_without_a_signed_address_only_asks_for_a_letter(
    post, mail: Mail, to: str, subject: str
) -> None:
    asked = post.receive(mail(to, Subject=subject))

    assert asked is Asked.WAYS
    assert post.requests() == [("settings", ANNA)]
    assert post.state(ANNA) is ACTIVE


@pytest.mark.parametrize("to", [FRIDAY, "letters@courier.example", "friday@example.net"])
def test_other_mail_is_left_for_a_person(post, mail: Mail, to: str) -> None:
    assert post.receive(mail(to, Subject="What a fine issue")) is Asked.UNKNOWN


@pytest.mark.parametrize(
    ("verb", "purpose"),
    [
        ("confirm", Purpose.LEAVE_BY_MAIL),
        ("pause", Purpose.LEAVE_BY_MAIL),
        ("leave", Purpose.PAUSE_BY_MAIL),
        ("leave", Purpose.CONFIRM_BY_MAIL),
        ("confirm", Purpose.CONFIRM),
    ],
)
def test_address_signed_for_something_else_does_nothing(
    post, mail: Mail, verb: str, purpose: Purpose
) -> None:
    post.ask(BEN)

    for reader in (ANNA, BEN):
        post.receive(mail(post.signed(verb, reader, purpose)))

    assert (post.state(ANNA), post.state(BEN)) == (ACTIVE, PENDING)


def test_token_with_one_letter_changed_does_nothing(post, mail: Mail) -> None:
    local, _, domain = post.leave(ANNA).partition("@")
    other = "a" if local[-1] != "a" else "b"

    post.receive(mail(f"{local[:-1]}{other}@{domain}"))

    assert post.state(ANNA) is ACTIVE


EVIL = [
    "evil\r\nBcc: evil@example.net",
    "evil\nBcc: evil@example.net",
    "=?utf-8?Q?7=0D=0ABcc:_evil@example.net?=",
    "=?utf-8?B?ZXZpbA0KQmNjOiBldmlsQGV4YW1wbGUubmV0?=",
    "evil\u2028Bcc: evil@example.net",
    "evil\x0b\x0c\x1c\x85Bcc: evil@example.net",
    "<b>https://evil.example</b> {evil} %(evil)s",
    "\u202eevil",
    "\0evil",
]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_that_somebody_writes_gets_into_a_letter(post, mail: Mail, evil: str) -> None:
    app = post.newsroom.app
    for to, subject in [
        ("friday+join.weekly@courier.example", evil),
        (FRIDAY, f"unsubscribe {evil}"),
        (post.pause(ANNA), evil),
        (post.leave(ANNA), evil),
    ]:
        post.receive(mail(to, f"{evil} <{ANNA}>", Subject=subject))
        answer_requests(app.db, app.correspondent, app.clock, pause=0)

    assert len(post.answers()) >= 2
    for address, subject, body in post.answers():
        assert address == ANNA
        assert "evil" not in subject + body
        assert subject.splitlines() == [subject]


@pytest.mark.parametrize("verb", ["leave", "pause"])
def test_same_letter_eight_times_at_once_is_done_once(any_post, mail: Mail, verb: str) -> None:
    letter = mail(getattr(any_post, verb)(ANNA))

    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(any_post.receive, [letter] * 8))

    assert set(asked) == {Asked(verb)}
    assert len(any_post.answers()) == 1
    assert [kind for kind, _ in origins(any_post)].count(PAST[verb]) == 1


def test_two_machines_do_not_write_to_each_other(post, mail: Mail) -> None:
    for _ in range(100):
        post.receive(mail(post.leave(ANNA), **AWAY))

    assert len(post.answers()) == 1


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["leave", "pause", "confirm", "join", ""]),
    st.text('abcdefghijklmnopqrstuvwxyz234567.+-@=?" <>', max_size=60),
    st.text(max_size=60),
)
def test_no_letter_acts_without_a_signed_address(post, verb: str, token: str, subject: str) -> None:
    raw = (
        f"From: anna@example.org\r\nTo: friday+{verb}.{token}@courier.example\r\nSubject: {subject}"
    )

    asked = post.receive(raw.encode(errors="surrogatepass"))

    assert asked not in {Asked.LEAVE, Asked.PAUSE, Asked.CONFIRM}
    assert post.state(ANNA) is ACTIVE
