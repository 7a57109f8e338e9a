"""The desk of a newsroom, and a browser that is signed in."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from digest.clock import FixedClock
from digest.editors.accounts import add_editor, set_password
from digest.models import Role
from digest.web.desk.doors import COOKIE
from tests.web.conftest import WebHouse

PASSWORD = "correct horse battery"


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
            set_password(session, editor, PASSWORD)
        return address

    def browser(self) -> httpx.Client:
        """Return a browser that is not signed in, and follows no redirect."""
        return httpx.Client(base_url=self.house.url)

    def try_sign_in(self, address: str, password: str = PASSWORD) -> httpx.Response:
        """Send the form of signing in."""
        with self.browser() as client:
            return client.post("/desk/sign-in", data={"address": address, "password": password})

    def sign_in(self, address: str, password: str = PASSWORD) -> Browser:
        """Return a browser that has signed in."""
        client = self.browsers.enter_context(self.browser())
        answer = client.post("/desk/sign-in", data={"address": address, "password": password})
        assert answer.status_code == 303, answer.text
        return Browser(client)

    def signed_in(self, role: Role, name: str = "") -> Browser:
        """Add an editor and return their browser."""
        return self.sign_in(self.add(role, name))


@pytest.fixture
def desk(house: WebHouse, clock: FixedClock) -> Iterator[Desk]:
    """The desk of a newsroom with two readers; nobody works there yet."""
    desk = Desk(house, clock)
    with desk.browsers:
        yield desk
