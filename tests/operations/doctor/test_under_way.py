"""Who is at work, what waits too long, and when the next issue is."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from digest.clock import FixedClock
from digest.curation.newsletters import find_newsletter, skip_date
from digest.delivery.home.judgement import Why
from digest.delivery.home.rows import write_hold
from digest.models import (
    Chunk,
    Delivery,
    DeliveryState,
    Issue,
    Notice,
    NoticeState,
    ReaderRequest,
    RequestKind,
    Slot,
    SlotState,
    Source,
)
from digest.outbox import NoticeText, enqueue
from digest.testing.newsroom import Newsroom
from digest.testing.web import WebServer, answer
from tests.operations.doctor.conftest import Said, ask, levels, texts

Room = Callable[..., Newsroom]
HOUR = timedelta(hours=1)


def test_scheduler_that_gave_a_sign_of_life_is_at_work(room: Room) -> None:
    newsroom = room()
    silent = ask(newsroom, "ALIVE-1")
    newsroom.app.owner, own = "another-process", newsroom.app.owner
    newsroom.app.beat("scheduler")
    newsroom.app.owner = own
    alive = ask(newsroom, "ALIVE-1")

    assert (levels(silent), levels(alive)) == ({"warn"}, {"ok"})


def test_hold_is_an_error_that_says_what_to_do(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    at_home = ask(newsroom, "STORE-5")
    with newsroom.app.db.write() as session:
        write_hold(session, Why.RESTORED, clock.now(), detail="")
    (held,) = ask(newsroom, "STORE-5")

    assert levels(at_home) == {"ok"}
    assert (held.level, held.hint) == (
        "error",
        "digest takeover shows what is held and lets it go",
    )


def test_ballast_is_missed_found_and_given_back(room: Room) -> None:
    newsroom = room({"ballast_megabytes = 0": "ballast_megabytes = 1"})
    before = ask(newsroom, "DISK-2")
    newsroom.app.ballast.look()
    there = ask(newsroom, "DISK-2")
    newsroom.app.ballast.release()
    (full,) = ask(newsroom, "DISK-2")

    assert (levels(before), levels(there)) == ({"note"}, {"ok"})
    assert full.level == "error"
    assert "no new copy is begun" in full.text


@pytest.mark.parametrize(
    ("status", "level"), [(200, "ok"), (503, "error"), (404, "warn"), (None, "warn")]
)
def test_pages_are_asked_on_this_machine(said: Said, status: int | None, level: str) -> None:
    server = WebServer()
    if status is not None:
        server.answers["/health"] = answer(status, b"ok")
    try:
        found = said("ALIVE-2", {"[web]": f"[web]\nport = {server.port}"})
    finally:
        server.close()

    assert levels(found) == {level}


def letter(newsroom: Newsroom, key: str = "k") -> None:
    app = newsroom.app
    with app.db.write() as session:
        enqueue(
            session,
            app.sealer,
            kind="alert",
            newsletter_slug="weekly",
            address="desk@courier.example",
            text=NoticeText("Subject", "Body"),
            dedupe_key=key,
            now=app.clock.now(),
        )


def test_letters_that_wait_too_long(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    letter(newsroom)
    fresh = ask(newsroom, "BACKLOG-1")
    clock.advance(HOUR)
    late = ask(newsroom, "BACKLOG-1")

    assert levels(fresh) == {"ok"}
    assert texts(late, "warn") == (
        "1 letter should have left by now, the oldest is of 2026-11-27 06:59 UTC"
    )


def test_letters_that_failed_or_were_put_off_are_noted(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    letter(newsroom, "a")
    letter(newsroom, "b")
    with newsroom.app.db.write() as session:
        session.execute(
            update(Notice)
            .where(Notice.dedupe_key == "a")
            .values(state=NoticeState.FAILED, done_at=clock.now())
        )
        session.execute(update(Notice).where(Notice.dedupe_key == "b").values(attempts=3))

    found = texts(ask(newsroom, "BACKLOG-1"), "note")

    assert "1 letter put off, and tried again" in found
    assert "1 letter could not be delivered in the last seven days" in found


def sending(newsroom: Newsroom) -> None:
    """Freeze an issue for one reader; nothing is sent."""
    newsroom.subscribe("anna@example.org")
    newsroom.ready(date(2026, 11, 27))
    newsroom.app.sender.open_due_slots(newsroom.app.clock.now())


def test_copies_that_wait_too_long(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    none = ask(newsroom, "BACKLOG-2")
    sending(newsroom)
    fresh = ask(newsroom, "BACKLOG-2")
    with newsroom.app.db.write() as session:
        session.execute(update(Chunk).values(next_at=clock.now() - HOUR))
    late = ask(newsroom, "BACKLOG-2")
    with newsroom.app.db.write() as session:
        session.execute(update(Chunk).values(owner="a sender", lease_until=clock.now() + HOUR))
    held = ask(newsroom, "BACKLOG-2")
    with newsroom.app.db.write() as session:
        session.execute(update(Issue).values(paused=True, paused_why="refused"))
    paused = ask(newsroom, "BACKLOG-2")

    assert texts(none, "ok") == "no issue is under way"
    assert texts(fresh, "ok") == "weekly/1 is being sent"
    assert "nobody is at them" in texts(late, "warn")
    assert levels(held) == {"ok"}  # a large issue under limits takes hours
    assert texts(paused, "warn") == "weekly/1 is paused: refused"


def test_copies_in_doubt(room: Room) -> None:
    newsroom = room()
    assert levels(ask(newsroom, "BACKLOG-3")) == {"ok"}
    sending(newsroom)
    with newsroom.app.db.write() as session:
        session.execute(update(Delivery).values(state=DeliveryState.UNCERTAIN))

    (found,) = ask(newsroom, "BACKLOG-3")

    assert (found.level, found.text) == (
        "warn",
        "weekly/1: of 1 copy nobody knows whether it arrived",
    )


def test_requests_that_wait_too_long(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    with newsroom.app.db.write() as session:
        session.add(
            ReaderRequest(
                kind=RequestKind.SETTINGS,
                newsletter_id=find_newsletter(session, "weekly").id,
                address_sealed=newsroom.app.sealer.seal("anna@example.org"),
                origin="form",
                asked_at=clock.now(),
            )
        )
    fresh = ask(newsroom, "BACKLOG-4")
    clock.advance(HOUR)
    late = ask(newsroom, "BACKLOG-4")

    assert levels(fresh) == {"ok"}
    assert texts(late, "warn").startswith(
        "1 request of readers waiting, the oldest since 2026-11-27"
    )


def test_next_issue_is_printed_with_its_zone_and_what_is_ready(room: Room) -> None:
    zone = {'timezone = "UTC"': 'timezone = "America/New_York"'}
    newsroom = room(zone)
    newsroom.subscribe("anna@example.org")
    (none,) = ask(newsroom, "FRIDAY-1")
    issue = newsroom.draft(date(2026, 11, 27))
    (draft,) = ask(newsroom, "FRIDAY-1")
    newsroom.approve(issue)
    (approved,) = ask(newsroom, "FRIDAY-1")

    due = "weekly: Friday 2026-11-27 07:00 EST (America/New_York), 12:00 UTC; "
    last = "; the last copy leaves Friday 2026-11-27 07:00"
    assert (none.level, none.text) == ("warn", f"{due}there is no draft yet{last}")
    assert (draft.level, draft.text) == ("warn", f"{due}not approved yet (draft){last}")
    assert (approved.level, approved.text) == ("ok", f"{due}approved{last}")


def test_issue_of_next_week_need_not_be_ready(room: Room, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=2))

    (found,) = ask(room(), "FRIDAY-1")

    assert found.level == "ok"
    assert found.text.startswith("weekly: Friday 2026-12-04 07:00 UTC; there is no draft yet")


def test_day_of_another_date_in_utc_is_named(said: Said) -> None:
    found = said("FRIDAY-1", {'timezone = "UTC"': 'timezone = "Pacific/Auckland"'})

    assert "Friday 2026-12-04 07:00 NZDT (Pacific/Auckland), Thursday 18:00 UTC" in found[0].text


def test_clocks_that_change_before_the_next_issue_are_told(room: Room, clock: FixedClock) -> None:
    clock.set(clock.now().replace(month=10, day=23, hour=12))  # the Friday before they go back
    newsroom = room({'timezone = "UTC"': 'timezone = "Europe/London"'})

    assert texts(ask(newsroom, "FRIDAY-1"), "note") == (
        "weekly: the clocks of Europe/London change by -1 h before it, so in UTC it is another "
        "time than now"
    )


@pytest.mark.parametrize(
    ("now", "at", "words"),
    [
        ((3, 26), "02:30:00", "02:30 is skipped by the clocks, and the issue leaves as they jump,"),
        ((10, 22), "02:30:00", "02:30 comes twice, and the issue leaves the first time,"),
    ],
)
def test_time_that_is_not_there_or_twice_is_told(
    room: Room, clock: FixedClock, now: tuple[int, int], at: str, words: str
) -> None:
    clock.set(clock.now().replace(month=now[0], day=now[1], hour=12))
    schedule = f'weekday = "sunday", time = {at}, timezone = "Europe/Berlin"'
    newsroom = room({'weekday = "friday", time = 07:00:00, timezone = "UTC"': schedule})

    assert words in texts(ask(newsroom, "FRIDAY-1"), "note")


def test_dates_that_are_skipped_are_told(room: Room) -> None:
    newsroom = room()
    with newsroom.app.db.write() as session:
        skip_date(session, find_newsletter(session, "weekly"), date(2026, 12, 25))

    assert "weekly: no issue on 2026-12-25" in texts(ask(newsroom, "FRIDAY-1"), "ok")


@pytest.mark.parametrize("state", [SlotState.HELD, SlotState.MISSED])
def test_issue_that_was_not_sent_lately_is_told(room: Room, clock, state: SlotState) -> None:
    newsroom = room()
    assert levels(ask(newsroom, "FRIDAY-2")) == {"ok"}
    with newsroom.app.db.write() as session:
        session.add(
            Slot(
                newsletter_id=find_newsletter(session, "weekly").id,
                local_date=date(2026, 11, 20),
                due_at=clock.now() - timedelta(days=7),
                state=state,
                by_hand=False,
                alerted=[],
            )
        )

    (found,) = ask(newsroom, "FRIDAY-2")

    assert found.text == f"weekly: the issue of 2026-11-20 was {state.value}: nothing was sent"


def test_sources_that_fail_are_named_and_many_are_counted(room: Room, clock: FixedClock) -> None:
    newsroom = room()
    with newsroom.app.db.write() as session:
        session.add_all(
            Source(
                kind="feed",
                url=f"https://s{number:02}.example/feed",
                name=f"Source {number:02}",
                next_poll_at=clock.now(),
                created_at=clock.now(),
                failures=number,
                last_error="the server answered 404" if number else "",
                active=number != 13,
            )
            for number in range(14)
        )

    found = ask(newsroom, "SOURCE-1")

    assert "Source 01: not read, 1 time in a row: the server answered 404" in texts(found, "note")
    assert "Source 05: not read, 5 times in a row" in texts(found, "warn")
    assert "2 sources more not read" in texts(found, "warn")
    assert "Source 13" not in texts(found, "note") + texts(found, "warn")


def test_each_look_compiles(said: Said) -> None:
    found = said("LOOK-1")

    assert [one.text for one in found] == [
        "weekly: front-page compiles",
        "weekly: quiet-letter compiles",
        "weekly: text-first compiles",
    ]


def test_template_that_does_not_compile_is_an_error(tmp_path, room: Room) -> None:
    own = tmp_path / "ours" / "quiet-letter"
    own.mkdir(parents=True)
    (own / "_lead.mjml.j2").write_text("<mj-section>{{ no_such_name }}</mj-section>\n")

    found = ask(room({"[web]": 'templates = "ours"\n[web]'}), "LOOK-1")

    (broken,) = (one for one in found if one.level == "error")
    assert broken.text.startswith("weekly, quiet-letter: template ")
    assert "no_such_name" in broken.text


def test_templates_of_ones_own_are_read(tmp_path, room: Room) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "_lead.mjml.j2").write_text("{% if %}\n")
    (tmp_path / "ours" / "_laed.mjml.j2").write_text("<mj-section></mj-section>\n")
    (tmp_path / "ours" / "leave.html").write_bytes(b"\xff\xfe")
    (tmp_path / "ours" / "issue.txt.j2").write_text("{{ view.subject }}\n")

    found = ask(room({"[web]": 'templates = "ours"\n[web]'}), "LOOK-2")

    assert "templates: _lead.mjml.j2: line 1: " in texts(found, "error")
    assert "templates: leave.html: " in texts(found, "error")
    assert texts(found, "note") == (
        "templates: _laed.mjml.j2: replaces none of ours, and is not read by itself"
    )


def test_templates_in_order_are_well(tmp_path, room: Room) -> None:
    (tmp_path / "ours").mkdir()

    assert levels(ask(room({"[web]": 'templates = "ours"\n[web]'}), "LOOK-2")) == {"ok"}


def test_keys_that_sign_are_read(tmp_path, room: Room) -> None:
    newsroom = room(
        {"schedule = {": 'dkim = [{ selector = "f", key_file = "f.pem" }]\nschedule = {'}
    )

    (found,) = ask(newsroom, "KEYS-3")

    assert found.level == "error"
    assert "f.pem: the key cannot be read" in found.text
