"""The outermost layer of the pages: headers on every answer, and one page for what nobody foresaw.

A failure is logged by its kind and place only. Its message is left out, because a database quotes
the values of the statement that failed.
"""

import logging
import traceback
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

# What an answer has unless it says otherwise itself.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
}
PROGRAM = Path(__file__).parents[1]


class Guard:
    """ASGI middleware: adds HEADERS, answers an unexpected exception with `failed`; raises
    nothing.
    """

    def __init__(self, app: ASGIApp, failed: Response) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the ASGI interface, version 3."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(_with_headers(message))

        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return
        except Exception as error:
            log.error("a page failed: %s", describe(error), extra={"fields": _request(scope)})
            if not begun:
                await self._failed(scope, receive, send_guarded)


def _with_headers(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    headers = MutableHeaders(raw=list(message["headers"]))
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    return {**message, "headers": headers.raw}


def _request(scope: Scope) -> dict[str, str]:
    """Return what may be said of a request; its path would carry a token."""
    return {"method": str(scope["method"])}


def describe(error: BaseException) -> str:
    """Return an exception's kind and where it passed, innermost first, without its message.

    Of the frames between only those of this program are named.
    """
    frames = traceback.extract_tb(error.__traceback__)
    named = [f for f in frames if f is frames[-1] or PROGRAM in Path(f.filename).parents]
    places = (f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(named))
    return f"{type(error).__name__} at {' < '.join(places)}"
