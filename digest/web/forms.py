"""What a public form posts: read up to a limit, urlencoded, and from which network it came.

A handler takes a `Form` as a parameter of that type. Nothing else than a form is taken: a JSON body
would go past the checks a form has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

BODY_MOST = 10_000  # bytes
DESK_MOST = 400_000  # of who has signed in at the desk: editors write more than readers do
FIELDS_MOST = 100
URLENCODED = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class PostedForm:
    """The fields of one post."""

    fields: dict[str, list[str]]

    def text(self, name: str) -> str:
        """Return a field's value on one line, without outer blanks; empty when it is missing."""
        return " ".join(self.fields.get(name, [""])[0].split())

    def raw(self, name: str) -> str:
        """Return a field's value as it was typed; empty when it is missing."""
        return self.fields.get(name, [""])[0]

    def all(self, name: str) -> Sequence[str]:
        """Return every value of a field that may be ticked more than once."""
        return self.fields.get(name, [])


async def small_body(request: Request) -> bytes:
    """Return the body of a form post; 413 when it is longer than any of ours."""
    most = DESK_MOST if hasattr(request.state, "signed") else BODY_MOST
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise HTTPException(413)
    return body


Body = Annotated[bytes, Depends(small_body)]


async def posted_form(request: Request, body: Body) -> PostedForm:
    """Return the fields of a urlencoded body; 415 for another kind, 400 for one that cannot be
    read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != URLENCODED:
        raise HTTPException(415)
    return read_form(body)


def read_form(body: bytes) -> PostedForm:
    """Return the fields of a urlencoded body, whatever kind it was called; 400 for one that cannot
    be read.
    """
    try:
        fields = parse_qs(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=FIELDS_MOST,
        )
    except ValueError as error:  # not UTF-8, or too many fields
        raise HTTPException(400) from error
    return PostedForm(fields)


Form = Annotated[PostedForm, Depends(posted_form)]


def visitor_address(request: Request, trusted_proxies: Sequence[str]) -> str:
    """Return where a visitor comes from: the other end, or what trusted proxies say it is.

    Of X-Forwarded-For only what trusted proxies added is believed: the last entry that is not one
    of theirs. To be used at once and kept nowhere.
    """
    told = request.headers.getlist("x-forwarded-for")
    hops = [hop.strip() for line in told for hop in line.split(",")]
    at = request.client.host if request.client else ""
    while hops and _is_trusted(at, trusted_proxies):
        at = hops.pop()
    return at


def _is_trusted(host: str, networks: Sequence[str]) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return any(address in ip_network(network, strict=False) for network in networks)
