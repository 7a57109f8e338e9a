"""The door of the desk: a session's cookie, and what a request must show before a handler runs.

A request that changes something must come from a page of ours: browsers say so themselves
(Sec-Fetch-Site, Origin), and the form carries its session's token (or the header X-Desk-Token does,
for requests that htmx makes). Nobody is told whether a page exists that they may not open.
"""

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from digest.app import App
from digest.editors.sessions import Signed, find_signed, is_due, note_use
from digest.models import Role
from digest.web.desk.picture_uploads import Upload
from digest.web.forms import Body, posted_form, read_form

COOKIE = "digest_desk"
TOKEN_FIELD, TOKEN_HEADER = "token", "x-desk-token"
HOME = "/desk"
OURS = frozenset({"same-origin", "none"})  # Fetch Metadata: none is somebody typing an address

Check = Callable[..., Awaitable[None] | AsyncIterator[None]]


class Door:
    """Lets requests in: checks for FastAPI to make in the order of a route, each of which raises
    HTTPException.
    """

    def __init__(self, instance: App) -> None:
        self._instance = instance
        config = instance.config
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

    async def has_token_beside(self, request: Request, upload: Upload) -> None:
        """The same for a form that brings a file along: 403 before anything of it is looked at."""
        check_token(request, upload.form.text(TOKEN_FIELD))
        if not upload.is_whole:
            raise HTTPException(415)

    async def refuse_strangers(self, request: Request) -> None:
        """403 for a request that a page of somebody else's made."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if site not in OURS or (origin is not None and urlsplit(origin).netloc != host):
            raise HTTPException(403, "This form was not sent from the desk.")

    async def _admit(self, request: Request, role: Role) -> Signed:
        signed = await run_in_threadpool(self._find, request.cookies.get(COOKIE, ""))
        if signed is None:
            raise _to_sign_in(request)
        if not signed.role.may(role):
            raise HTTPException(
                403, f"This needs the role {role.value}; yours is {signed.role.value}."
            )
        request.state.signed = signed
        return signed

    def _find(self, secret: str) -> Signed | None:
        if not secret:
            return None
        app, now = self._instance, self._instance.clock.now()
        with app.db.read() as session:
            signed = find_signed(session, app.sealer, secret, now)
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
        return HTTPException(401, "You are signed out.", {"HX-Redirect": f"{HOME}/sign-in"})
    after = quote(request.url.path) if request.method == "GET" else HOME
    return HTTPException(303, headers={"Location": f"{HOME}/sign-in?after={after}"})


def safe_after(path: str) -> str:
    """Return a path of the desk to go on with after signing in, whatever was asked for."""
    inside = path == HOME or path.startswith(f"{HOME}/")
    plain = all(letter.isalnum() or letter in "/-_." for letter in path)
    return path if inside and plain and ".." not in path else HOME


def _name_of(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
