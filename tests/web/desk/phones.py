"""An editor's phone: sets a second factor up, and says the code of the moment."""

from datetime import timedelta

import httpx
import pyotp

from digest.editors.accounts import find_editor
from digest.editors.second_factor import new_secret, set_factor
from tests.web.desk.conftest import PASSWORD, Desk


class Phone:
    """The app on the phone of an editor, who has their second factor by now."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk, self.secret = desk, new_secret()
        app = desk.app
        with app.db.write() as session:
            editor = find_editor(session, app.sealer, address)
            now, code = app.clock.now(), self.code()
            self.recovery = set_factor(session, app.sealer, editor, self.secret, code, now)
        self.wait()

    def code(self) -> str:
        """Return the code of this moment."""
        return code_of(self.desk, self.secret)

    def wrong(self) -> str:
        """Return a code that is none."""
        return "111111" if self.code() != "111111" else "222222"

    def wait(self) -> None:
        """Let two steps pass, so that the next code is another."""
        self.desk.clock.advance(timedelta(minutes=1))


def code_of(desk: Desk, secret: str) -> str:
    """Return the code of a secret at this moment."""
    return pyotp.TOTP(secret.replace(" ", "")).at(desk.app.clock.now())


def password_typed(desk: Desk, address: str, after: str = "/desk") -> httpx.Client:
    """Return a browser in which somebody has typed their password."""
    client = desk.browsers.enter_context(desk.browser())
    fields = {"address": address, "password": PASSWORD, "after": after}
    answer = client.post("/desk/sign-in", data=fields)
    assert answer.status_code == 303, answer.text
    return client


def between(text: str, before: str, behind: str) -> str:
    """Return what is between two texts in a page."""
    return text.partition(before)[2].partition(behind)[0]


def is_in(client: httpx.Client) -> bool:
    """Tell whether a browser is signed in."""
    return client.get("/desk").status_code == 200
