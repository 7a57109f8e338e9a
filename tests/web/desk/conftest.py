"""The desk of a newsroom, and a browser that is signed in."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import httpx
import pytest

from digest.clock import FixedClock
from digest.editors.accounts import add_editor, find_editor
from digest.editors.attempts import attempt_of, may_try
from digest.editors.passwords import hash_password
from digest.editors.sessions import open_session
from digest.models import AuditEntry, Role
from digest.subscribers.door.limits import network_of
from digest.web.desk.doors import COOKIE
from tests.web.conftest import WebHouse, certificates

PASSWORD = "correct horse battery"


@cache
def hashed() -> str:
    """Return the hash of everybody's password; one takes as long as it should."""
    return hash_password(PASSWORD)


class Browser:
    """A browser that is signed in and sends its session's token with each form."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        page = client.get("/desk").text
        self.token = page.partition('"X-Desk-Token": "')[2].partition('"')[0]
        assert len(self.token) == 64

    @property
    def secret(self) -> str:
        """The session's secret, as the cookie holds it."""
        return self.client.cookies[COOKIE]

    def get(self, path: str, **options) -> httpx.Response:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, **fields) -> httpx.Response:
        """Send a form."""
        return self.client.post(path, data={"token": self.token, **fields})


class Desk:
    """The desk of a newsroom, and who works there."""

    def __init__(self, house: WebHouse, clock: FixedClock) -> None:
        self.house = house
        self.clock = clock
        self.app = house.app
        self.browsers = ExitStack()

    def add(self, role: Role, name: str = "") -> str:
        """Add an editor; return their address."""
        address, now = f"{name or role.value}@gazette.example", self.app.clock.now()
        called = (name or role.value).title()
        with self.app.db.write() as session:
            editor = add_editor(
                session, self.app.sealer, name=called, address=address, role=role, now=now
            )
            editor.password_hash = hashed()
        return address

    def browser(self) -> httpx.Client:
        """Return a browser that is not signed in, and follows no redirect."""
        return httpx.Client(base_url=self.house.url, verify=certificates(), timeout=60)

    def try_sign_in(self, address: str, password: str = PASSWORD) -> httpx.Response:
        """Send the form of signing in."""
        with self.browser() as client:
            return client.post("/desk/sign-in", data={"address": address, "password": password})

    def count_attempts(self, *addresses: str) -> None:
        """Have an attempt counted for each address, from where our browsers are: hashes nothing."""
        with self.app.db.write() as session:
            for address in addresses:
                attempt = attempt_of(self.app.sealer, address, network_of("127.0.0.1"))
                assert may_try(session, attempt, self.app.clock.now())

    def sign_in(self, address: str, password: str = PASSWORD) -> Browser:
        """Return a browser that has signed in."""
        client = self.browsers.enter_context(self.browser())
        answer = client.post("/desk/sign-in", data={"address": address, "password": password})
        assert answer.status_code == 303, answer.text
        return Browser(client)

    def open_session(self, address: str) -> str:
        """Return the secret of a new session, as if somebody had signed in."""
        app = self.app
        with app.db.write() as session:
            editor = find_editor(session, app.sealer, address)
            return open_session(session, editor, app.clock.now(), app.config.desk.session_hours)

    def verbs(self, *, of_people: bool = False) -> list[str]:
        """Return what the record says was done, in its order; `of_people` leaves out what the
        scheduler does by itself.
        """
        with self.app.db.read() as session:
            entries = session.query(AuditEntry).order_by(AuditEntry.id)
            return [e.verb for e in entries if e.editor_id is not None or not of_people]

    def signed_in(self, role: Role, name: str = "") -> Browser:
        """Add an editor and return their browser."""
        return self.another_browser(self.add(role, name))

    def another_browser(self, address: str) -> Browser:
        """Return a browser that is signed in as somebody, without a password."""
        client = self.browsers.enter_context(self.browser())
        secret = self.open_session(address)
        client.cookies.set(COOKIE, secret, domain="127.0.0.1", path="/desk")
        return Browser(client)

    def let_in(self, context: Any, role: Role, name: str = "") -> None:
        """Add an editor and give a browser of Playwright's the cookie of their session."""
        cookie = {"name": COOKIE, "value": self.open_session(self.add(role, name))}
        context.add_cookies([{**cookie, "url": f"{self.house.url}/desk"}])


@pytest.fixture
def desk(house: WebHouse, clock: FixedClock) -> Iterator[Desk]:
    """The desk of a newsroom with two readers; nobody works there yet."""
    desk = Desk(house, clock)
    with desk.browsers:
        yield desk
