"""The postmark backend against a real HTTP server that answers, or fails, as told."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from digest.clock import FixedClock
from digest.config import check
from digest.delivery.backends.base import Envelope
from digest.delivery.backends.postmark import PostmarkBackend, PostmarkChannel, PostmarkOptions
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.errors import BackendDown, ConfigError
from digest.testing import ApiRequest, ApiServer, BackendContract, LoopbackCertificate, Reply
from digest.testing.backends import Arrived

ENVELOPE = Envelope("b@gazette.example", "jane@example.org", "delivery 1")
MESSAGE = b"From: <friday@gazette.example>\r\nSubject: x\r\n\r\nbody\r\n"
STREAM = Reply(200, {"ID": "broadcast", "MessageStreamType": "Broadcasts", "ArchivedAt": None})
TAKEN = Reply(200, {"ErrorCode": 0, "Message": "OK", "MessageID": "7a1f"})
BAD_TOKEN = Reply(401, {"ErrorCode": 10, "Message": "Bad or missing Server API token."})

Do = Callable[[PostmarkChannel], Awaitable[Any]]


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer(willing) as server:
        yield server


def willing(request: ApiRequest) -> Reply:
    return STREAM if request.method == "GET" else TAKEN


def to_copies(reply: Any) -> Callable[[ApiRequest], Any]:
    """Answer with `reply` where a copy is handed over."""
    return lambda request: STREAM if request.method == "GET" else reply


def backend_for(api: ApiServer, clock: FixedClock | None = None, **more: Any) -> PostmarkBackend:
    options = {"api_url": api.url, "server_token": "t0ken", "timeout": 5, **more}
    return PostmarkBackend(PostmarkOptions(**options), clock)


def on_a_channel(backend: PostmarkBackend, do: Do) -> Any:
    async def scenario() -> Any:
        channel = await backend.open()
        try:
            return await do(channel)
        finally:
            await channel.close()

    return asyncio.run(scenario())


async def one_copy(channel: PostmarkChannel) -> Outcome:
    return await channel.stage(ENVELOPE, MESSAGE) or await channel.release()


class TestPostmarkBackend(BackendContract):
    """A provider's API keeps the promises of any backend."""

    keeps_bytes = False

    @pytest.fixture
    def backend(self, api: ApiServer) -> PostmarkBackend:
        return backend_for(api)

    @pytest.fixture
    def arrived(self, api: ApiServer) -> Arrived:
        return lambda: [request.body for request in api.requests if request.method == "POST"]


def test_copy_is_one_request_with_our_token(api: ApiServer) -> None:
    outcome = on_a_channel(backend_for(api), one_copy)

    assert outcome == Accepted(250, "200 OK", "7a1f")
    probe, copy = api.requests
    assert (probe.method, probe.path) == ("GET", "/message-streams/broadcast")
    assert (copy.method, copy.path) == ("POST", "/email")
    assert copy.headers["x-postmark-server-token"] == "t0ken"
    assert copy.json()["To"] == "jane@example.org"


def test_copies_of_one_channel_share_a_connection(api: ApiServer) -> None:
    async def three(channel: PostmarkChannel) -> None:
        for _ in range(3):
            assert isinstance(await one_copy(channel), Accepted)

    on_a_channel(backend_for(api), three)

    assert (api.connections, len(api.requests)) == (1, 4)


def test_staging_writes_nothing(api: ApiServer) -> None:
    async def stage(channel: PostmarkChannel) -> None:
        await channel.stage(ENVELOPE, MESSAGE)
        await asyncio.sleep(0.05)

    on_a_channel(backend_for(api), stage)

    assert [request.method for request in api.requests] == ["GET"]


@pytest.mark.parametrize("fault", ["close", "reset", "garbage", "partial", "endless", "hang"])
def test_request_without_an_answer_is_uncertain_and_never_repeated(
    api: ApiServer, fault: str
) -> None:
    api.answer = to_copies(fault)

    async def spent(channel: PostmarkChannel) -> tuple[Outcome, bool]:
        return await one_copy(channel), channel.usable

    outcome, usable = on_a_channel(backend_for(api, timeout=0.3), spent)

    assert isinstance(outcome, Uncertain)
    assert not usable
    assert len(api.requests) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error_is_uncertain_and_the_next_channel_asks_first(
    api: ApiServer, status: int
) -> None:
    api.answer = lambda request: Reply(status) if len(api.requests) > 1 else STREAM
    backend = backend_for(api)

    assert isinstance(on_a_channel(backend, one_copy), Uncertain)
    with pytest.raises(BackendDown, match=str(status)):
        on_a_channel(backend, one_copy)
    assert [request.method for request in api.requests] == ["GET", "POST", "GET"]


def test_connection_closed_before_the_request_is_provably_not_accepted(api: ApiServer) -> None:
    async def too_late(channel: PostmarkChannel) -> Outcome:
        assert await channel.stage(ENVELOPE, MESSAGE) is None
        api.hang_up()
        await asyncio.sleep(0.05)
        return await channel.release()

    outcome = on_a_channel(backend_for(api), too_late)

    assert isinstance(outcome, Deferred)
    assert outcome.code == 0
    assert [request.method for request in api.requests] == ["GET"]


def test_channel_the_server_hung_up_on_is_not_usable(api: ApiServer) -> None:
    async def idle(channel: PostmarkChannel) -> bool:
        await one_copy(channel)
        api.hang_up()
        await asyncio.sleep(0.05)
        return channel.usable

    assert not on_a_channel(backend_for(api), idle)


