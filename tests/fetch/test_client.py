"""One guarded GET: what it sends, what it takes, what it refuses."""

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from digest.errors import FetchFailed
from digest.fetch import shown
from digest.testing.web import WebServer, answer, loopback_fetcher


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "javascript:alert(1)",
        "//example.org/",
        "http:///path",
        "",
        "http://[::1",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://exam ple.org/",
        "http://example.org/\r\nX: y",
        "http://example.org\\@127.0.0.1/",
    ],
)
def test_what_is_no_web_url_is_refused(url: str) -> None:
    with pytest.raises(FetchFailed):
        loopback_fetcher().get(url)


@pytest.mark.parametrize("port", [22, 25, 6379, 8080])
def test_public_host_on_another_port_is_refused(port: int) -> None:
    with pytest.raises(FetchFailed, match="ports 80 and 443"):
        loopback_fetcher(resolve=lambda _host: ["93.184.215.14"]).get(f"http://example.org:{port}/")


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(FetchFailed) as failure:
        loopback_fetcher().get("https://user:hunter2@example.org/feed?key=k3y")

    assert "hunter2" not in str(failure.value)
    assert "k3y" not in str(failure.value)


def test_shown_url_has_no_secrets() -> None:
    assert shown("https://u:p@h.example/a?token=t#f") == "https://h.example/a"


def test_get_returns_body_and_headers(web: WebServer) -> None:
    web.answers["/feed"] = answer(
        ETag='"1"', Last_Modified="Fri, 27 Nov 2026 06:00:00 GMT", Content_Type="Text/XML"
    )

    fetched = loopback_fetcher().get(web.url("/feed"))

    assert (fetched.status, fetched.body, fetched.etag) == (200, b"hello", '"1"')
    assert fetched.last_modified == "Fri, 27 Nov 2026 06:00:00 GMT"
    assert fetched.content_type == "text/xml"


def test_request_says_who_asks_and_wants_identity(web: WebServer) -> None:
    web.answers["/"] = answer()
    loopback_fetcher(user_agent="Courier intake").get(web.url("/"), accept="text/html")

    headers = web.asked[0].headers
    assert headers["User-Agent"] == "Courier intake"
    assert headers["Accept"] == "text/html"
    assert headers["Accept-Encoding"] == "identity"


def test_proxy_variables_are_ignored(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    web.answers["/"] = answer()

    assert loopback_fetcher().get(web.url("/")).body == b"hello"


def test_conditional_get_understands_not_modified(web: WebServer) -> None:
    web.answers["/"] = answer(304, b"")

    fetched = loopback_fetcher().get(web.url("/"), etag='"1"', last_modified="yesterday")

    assert fetched.not_modified
    assert web.asked[0].headers["If-None-Match"] == '"1"'
    assert web.asked[0].headers["If-Modified-Since"] == "yesterday"


def test_not_modified_unasked_is_a_failure(web: WebServer) -> None:
    web.answers["/"] = answer(304, b"")

    with pytest.raises(FetchFailed, match="304"):
        loopback_fetcher().get(web.url("/"))


def test_validator_with_a_line_break_is_not_sent(web: WebServer) -> None:
    web.answers["/"] = answer()

    with pytest.raises(FetchFailed):
        loopback_fetcher().get(web.url("/"), etag='"1"\r\nX-Evil: yes')
    assert web.asked == []


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_refusal_carries_its_status(web: WebServer, status: int) -> None:
    web.answers["/"] = answer(status)

    with pytest.raises(FetchFailed, match=str(status)) as failure:
        loopback_fetcher().get(web.url("/"))
    assert failure.value.status == status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(web: WebServer, status: int) -> None:
    web.answers["/old"] = answer(status, b"", Location="/new?x=1")
    web.answers["/new?x=1"] = answer(body=b"moved")

    fetched = loopback_fetcher().get(web.url("/old"))

    assert (fetched.body, fetched.url) == (b"moved", web.url("/new?x=1"))


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("http://169.254.169.254/latest/meta-data/", "not on the public internet"),
        ("http://10.0.0.1/", "not on the public internet"),
        ("http://2130706433/", "form of host"),
        ("//[::1]/", "not on the public internet"),
        ("file:///etc/passwd", "only http"),
        ("http://u:p@127.0.0.1/", "user name"),
        ("http://127.0.0.1:70000/", "port"),
        ("/a b", "not a URL"),
    ],
)
def test_redirect_is_checked_like_a_first_url(
    web: WebServer, location: str, complaint: str
) -> None:
    web.answers["/"] = answer(302, b"", Location=location)

    with pytest.raises(FetchFailed, match=complaint):
        loopback_fetcher().get(web.url("/"))


def test_sixth_redirect_is_not_followed(web: WebServer) -> None:
    web.answers["/"] = answer(302, b"", Location="/")

    with pytest.raises(FetchFailed, match="more than 5 redirects"):
        loopback_fetcher().get(web.url("/"))
    assert len(web.asked) == 6


def test_gzip_is_refused_though_small(web: WebServer) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    web.answers["/"] = answer(body=bomb, Content_Encoding="gzip")

    with pytest.raises(FetchFailed, match="packed"):
        loopback_fetcher().get(web.url("/"))


@pytest.mark.parametrize("headers", [{}, {"Content_Length": "5"}])
def test_body_of_the_limit_is_read(web: WebServer, headers: dict[str, str]) -> None:
    web.answers["/"] = answer(body=b"12345", **headers)

    assert loopback_fetcher(max_bytes=5).get(web.url("/")).body == b"12345"


def test_announced_body_over_the_limit_is_refused(web: WebServer) -> None:
    web.answers["/"] = answer(body=b"123456")

    with pytest.raises(FetchFailed, match="larger than 5 bytes"):
        loopback_fetcher(max_bytes=5).get(web.url("/"))


def test_unannounced_body_over_the_limit_is_refused(web: WebServer) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"x" * 10_000)
        except OSError:
            pass

    web.answers["/"] = endless

    with pytest.raises(FetchFailed, match="larger than"):
        loopback_fetcher(max_bytes=100_000).get(web.url("/"))


def test_truncated_body_is_a_failure(web: WebServer) -> None:
    web.answers["/"] = answer(body=b"half", Content_Length="100")

    with pytest.raises(FetchFailed):
        loopback_fetcher().get(web.url("/"))


def test_unknown_name_is_a_failure() -> None:
    def unknown(host: str) -> list[str]:
        raise OSError(f"no such host: {host}")

    with pytest.raises(FetchFailed, match="cannot be resolved"):
        loopback_fetcher(resolve=unknown).get("http://nowhere.example/")


def test_closed_port_is_a_failure(web: WebServer) -> None:
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.2"):
        loopback_fetcher().get(f"http://127.0.0.2:{web.port}/")
