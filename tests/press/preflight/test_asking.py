"""Online: real answers of a real server, a few at a time, and no failure is a surprise."""

import struct
import threading
from collections.abc import Iterator

import pytest

from digest.errors import FetchFailed
from digest.press.preflight.asking import AT_ONCE, ask
from digest.press.preflight.material import Answer
from digest.press.preflight.measures import picture_size
from digest.testing.web import WebServer, answer, loopback_fetcher

PAGE = b"<html><head><title>Fog</title></head><body><h1>Fog over the harbour</h1></body></html>"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 1_200, 800) + b"\0" * 100


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


def quiet(_done: int, _total: int) -> None:
    """Say nothing."""


def test_page_answers_with_its_headline_and_address(web: WebServer) -> None:
    web.answers["/fog"] = answer(body=PAGE, Content_Type="text/html")

    found = ask(loopback_fetcher(), [web.url("/fog")], quiet)

    assert found == {web.url("/fog"): Answer(200, "", web.url("/fog"), "Fog", len(PAGE))}


def test_moved_page_answers_with_where_it_is_now(web: WebServer) -> None:
    web.answers["/old"] = answer(301, Location="/new")
    web.answers["/new"] = answer(body=PAGE, Content_Type="text/html")

    found = ask(loopback_fetcher(), [web.url("/old")], quiet)

    assert found[web.url("/old")].url == web.url("/new")


def test_picture_answers_with_its_measures(web: WebServer) -> None:
    web.answers["/p.png"] = answer(body=PNG, Content_Type="image/png")

    found = ask(loopback_fetcher(), [web.url("/p.png")], quiet)[web.url("/p.png")]

    assert (found.size, found.width, found.height) == (len(PNG), 1_200, 800)


def test_what_is_no_page_is_still_an_answer(web: WebServer) -> None:
    web.answers["/a.pdf"] = answer(body=b"%PDF", Content_Type="application/pdf")

    assert ask(loopback_fetcher(), [web.url("/a.pdf")], quiet)[web.url("/a.pdf")].problem == ""


@pytest.mark.parametrize("status", [404, 410, 403, 500])
def test_refusal_is_an_answer_with_its_status(web: WebServer, status: int) -> None:
    web.answers["/x"] = answer(status)

    found = ask(loopback_fetcher(), [web.url("/x")], quiet)[web.url("/x")]

    assert found.status == status
    assert str(status) in found.problem


def test_private_host_is_never_asked(web: WebServer) -> None:
    fetcher = loopback_fetcher(allow_networks=[])

    found = ask(fetcher, [web.url("/x")], quiet)[web.url("/x")]

    assert found.status == 0
    assert "not on the public internet" in found.problem
    assert web.asked == []


def test_progress_counts_up_to_all_of_them(web: WebServer) -> None:
    urls = [web.url(f"/{number}") for number in range(2 * AT_ONCE)]
    said: list[tuple[int, int]] = []

    ask(loopback_fetcher(), [*urls, *urls], lambda done, total: said.append((done, total)))

    assert said == [(done, len(urls)) for done in range(len(urls) + 1)]
    assert len(web.asked) == len(urls)


def test_nobody_waits_when_there_is_nothing_to_ask() -> None:
    assert ask(loopback_fetcher(), [], quiet) == {}


class Broken:
    """A fetcher with a fault that nobody expected."""

    def get(self, url: str, *, accept: str = "") -> None:
        raise ZeroDivisionError(url)


class Slow:
    """A fetcher that answers when the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def get(self, url: str, *, accept: str = "") -> None:
        self.over.wait(30)
        raise FetchFailed("late")


def test_surprise_in_one_answer_leaves_nobody_waiting() -> None:
    found = ask(Broken(), ["https://a.example/"], quiet)  # type: ignore[arg-type]

    assert found["https://a.example/"].problem == "ZeroDivisionError: https://a.example/"


def test_interrupt_ends_the_asking_at_once() -> None:
    slow = Slow()

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    try:
        with pytest.raises(KeyboardInterrupt):
            ask(slow, ["https://a.example/"], interrupt)  # type: ignore[arg-type]
    finally:
        slow.over.set()


VP8X = b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + b"\xaf\x04\0" + b"\x1f\x03\0"
VP8 = b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 1_200, 800)
VP8L = b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 5 + struct.pack("<I", 1_199 | 799 << 14)
JPEG = b"\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x0b\x08" + struct.pack(">HH", 800, 1_200)
GIF = b"GIF89a" + struct.pack("<HH", 1_200, 800)


@pytest.mark.parametrize("data", [PNG, GIF, JPEG, VP8X, VP8, VP8L])
def test_measures_are_read_from_the_first_bytes(data: bytes) -> None:
    assert picture_size(data) == (1_200, 800)


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", JPEG[:12], PNG[:18], GIF[:8], VP8[:14], b"RIFF\0\0\0\0WEBPxxxx", b"<svg/>"],
)
def test_what_is_no_picture_has_no_measures(data: bytes) -> None:
    assert picture_size(data) == (0, 0)