def test_copy_given_up_while_waiting_closes_its_connection(api: ApiServer) -> None:
    api.answer = to_copies("hang")

    async def give_up(channel: PostmarkChannel) -> bool:
        await channel.stage(ENVELOPE, MESSAGE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(channel.release(), 0.1)
        return channel.usable

    assert not on_a_channel(backend_for(api), give_up)


def test_refused_connection_is_backend_down() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        options = PostmarkOptions(api_url=url, server_token="t0ken")
        with pytest.raises(BackendDown, match=r"127\.0\.0\.1"):
            on_a_channel(PostmarkBackend(options), one_copy)


@pytest.mark.parametrize("fault", ["close", "reset", "garbage", "partial", "hang", BAD_TOKEN])
def test_trouble_before_any_copy_is_backend_down(api: ApiServer, fault: Any) -> None:
    api.answer = lambda _request: fault

    with pytest.raises(BackendDown) as caught:
        on_a_channel(backend_for(api, timeout=0.3), one_copy)

    assert "t0ken" not in str(caught.value)


def test_refusal_of_us_stops_all_channels_until_its_time_is_over(
    api: ApiServer, clock: FixedClock
) -> None:
    backend = backend_for(api, clock)

    async def refused(channel: PostmarkChannel) -> None:
        other = await backend.open()
        api.answer = to_copies(BAD_TOKEN)
        assert isinstance(await one_copy(channel), Deferred)
        with pytest.raises(BackendDown) as caught:
            await other.stage(ENVELOPE, MESSAGE)
        assert caught.value.code == 535
        await other.close()

    on_a_channel(backend, refused)
    api.answer = willing
    with pytest.raises(BackendDown):
        on_a_channel(backend, one_copy)
    clock.advance(timedelta(seconds=61))

    assert isinstance(on_a_channel(backend, one_copy), Accepted)


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [("жук@example.org", "smtputf8"), ("no address", "address"), ("a@b\r\n", "address")],
)
def test_address_postmark_cannot_be_told_never_touches_the_wire(
    api: ApiServer, recipient: str, reason: str
) -> None:
    envelope = Envelope("b@gazette.example", recipient, "delivery 1")

    outcome = on_a_channel(backend_for(api), lambda channel: channel.stage(envelope, MESSAGE))

    assert isinstance(outcome, Rejected)
    assert outcome.reason == reason
    assert len(api.requests) == 1


def test_international_domain_is_written_in_ascii(api: ApiServer) -> None:
    envelope = Envelope("b@gazette.example", "jane@straße.example", "delivery 1")

    async def send(channel: PostmarkChannel) -> Outcome:
        return await channel.stage(envelope, MESSAGE) or await channel.release()

    on_a_channel(backend_for(api), send)

    assert api.requests[1].json()["To"] == "jane@xn--strae-oqa.example"


def test_copy_larger_than_postmark_takes_never_touches_the_wire(api: ApiServer) -> None:
    message = MESSAGE + b"0123456789\r\n" * 900_000

    outcome = on_a_channel(backend_for(api), lambda channel: channel.stage(ENVELOPE, message))

    assert isinstance(outcome, Rejected)
    assert outcome.reason == "size"


def test_operator_is_told_once_that_postmark_adds_its_own_link(
    api: ApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    theirs = {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Postmark"}}
    api.answer = lambda _request: Reply(200, {**STREAM.body, **theirs})
    backend = backend_for(api)

    with caplog.at_level(logging.WARNING, "digest"):
        for _ in range(2):
            on_a_channel(backend, lambda channel: channel.discard())

    assert [record.name for record in caplog.records] == ["digest.delivery.backends.postmark"]


def test_tls_is_spoken_and_verified(tmp_path: Path) -> None:
    certificate = LoopbackCertificate(tmp_path)
    with ApiServer(willing, tls=certificate.server) as api:
        trusting = backend_for(api, ca_file=certificate.file)
        assert isinstance(on_a_channel(trusting, one_copy), Accepted)
        with pytest.raises(BackendDown, match="certificate"):
            on_a_channel(backend_for(api), one_copy)

    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({}, "one of server_token"),
        ({"server_token": "a", "server_token_env": "B"}, "one of server_token"),
        ({"server_token": "a", "api_url": "http://api.postmarkapp.com"}, "api_url"),
        ({"server_token": "a", "api_url": "https://u:p@api.example"}, "api_url"),
        ({"server_token": "a", "api_url": "https://api.example/?x"}, "api_url"),
        ({"server_token": "a", "message_stream": "../server"}, "message_stream"),
        ({"server_token": "a", "timeout": 0}, "timeout"),
    ],
)
def test_options_that_make_no_sense_are_named(values: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        check(PostmarkOptions, values, where="config.toml: relays.provider")


def test_token_is_read_from_its_file(tmp_path: Path, api: ApiServer) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    backend = backend_for(api, server_token=None, server_token_file=tmp_path / "token")

    on_a_channel(backend, one_copy)

    assert api.requests[1].headers["x-postmark-server-token"] == "from-a-file"


@pytest.mark.parametrize("token", ["", "two words", "a\r\nX-Other: b", "schlüssel"])
def test_token_that_breaks_a_header_is_refused_unrepeated(token: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PostmarkBackend(PostmarkOptions(server_token=token))

    assert not token or token not in str(caught.value)


def test_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        PostmarkBackend(PostmarkOptions(server_token="t", ca_file=tmp_path / "absent"))
