"""An issue under way, at the desk: the sums live, pause, resume, stop, and copies in doubt."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta

import httpx
import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.delivery.outcome import Uncertain
from digest.editors.accounts import find_editor
from digest.editors.sessions import end_sessions
from digest.models import AuditEntry, Delivery, DeliveryState, Role
from digest.scheduler import tick_once
from digest.web.desk.pages import DeskPages
from digest.web.desk.watching import MOST_OF_ONE, Watching
from tests.web.conftest import ANNA, BEN, serving
from tests.web.desk.conftest import Browser, Desk

FRIDAY = date(2026, 11, 27)
SOON = 10.0  # seconds that a busy machine may take for what comes within one


@pytest.fixture
def under_way(desk: Desk) -> str:
    """An issue that is frozen for two readers; nothing of it has left."""
    name = desk.house.newsroom.ready(FRIDAY)
    desk.app.sender.tick()
    return name


def arrived(desk: Desk) -> list[str]:
    reached = (envelope.rcpt_to for envelope, _ in desk.house.newsroom.backend.accepted)
    return sorted(address for address in reached if address != "desk@courier.example")


def states(desk: Desk) -> list[DeliveryState]:
    with desk.app.db.read() as session:
        return [row.state for row in session.query(Delivery).order_by(Delivery.id)]


@contextmanager
def events(browser: Browser, name: str) -> Iterator[Iterator[str]]:
    """Open the stream of an issue; yields its lines."""
    with browser.client.stream("GET", f"/desk/{name}/sending/events", timeout=SOON) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield answer.iter_lines()


def until(lines: Iterator[str], words: str) -> str:
    """Read on to the first line with these words."""
    return next(line for line in lines if words in line)


def test_page_has_the_ledger_s_sums(desk: Desk, under_way: str, run) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    page = browser.get(f"/desk/{under_way}/sending").text
    assert "The sums balance: 2 = 0 + 0 + 0 + 0 + 0 + 2" in page
    assert "main takes copies." in page
    assert "No scheduler is alive" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "/sending/pause" not in page

    run(tick_once(desk.app))

    page = browser.get(f"/desk/{under_way}/sending").text
    assert "The sums balance: 2 = 2 + 0 + 0 + 0 + 0 + 0" in page
    assert "It is sent." in page
    assert "refresh" not in page


def test_this_week_shows_it_first(desk: Desk, under_way: str, run) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    page = browser.get("/desk").text
    assert page.index("Number 1 is being sent") < page.index("Friday, 4")
    assert "0 of 2 copies" in page
    part = browser.get(f"/desk/{under_way}/sending/progress")
    assert part.text in page.replace("\r", "")
    run(tick_once(desk.app))
    assert "is being sent" not in browser.get("/desk").text


def test_issue_that_has_not_begun_has_nothing_to_show(desk: Desk) -> None:
    name = desk.house.newsroom.draft(day=FRIDAY)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    assert "Nothing of this issue has left" in browser.get(f"/desk/{name}/sending").text
    assert browser.get(f"/desk/{name}/sending/progress").status_code == 204
    assert browser.get(f"/desk/{name}/sending/events").status_code == 204


def test_pause_holds_every_copy_and_resume_lets_them_go(desk: Desk, under_way: str, run) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    browser.post(f"/desk/{under_way}/sending/pause", why="A wrong name in the lead")
    run(tick_once(desk.app))
    assert arrived(desk) == []
    page = browser.get(f"/desk/{under_way}/sending").text
    assert "It is paused. A wrong name in the lead" in page

    assert browser.post(f"/desk/{under_way}/sending/resume").status_code == 303
    assert browser.post(f"/desk/{under_way}/sending/resume").status_code == 403
    run(tick_once(desk.app))

    assert arrived(desk) == [ANNA, BEN]
    assert browser.post(f"/desk/{under_way}/sending/pause").status_code == 403
    assert desk.verbs(of_people=True) == ["pause", "resume"]


def test_stop_needs_the_name_and_skips_who_waits(desk: Desk, under_way: str, run) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    assert "<strong>2 readers</strong>" in browser.get(f"/desk/{under_way}/sending/stop").text
    assert browser.post(f"/desk/{under_way}/sending/stop", typed="stop").status_code == 422
    assert states(desk) == [DeliveryState.PENDING] * 2

    assert browser.post(f"/desk/{under_way}/sending/stop", typed=under_way).status_code == 303

    assert states(desk) == [DeliveryState.SKIPPED] * 2
    assert "It was stopped" in browser.get(f"/desk/{under_way}/sending").text
    assert browser.get(f"/desk/{under_way}/sending/stop").status_code == 403
    run(tick_once(desk.app))
    assert arrived(desk) == []
    assert desk.verbs(of_people=True) == ["stop"]


def test_stream_tells_what_happens_and_ends_with_the_issue(desk: Desk, under_way: str, run) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    with events(browser, under_way) as lines:
        until(lines, "0 of 2 copies")
        run(tick_once(desk.app))
        until(lines, "2 of 2 copies")
        until(lines, "It is sent.")
        for _ in lines:
            pass  # to its end
    assert browser.get(f"/desk/{under_way}/sending/events").status_code == 204


def test_stream_ends_with_its_session_and_no_other(desk: Desk, under_way: str) -> None:
    ada, ben = desk.signed_in(Role.EDITOR, "ada"), desk.signed_in(Role.EDITOR, "ben")
    with events(ada, under_way) as lines, events(ben, under_way) as others:
        until(lines, "0 of 2 copies")
        until(others, "0 of 2 copies")
        with desk.app.db.write() as session:
            editor = find_editor(session, desk.app.sealer, "ada@gazette.example")
            end_sessions(session, editor.id)
        for _ in lines:
            pass
        until(others, ":")  # goes on
    assert ada.get(f"/desk/{under_way}/sending/events").status_code == 303


def test_open_stream_does_not_keep_a_session_alive(desk: Desk, under_way: str) -> None:
    browser = desk.signed_in(Role.EDITOR)
    with events(browser, under_way) as lines:
        until(lines, "0 of 2 copies")
        desk.clock.advance(timedelta(hours=3))
        for _ in lines:
            pass
    assert browser.get("/desk").status_code == 303


def test_so_many_streams_and_no_more(desk: Desk, under_way: str) -> None:
    browser, other = desk.signed_in(Role.EDITOR, "ada"), desk.signed_in(Role.EDITOR, "ben")
    path = f"/desk/{under_way}/sending/events"
    assert browser.client.head(path).status_code == 200
    with httpx.Client(base_url=desk.house.url, cookies=browser.client.cookies) as client:
        streams = [client.stream("GET", path) for _ in range(MOST_OF_ONE)]
        opened = [stream.__enter__() for stream in streams]
        kept = [answer.iter_lines() for answer in opened]  # closes its answer when it goes
        for lines in kept:
            until(lines, "data:")

        refused = browser.get(path, timeout=SOON)

        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "60"
        with events(other, under_way) as lines:
            until(lines, "data:")
        for answer in opened:
            answer.close()
    deadline = time.monotonic() + SOON  # those that were left make room
    while browser.client.head(path).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert browser.client.head(path).status_code == 200


def test_all_watchers_share_a_reading(desk: Desk, under_way: str) -> None:
    browsers = [desk.signed_in(Role.EDITOR, f"editor{n}") for n in range(5)]
    watching = Watching(desk.app, DeskPages())

    async def watch() -> list[int]:
        streams = [watching.events(1, browser.secret) for browser in browsers]

        async def three(stream) -> int:
            return len([await anext(stream) for _ in range(3)])

        return list(await asyncio.gather(*map(three, streams)))

    with ThreadPoolExecutor(1) as threads:
        got = threads.submit(asyncio.run, watch()).result()
    assert got == [3] * 5
    assert watching.read(1).number <= 3 + 2  # not fifteen


def test_server_stops_although_somebody_watches(desk: Desk, under_way: str) -> None:
    secret = desk.signed_in(Role.EDITOR).secret
    began: list[float] = []
    with serving(desk.house.newsroom) as house:
        client = httpx.Client(base_url=house.url)
        client.cookies.set("digest_desk", secret, path="/desk")
        stream = client.stream("GET", f"/desk/{under_way}/sending/events", timeout=SOON)
        lines = stream.__enter__().iter_lines()
        until(lines, "data:")
        began.append(time.monotonic())
    took = time.monotonic() - began[0]
    list(lines)  # it ended in good order: httpx would raise for a stream that was cut off
    stream.__exit__(None, None, None)
    client.close()
    assert took < 3


@pytest.fixture
def doubted(desk: Desk, run) -> str:
    """An issue with one copy of which nobody knows whether it arrived: Anna's."""
    name = desk.house.newsroom.ready(FRIDAY)
    desk.house.newsroom.backend.script(
        lambda envelope: envelope.rcpt_to == ANNA, Uncertain("no reply after the dot")
    )
    run(tick_once(desk.app))
    assert sorted(states(desk)) == [DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN]
    return name


