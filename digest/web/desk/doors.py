"""The door of the desk: a session's cookie, and what a request must show before a handler runs.

A request that changes something must come from a page of ours: browsers say so themselves
(Sec-Fetch-Site, Origin), and the form carries its session's token (or the header X-Desk-Token does,
for requests that htmx makes). Nobody is told whether a page exists that they may not open.
"""

import hmac
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from digest.app import App
from digest.editors.second_factor import must_have
from digest.editors.sessions import Signed, find_signed, is_due, note_use
from digest.models import Role
from digest.web.forms import FIELDS_MOST, Body, posted_form, read_form

COOKIE, TICKET = "digest_desk", "digest_desk_ticket"
TICKET_GOOD = timedelta(minutes=5)
TOKEN_FIELD, TOKEN_HEADER = "token", "x-desk-token"
HOME = "/desk"
SIGN_IN = f"{HOME}/sign-in"
QUERY = re.compile(r"[A-Za-z0-9._~%=&+*-]*")  # as urlencode writes it: no slash, colon or backslash
LONGEST_AFTER = 3_000  # characters; a form carries it
OURS = frozenset({"same-origin", "none"})  # Fetch Metadata: none is somebody typing an address

Check = Callable[[Request], Awaitable[None]]


class Door:
    """Lets requests in: checks for FastAPI to make in the order of a route, each of which raises
    HTTPException.
    """

    def __init__(self, instance: App) -> None:
        self._instance = instance
        config = instance.config
        self._rule = config.desk.second_factor
        self._guards = any(each.guarded for each in config.newsletters)
        self._site = urlsplit(config.web.public_url)

    async def at_home(self, request: Request) -> None:
        """404 at another host than the newsroom's own, where there are guarded newsletters: their
        neutral hosts must not lead to the newsroom.
        """
        if self._guards and _name_of(request.headers.get("host", "")) != self._site.hostname:
            raise HTTPException(404)

    def needs(self, role: Role) -> Check:
        """Return the check of who may; what follows finds them by `signed_of`."""

        async def check(request: Request) -> None:
            await self._admit(request, role)

        return check

    async def has_token(self, request: Request, body: Body) -> None:
        """403 unless a request that was let in carries its session's token; 415 where it is no
        form.
        """
        check_token(request, read_form(body).text(TOKEN_FIELD))
        if body:
            await posted_form(request, body)

    async def refuse_strangers(self, request: Request) -> None:
        """403 for a request that a page of somebody else's made."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if site not in OURS or (origin is not None and urlsplit(origin).netloc != host):
            raise HTTPException(403, "This form was not sent from the desk.")

    async def _admit(self, request: Request, role: Role) -> Signed:
        signed = await self.recognise(request)
        if signed is None:
            raise _to_sign_in(request)
        request.state.known = signed  # what they may not, they are told on a page of the desk
        if not signed.role.may(role):
            raise HTTPException(
                403, f"This needs the role {role.value}; yours is {signed.role.value}."
            )
        request.state.signed = signed
        return signed

    async def recognise(self, request: Request) -> Signed | None:
        """Return who is signed in, whatever they may; None for a stranger."""
        return await run_in_threadpool(self._find, request.cookies.get(COOKIE, ""))

    def _find(self, secret: str) -> Signed | None:
        if not secret:
            return None
        app, now = self._instance, self._instance.clock.now()
        with app.db.read() as session:
            signed = find_signed(session, app.sealer, secret, now)
            # The rule may have come after the session: to sign in anew is to set the factor up.
            if signed and must_have(self._rule, signed.role) and not signed.has_factor:
                return None
            due = signed is not None and is_due(session, secret, now)
        if due:
            with app.db.write() as session:
                note_use(session, secret, now)
        return signed

    def keep(self, answer: Response, secret: str) -> None:
        """Have a browser keep a session's secret, until it is closed."""
        answer.set_cookie(
            COOKIE,
            secret,
            path=HOME,
            httponly=True,
            samesite="lax",
            secure=self._site.scheme == "https",
        )

    def keep_ticket(self, answer: Response, ticket: str) -> None:
        """Have a browser show a ticket to the pages on the way in, for a few minutes."""
        answer.set_cookie(
            TICKET,
            ticket,
            max_age=int(TICKET_GOOD.total_seconds()),
            path=SIGN_IN,
            httponly=True,
            samesite="lax",
            secure=self._site.scheme == "https",
        )

    def drop_ticket(self, answer: Response) -> None:
        """Have a browser forget it."""
        answer.delete_cookie(TICKET, path=SIGN_IN, httponly=True, samesite="lax")

    def drop(self, answer: Response) -> None:
        """Have a browser forget it."""
        answer.delete_cookie(COOKIE, path=HOME, httponly=True, samesite="lax")


def check_token(request: Request, posted: str) -> None:
    """403 unless a request that was let in carries its session's token, in its header or in the
    field whose value is `posted`.
    """
    given, known = request.headers.get(TOKEN_HEADER) or posted, signed_of(request).token.encode()
    if not hmac.compare_digest(given.encode(errors="surrogatepass"), known):
        raise HTTPException(403, "This form is not of your session. Open the page anew.")


def signed_of(request: Request) -> Signed:
    """Return who makes a request that was let in."""
    signed: Signed = request.state.signed
    return signed


def _to_sign_in(request: Request) -> HTTPException:
    """Return what sends somebody to the sign-in page, and back afterwards where nothing is lost."""
    if "hx-request" in request.headers:
        return HTTPException(401, "You are signed out.", {"HX-Redirect": SIGN_IN})
    after = _wanted(request) if request.method == "GET" else HOME
    return HTTPException(303, headers={"Location": with_after(SIGN_IN, after)})


def _wanted(request: Request) -> str:
    """Return the path that was asked for with its query, such as a bookmark brings along."""
    try:
        fields = parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=FIELDS_MOST)
    except ValueError:
        fields = []
    path = request.url.path
    return f"{path}?{urlencode(fields)}" if fields else path


def with_after(page: str, after: str) -> str:
    """Return the address of a page on the way in that knows where to go on."""
    return f"{page}?after={quote(safe_after(after), safe='/')}"


def safe_after(wanted: str) -> str:
    """Return where in the desk to go on after signing in, whatever was asked for; a query that is
    odd or too long is left out with its path.
    """
    path, _, query = wanted.partition("?")
    inside = path == HOME or path.startswith(f"{HOME}/")
    plain = all(letter.isalnum() or letter in "/-_." for letter in path)
    fit = QUERY.fullmatch(query) is not None and len(wanted) <= LONGEST_AFTER
    return wanted if inside and plain and fit and ".." not in path else HOME


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
