"""The look of the desk: templates/desk, one sheet and vendored scripts, all from our own host."""

from collections.abc import Callable, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.assets import asset
from digest.editors.sessions import Signed
from digest.models import Role
from digest.web.desk.static import address_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


# Without a referrer browsers would not say of a form where it comes from (Origin: null), and the
# door would refuse it.
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
# The bar's further places in their order: name, address, and the role that they need.
PLACES = (
    ("Inbox", "/desk/inbox", Role.CONTRIBUTOR),
    ("Media", "/desk/media", Role.CONTRIBUTOR),
    ("Sources", "/desk/sources", Role.CONTRIBUTOR),
    ("Past issues", "/desk/issues", Role.CONTRIBUTOR),
    ("Readers", "/desk/readers", Role.PUBLISHER),
    ("Settings", "/desk/settings", Role.EDITOR),
    ("People", "/desk/people", Role.OPERATOR),
    ("Record", "/desk/audit", Role.OPERATOR),
)


NOT_DONE = "That was not done"


def more_places(role: Role) -> list[tuple[str, str]]:
    """Return the names and addresses of the places that a role may go to."""
    return [(name, path) for name, path, needed in PLACES if role.may(needed)]


def known_of(request: Request) -> Signed | None:
    """Return who makes a request, though they may not do what it asks; None for a stranger."""
    known: Signed | None = getattr(request.state, "known", None)
    return known


def _heading_of(method: str, status: int) -> str:
    if method in {"GET", "HEAD"}:
        return {403: "This page is for others", 404: "There is no such page"}.get(status, NOT_DONE)
    return NOT_DONE


def _page_before(request: Request) -> str:
    """Return the page of the desk whose form or link was used; empty when it was none."""
    before, host = urlsplit(request.headers.get("referer", "")), request.headers.get("host", "")
    if before.netloc != host or before.path == request.url.path:
        return ""
    path = f"{before.path}?{before.query}" if before.query else before.path
    return path if before.path.startswith("/desk/") else ""


class DeskPages:
    """Renders what editors see; `holds` returns why nothing is sent at all, which every page of who
    is signed in says first.
    """

    def __init__(self, holds: Callable[[], Sequence[object]] = tuple) -> None:
        self._holds = holds

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(asset("templates") / "desk"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals |= {
            "static": address_of,
            "more_places": more_places,
            "holds": self._holds,
        }
        return environment

    def show(
        self, template: str, signed: Signed | None = None, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Return a page, or a part of one, for who is signed in."""
        html = self._environment.get_template(template).render(signed=signed, **values)
        return HTMLResponse(html, status, headers=HEADERS)

    def part(self, template: str, **values: object) -> str:
        """Return a part of a page as text."""
        return self._environment.get_template(template).render(**values)

    def refuse(self, request: Request, message: str, status: int) -> HTMLResponse:
        """Return what says why something was not done: a line for htmx, a page otherwise."""
        signed = known_of(request)
        if "hx-request" not in request.headers:
            back = _page_before(request)
            heading = _heading_of(request.method, status)
            return self.show(
                "refused.html", signed, status=status, message=message, back=back, heading=heading
            )
        answer = self.show("_refused.html", signed, status=status, message=message)
        answer.headers["HX-Retarget"] = "#said"
        answer.headers["HX-Reswap"] = "innerHTML"
        return answer
