"""Only forms are taken, only so large, and a visitor comes from where trusted proxies say."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from digest.web.forms import BODY_MOST, FIELDS_MOST, Form, visitor_address

Post = Callable[..., httpx.Response]
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def post() -> Post:
    """Post to a page that answers with the fields it was given."""
    web = FastAPI()

    @web.post("/")
    def posted(form: Form) -> dict[str, object]:
        return {"address": form.text("address"), "section": list(form.all("section"))}

    async def ask(**body: Any) -> httpx.Response:
        transport = httpx.ASGITransport(web)
        async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
            return await client.post("/", **body)

    return lambda **body: asyncio.run(ask(**body))


def test_fields_are_read_on_one_line(post: Post) -> None:
    body = {"address": " a\r\nb@example.org ", "section": ["1", "2"]}

    answer = post(data=body)

    assert answer.json() == {"address": "a b@example.org", "section": ["1", "2"]}


def test_missing_field_is_empty(post: Post) -> None:
    answer = post(content=b"", headers={"Content-Type": FORM})

    assert answer.json() == {"address": "", "section": []}


def test_json_and_files_are_not_taken(post: Post) -> None:
    answers = [
        post(json={"address": "a@example.org"}),
        post(files={"address": "a@example.org"}),
        post(content=b"address=a"),
    ]

    assert [answer.status_code for answer in answers] == [415, 415, 415]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"a=" + b"x" * BODY_MOST, 413),
        (b"&".join(b"a=1" for _ in range(FIELDS_MOST + 1)), 400),
        (b"address=%ff%fe", 400),
        ("address=é".encode(), 400),
    ],
)
def test_form_that_is_none_of_ours_is_refused(post: Post, body: bytes, status: int) -> None:
    answer = post(content=body, headers={"Content-Type": FORM})

    assert answer.status_code == status


def visitor(peer: str, *forwarded: str, trusted: tuple[str, ...] = ()) -> str:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    scope = {"type": "http", "headers": headers, "client": (peer, 1)}
    return visitor_address(Request(scope), trusted)


def test_stranger_s_word_about_where_they_come_from_is_not_believed() -> None:
    assert visitor("203.0.113.9", "192.0.2.1") == "203.0.113.9"
    assert visitor("203.0.113.9", "192.0.2.1", trusted=("10.0.0.0/8",)) == "203.0.113.9"


def test_trusted_proxies_are_looked_through_and_no_further() -> None:
    trusted = ("10.0.0.0/8", "127.0.0.1/32")

    assert visitor("127.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.7", trusted=trusted) == "192.0.2.1"
    assert visitor("127.0.0.1", "6.6.6.6", "192.0.2.1", trusted=trusted) == "192.0.2.1"
    assert visitor("127.0.0.1", trusted=trusted) == "127.0.0.1"
    assert visitor("127.0.0.1", "nonsense", trusted=trusted) == "nonsense"
