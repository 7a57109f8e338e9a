"""One connection to an API, and what may have been read at its other end."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from digest.delivery.http_wire import Answer, HttpWire, NoAnswer, NotSent
from digest.testing import ApiServer, Reply


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer(lambda _request: Reply(200, b"fine")) as server:
        yield server


def on_a_wire(url: str, do: Callable[[HttpWire], Awaitable[Any]], timeout: float = 5) -> Any:
    async def scenario() -> Any:
        tls = ssl.create_default_context()
        wire = HttpWire(url, headers={"X-Key": "k"}, tls=tls, timeout=timeout)
        try:
            return await do(wire)
        finally:
            await wire.close()

    return asyncio.run(scenario())


def test_request_goes_below_the_apis_address_with_its_headers(api: ApiServer) -> None:
    answer = on_a_wire(f"{api.url}/v1/", lambda wire: wire.ask("POST", "/email", b"body"))

    assert answer == Answer(200, b"fine")
    (request,) = api.requests
    assert (request.method, request.path, request.body) == ("POST", "/v1/email", b"body")
    assert request.headers["x-key"] == "k"
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("given", "seconds"), [("30", 30), ("soon", 0), ("-1", 0), ("1" * 9, 0), ("1.5", 0)]
)
def test_retry_after_is_read_where_it_is_seconds(api: ApiServer, given: str, seconds: int) -> None:
    api.answer = lambda _request: Reply(429, b"", {"Retry-After": given})

    assert on_a_wire(api.url, lambda wire: wire.ask("GET", "/")) == Answer(429, b"", seconds)


def test_redirect_is_an_answer_and_not_followed(api: ApiServer) -> None:
    api.answer = lambda _request: Reply(307, b"", {"Location": f"{api.url}/other"})

    assert on_a_wire(api.url, lambda wire: wire.ask("POST", "/email")).status == 307
    assert len(api.requests) == 1


def test_server_that_sends_a_byte_now_and_then_meets_the_deadline(api: ApiServer) -> None:
    api.answer = lambda _request: "hang"

    with pytest.raises(NoAnswer, match=r"within 0\.1 s"):
        on_a_wire(api.url, lambda wire: wire.ask("POST", "/email"), timeout=0.1)


def test_broken_wire_stays_broken_and_says_that_nothing_was_sent(api: ApiServer) -> None:
    api.answer = lambda _request: "close"

    async def twice(wire: HttpWire) -> None:
        with pytest.raises(NoAnswer):
            await wire.ask("POST", "/email")
        with pytest.raises(NotSent):
            await wire.ask("POST", "/email")

    on_a_wire(api.url, twice)

    assert len(api.requests) == 1


def test_server_that_closes_after_its_answer_leaves_no_usable_wire(api: ApiServer) -> None:
    api.answer = lambda _request: Reply(200, b"", {"Connection": "close"})

    async def ask(wire: HttpWire) -> bool:
        await wire.ask("GET", "/")
        return wire.usable

    assert not on_a_wire(api.url, ask)


def test_wire_is_called_by_host_and_port_alone() -> None:
    async def name(wire: HttpWire) -> str:
        return wire.name

    assert on_a_wire("https://api.example/v1", name) == "api.example"
    assert on_a_wire("http://127.0.0.1:8025", name) == "127.0.0.1:8025"
