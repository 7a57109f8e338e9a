"""A stranger becomes a reader: the page, the letter, the press, the welcome, the latest issue once,
and next Friday's once; over real HTTP, on each database.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html import unescape
from pathlib import Path

import httpx
import pytest
import uvicorn

from digest.clock import FixedClock
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.smtp import MailServer
from digest.web.app import create_web

FRIDAY = date(2026, 11, 27)
ANNA = "anna@example.org"
NORA = "nora@example.net"


@contextmanager
def served(newsroom: Newsroom) -> Iterator[httpx.Client]:
    settings = uvicorn.Config(
        create_web(newsroom.app), port=0, access_log=False, log_config=None, server_header=False
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.002)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


class Town:
    """A newsroom, its pages and its mail server, and what Nora finds in her mailbox."""

    def __init__(self, newsroom: Newsroom, client: httpx.Client, server: MailServer) -> None:
        self.newsroom = newsroom
        self.client = client
        self._server = server

    def mails(self, address: str = NORA) -> list[EmailMessage]:
        return [
            message_from_bytes(each.content, _class=EmailMessage, policy=default)
            for each in self._server.received
            if each.rcpt_to == [address]
        ]

    def subjects(self, address: str = NORA) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails(address)]

    def sign_up(self) -> httpx.Response:
        page = self.client.get("/n/weekly").text
        stamp = re.search(r'name="stamp" value="([^"]+)"', page)
        assert stamp
        self.newsroom.app.clock.advance(timedelta(seconds=20))
        fields = {"address": NORA, "name": "Nora", "stamp": unescape(stamp[1]), "homepage": ""}
        return self.client.post("/n/weekly", data=fields)

    def press(self, link: str) -> httpx.Response:
        return self.client.post(link, data={"page": "1"})

    def link(self, path: str) -> str:
        """Return a link in the last mail, as a path."""
        text = self.mails()[-1].get_content()
        return path + text.partition(path)[2].split()[0]


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Town]:
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with MailServer() as server:
        relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {server.port}\nsecurity = "none"'
        with (
            open_newsroom(tmp_path, clock, relay=relay, **url) as newsroom,
            served(newsroom) as client,
        ):
            newsroom.subscribe(ANNA)
            yield Town(newsroom, client, server)


def test_stranger_becomes_a_reader_with_the_latest_issue_once(town: Town, clock, run) -> None:
    newsroom = town.newsroom
    first = newsroom.ready(FRIDAY)
    run(tick_once(newsroom.app))
    clock.advance(timedelta(days=2))

    assert town.sign_up().status_code == 200
    run(tick_once(newsroom.app))
    assert town.subjects() == ["Please confirm your subscription"]

    link = town.link("/c/")
    assert town.client.get(link).status_code == 200
    assert [town.press(link).status_code for _ in range(2)] == [200, 200]
    assert newsroom.state(first) == "sending"
    run(tick_once(newsroom.app))
    run(tick_once(newsroom.app))

    assert sorted(town.subjects()[1:]) == ["Issue 1", "Welcome"]
    assert newsroom.state(first) == "sent"
    assert str(newsroom.sums(first)).endswith("audience=2")
    assert newsroom.problems(first) == []

    clock.advance(timedelta(days=5))
    second = newsroom.ready(FRIDAY + timedelta(days=7))
    run(tick_once(newsroom.app))

    assert sorted(town.subjects()[1:]) == ["Issue 1", "Issue 2", "Welcome"]
    assert newsroom.sums(second).joined == 0
    assert town.subjects(ANNA) == ["Issue 1", "Issue 2"]


def test_reader_who_confirms_before_the_first_issue_gets_that_one_once(town, clock, run) -> None:
    town.sign_up()
    run(tick_once(town.newsroom.app))
    town.press(town.link("/c/"))
    issue = town.newsroom.ready(FRIDAY)

    run(tick_once(town.newsroom.app))

    assert sorted(town.subjects()[1:]) == ["Issue 1", "Welcome"]
    assert town.newsroom.sums(issue).joined == 0


def test_reader_who_leaves_and_comes_back_gets_no_second_copy(town, clock, run) -> None:
    issue = town.newsroom.ready(FRIDAY)
    run(tick_once(town.newsroom.app))
    town.sign_up()
    run(tick_once(town.newsroom.app))
    town.press(town.link("/c/"))
    run(tick_once(town.newsroom.app))
    town.newsroom.unsubscribe(NORA)
    clock.advance(timedelta(days=2))

    town.sign_up()
    run(tick_once(town.newsroom.app))
    town.press(town.link("/c/"))
    run(tick_once(town.newsroom.app))

    assert town.subjects().count("Issue 1") == 1
    assert town.subjects().count("Welcome") == 2
    assert town.newsroom.problems(issue) == []


def test_form_of_another_site_needs_one_more_press(town: Town, clock, run) -> None:
    page = town.client.post("/n/weekly", data={"address": NORA}).text
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)
    assert stamp
    clock.advance(timedelta(seconds=5))
    town.client.post("/n/weekly", data={"address": NORA, "stamp": unescape(stamp[1])})

    run(tick_once(town.newsroom.app))

    assert "Press once more to finish" in page
    assert town.subjects() == ["Please confirm your subscription"]
