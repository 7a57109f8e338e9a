"""A newsroom whose reader pages are served by a real web server on loopback, and a visitor."""

import logging
import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from digest.clock import FixedClock
from digest.models import Notice, SubscriptionState
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose
from digest.web.app import create_web
from digest.web.ending import Server
from digest.web.hooks.hearing import Hook

ANNA = "anna@example.org"
BEN = "ben@example.org"
# One of what mail providers, scanners and archives call themselves: nobody we know.
USER_AGENT = "Mozilla/5.0 (compatible; SomeScanner/9)"


@cache
def certificates() -> ssl.SSLContext:
    """What a browser trusts, read once; reading it takes longer than most pages."""
    return httpx.create_ssl_context()


class WebHouse:
    """A newsroom with two readers, and its pages at `url` for as long as it is open."""

    def __init__(
        self, newsroom: Newsroom, url: str, client: httpx.Client, server: uvicorn.Server
    ) -> None:
        self.server = server
        self.newsroom = newsroom
        self.app = newsroom.app
        self.url = url
        self.client = client

    @property
    def address(self) -> tuple[str, int]:
        """Where the server listens."""
        return "127.0.0.1", int(self.url.rpartition(":")[2])

    def public_id(self, address: str) -> str:
        """Return the public id of a reader's subscription."""
        with self.app.db.read() as session:
            subscriber = find_by_address(session, self.app.sealer, address)
            assert subscriber is not None
            [(_, subscription)] = list_subscriptions(session, subscriber.id)
            return subscription.public_id

    def state(self, address: str) -> SubscriptionState:
        """Return the state of a reader's subscription."""
        with self.app.db.read() as session:
            subscriber = find_by_address(session, self.app.sealer, address)
            assert subscriber is not None
            [(_, subscription)] = list_subscriptions(session, subscriber.id)
            return subscription.state

    def subscriber_id(self, address: str) -> str:
        """Return the public id of a reader."""
        with self.app.db.read() as session:
            subscriber = find_by_address(session, self.app.sealer, address)
            assert subscriber is not None
            return subscriber.public_id

    def passing(self, purpose: Purpose, address: str, hours: float = 1) -> str:
        """Return a token that runs out, for a reader as such and not for a subscription."""
        until = self.app.clock.now() + timedelta(hours=hours)
        return self.app.signer.sign_until(purpose, self.subscriber_id(address), until)

    def set(self, what: str, reader: str, **fields: Any) -> httpx.Response:
        """Post a form of a reader's opened settings, about the newsletter called ``weekly``."""
        key = self.passing(Purpose.SETTINGS, reader)
        data = {"key": key, "newsletter": "weekly", **fields}
        return self.client.post(f"/settings/{what}", data=data)

    def letters(self) -> list[tuple[str, str, str]]:
        """Return (kind, address, text) of each letter in the outbox."""
        opened = self.app.sealer.open
        with self.app.db.read() as session:
            rows = session.scalars(select(Notice).order_by(Notice.id)).all()
            return [(r.kind, opened(r.address_sealed), opened(r.body_sealed)) for r in rows]

    def link(self, purpose: Purpose, address: str) -> str:
        """Return the path of a reader's own link."""
        path = {Purpose.UNSUBSCRIBE: "/u/", Purpose.REMIND_LATER: "/later/"}[purpose]
        return path + self.app.signer.sign(purpose, self.public_id(address))

    def leave_link(self, address: str) -> str:
        """Return the path of a reader's unsubscribe link."""
        return self.link(Purpose.UNSUBSCRIBE, address)

    def later_link(self, address: str) -> str:
        """Return the path of a reader's "Remind me later" link."""
        return self.link(Purpose.REMIND_LATER, address)


@contextmanager
def serving(newsroom: Newsroom, providers: Sequence[Hook] | None = None) -> Iterator[WebHouse]:
    """Serve a newsroom's pages with the settings of ``digest web``."""
    web = create_web(newsroom.app, providers)
    settings = uvicorn.Config(web, port=0, access_log=False, log_config=None, server_header=False)
    server = Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.002)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        headers = {"User-Agent": USER_AGENT}
        with httpx.Client(
            base_url=url, headers=headers, verify=certificates(), timeout=60
        ) as client:
            yield WebHouse(newsroom, url, client, server)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def open_house(
    tmp_path: Path, clock: FixedClock, migrated_file: Path
) -> Callable[..., AbstractContextManager[WebHouse]]:
    """Open a house in this test's folder, as often as one likes; options are open_newsroom's."""
    return partial(_opened, tmp_path, clock, migrated_file)


@contextmanager
def _opened(
    folder: Path, clock: FixedClock, migrated_file: Path, **options: Any
) -> Iterator[WebHouse]:
    if not (folder / "digest.db").exists():
        shutil.copyfile(migrated_file, folder / "digest.db")
    with open_newsroom(folder, clock, **options) as newsroom, serving(newsroom) as house:
        yield house


@pytest.fixture
def house(open_house: Callable[..., AbstractContextManager[WebHouse]]) -> Iterator[WebHouse]:
    """A house with two readers."""
    with open_house() as opened:
        opened.newsroom.subscribe(ANNA, BEN, name="Zebulon Quimby")
        yield opened


@pytest.fixture(scope="module")
def shared_house(
    tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[WebHouse]:
    """The same, shared by the tests of a module that leave readers and settings as they are."""
    clock = FixedClock(datetime(2026, 11, 27, 6, 59, tzinfo=UTC))
    with _opened(tmp_path_factory.mktemp("shared"), clock, migrated_file) as opened:
        opened.newsroom.subscribe(ANNA, BEN, name="Zebulon Quimby")
        yield opened


@pytest.fixture(scope="module")
def browser(system_part: Callable[[str], Path]) -> Iterator[Browser]:
    """The system's Chromium. Not longer than a module: it keeps an event loop on this thread."""
    chromium = system_part("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(system_part: Callable[[str], Path]) -> Callable[[Page], list[str]]:
    """Return what axe-core finds serious or critical in a page, in light and in dark.

    The page must allow scripts: axe waits by timers of the page.
    """
    engine = system_part("axe").read_text(encoding="utf-8")

    def judge(page: Page) -> list[str]:
        found = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.evaluate(engine)
            judged = page.evaluate("axe.run(document)")
            found += [
                f"{scheme}: {each['id']}: {each['nodes'][0]['html'][:200]}"
                for each in judged["violations"]
                if each["impact"] in {"serious", "critical"}
            ]
            # Words in the very colour of what is behind them, axe leaves to us.
            found += [
                f"{scheme}: invisible: {node['html'][:200]}"
                for each in judged["incomplete"]
                for node in each["nodes"]
                if any("equalRatio" in str(why["data"]) for why in node["any"])
            ]
        return found

    return judge


class Logged(logging.Handler):
    """Keeps all that reaches the program's log, unredacted, with every extra value."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record: the line, its traceback, its fields."""
        fields = getattr(record, "fields", {})
        self.lines.append(f"{record.levelname} {record.name} {self.format(record)} {fields}")


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What is logged from here on. (caplog would also listen to loggers that reach nobody.)"""
    handler, root = Logged(), logging.getLogger()
    # Our own client would log what it asks for; real ones are elsewhere.
    quiet = {name: logging.getLogger(name).level for name in ("httpx", "httpcore")}
    before = root.level
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler.lines
    root.setLevel(before)
    root.removeHandler(handler)
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)