def doubt_id(desk: Desk) -> str:
    with desk.app.db.read() as session:
        row = session.query(Delivery).filter_by(state=DeliveryState.UNCERTAIN).one()
        return str(row.id)


def test_doubts_are_listed_with_what_leads_to_the_relay_s_log(desk: Desk, doubted: str) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    assert f'href="/desk/{doubted}/doubts"' in browser.get(f"/desk/{doubted}/sending").text
    page = browser.get(f"/desk/{doubted}/doubts").text
    for words in ("1 copy in doubt", "no reply after the dot", "@courier.example&gt;", "main"):
        assert words in page
    assert ANNA not in page


def test_doubt_is_taken_as_accepted(desk: Desk, doubted: str) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    path = f"/desk/{doubted}/doubts/accept"
    assert browser.post(path).status_code == 422  # none is ticked
    assert browser.post(path, delivery="4711").status_code == 404

    done = browser.post(path, delivery=doubt_id(desk))

    assert "1 settled." in browser.get(done.headers["location"]).text
    assert states(desk) == [DeliveryState.ACCEPTED] * 2
    with desk.app.db.read() as session:
        (entry,) = session.query(AuditEntry).where(AuditEntry.editor_id.is_not(None))
    assert (entry.verb, entry.detail) == ("settle doubts", {"to": "accepted", "copies": 1})


def test_doubt_is_sent_again_only_by_the_name(desk: Desk, doubted: str, run) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    path = f"/desk/{doubted}/doubts/resend"
    fields = {"delivery": doubt_id(desk)}
    assert browser.post(path, **fields).status_code == 422
    assert browser.post(path, all="yes", typed="weekly").status_code == 422
    assert arrived(desk) == [BEN]

    assert browser.post(path, **fields, typed=doubted).status_code == 303
    run(tick_once(desk.app))

    assert arrived(desk) == [ANNA, BEN]
    assert browser.get(f"/desk/{doubted}/doubts").text.count("Nothing of this issue is in doubt")


def test_all_doubts_are_settled_in_one(desk: Desk, doubted: str) -> None:
    browser = desk.signed_in(Role.PUBLISHER)
    browser.post(f"/desk/{doubted}/doubts/accept", all="yes")
    assert states(desk) == [DeliveryState.ACCEPTED] * 2


def send_apart(desk: Desk) -> None:
    """Send what is due, in a thread: a browser of the test's keeps a loop on this one."""
    thread = threading.Thread(target=lambda: asyncio.run(tick_once(desk.app)))
    thread.start()
    thread.join()


def test_progress_moves_without_reloading(
    desk: Desk, under_way: str, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        failures: list[str] = []
        page.on("console", lambda message: failures.append(message.text))
        loads: list[str] = []
        page.on("load", lambda: loads.append(page.url))
        page.goto(f"{desk.house.url}/desk/{under_way}/sending")
        expect(page.get_by_text("0 of 2 copies")).to_be_visible()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        assert axe(page) == []
        assert page.locator("html").evaluate("p => p.scrollWidth <= p.clientWidth")

        send_apart(desk)

        expect(page.get_by_text("2 of 2 copies")).to_be_visible()
        expect(page.get_by_text("It is sent.").first).to_be_visible()
        expect(page.get_by_role("button", name="Pause")).to_have_count(0)
        assert page.get_by_role("progressbar").get_attribute("value") == "2"
        assert len(loads) == 1
        assert failures == []


def test_buttons_follow_what_others_do(desk: Desk, under_way: str, browser: Chromium) -> None:
    other = desk.signed_in(Role.PUBLISHER, "ben")
    with browser.new_context() as context:
        desk.let_in(context, Role.PUBLISHER)
        page = context.new_page()
        page.goto(f"{desk.house.url}/desk/{under_way}/sending")
        other.post(f"/desk/{under_way}/sending/pause", why="Ben stopped it")
        expect(page.get_by_text("Ben stopped it")).to_be_visible()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_where_no_stream_is_to_be_had_the_page_asks(
    desk: Desk, under_way: str, browser: Chromium
) -> None:
    with browser.new_context() as context:
        desk.let_in(context, Role.CONTRIBUTOR)
        page = context.new_page()
        page.route("**/sending/events", lambda route: route.fulfill(status=503))
        page.goto(f"{desk.house.url}/desk/{under_way}/sending")
        send_apart(desk)
        expect(page.get_by_text("2 of 2 copies")).to_be_visible(timeout=15_000)


def test_pages_are_fit_for_everybody(
    desk: Desk, doubted: str, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    for width in (375, 1280):
        with browser.new_context(viewport={"width": width, "height": 800}) as context:
            desk.let_in(context, Role.PUBLISHER, f"publisher{width}")
            page = context.new_page()
            paths = [f"{doubted}/doubts", f"{doubted}/proof", "weekly/dates"]
            draft = desk.house.newsroom.draft()
            desk.house.newsroom.approve(draft)
            for path in [*paths, f"{draft}/schedule"]:
                page.goto(f"{desk.house.url}/desk/{path}")
                assert axe(page) == [], path
                assert page.locator("html").evaluate("p => p.scrollWidth <= p.clientWidth"), path
