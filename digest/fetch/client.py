"""One GET, guarded from the first letter of the URL to the last byte of the body."""

import ipaddress
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from digest.clock import Clock
from digest.config import FetchConfig
from digest.errors import FetchFailed
from digest.fetch.addresses import Address, is_odd, literal, objection
from digest.fetch.wire import CheckedBackend, Deadline

MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")

Resolve = Callable[[str], Iterable[str]]
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back: the URL after redirects, the status, the headers we use, the body as sent.

    `content_type` is the whole header in lower case, parameters included; absent headers are None.
    `not_modified` means a 304 to the validators we sent; the body is empty then.
    """

    url: str
    status: int
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    not_modified: bool = False


def system_resolve(host: str) -> list[str]:
    """Return the addresses the system's resolver gives for a host; OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Fetches public http and https URLs; keeps no connection and follows no proxy variable.

    `resolve` turns a host name into address texts; `tls` replaces the usual certificate
    authorities.
    """

    def __init__(
        self,
        config: FetchConfig,
        clock: Clock,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._config = config
        self._clock = clock
        self._resolve = resolve
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._allowed = [ipaddress.ip_network(network) for network in config.allow_networks]

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str = "*/*",
    ) -> Fetched:
        """Return the answer to a GET, after at most five redirects, each checked like the first.

        `etag` and `last_modified` make it conditional (RFC 9110 section 13). Raises FetchFailed,
        naming the URL without its query, for whatever is not a usable 2xx or a 304 that was asked
        for.
        """
        deadline = Deadline(self._clock, self._config.timeout_seconds)
        headers = self._headers(accept, etag, last_modified)
        here = _parsed(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._ask(here, headers, deadline)
            if isinstance(answer, Fetched):
                return answer
            here = answer
        raise FetchFailed(f"{shown(url)}: more than {MAX_REDIRECTS} redirects")

    def _headers(self, accept: str, etag: str | None, last_modified: str | None) -> dict[str, str]:
        headers = {
            "Accept": accept,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": self._config.user_agent,
        }
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        return headers

    def _ask(self, url: httpx.URL, headers: Headers, deadline: Deadline) -> Fetched | httpx.URL:
        """Return the answer of one server, or the URL it sends us to."""
        where = shown(str(url))
        try:
            addresses = self._checked_addresses(url, deadline)
            backend = CheckedBackend(addresses, deadline)
            with (
                httpcore.ConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
                pool.stream("GET", _target(url), headers=_on_the_wire(url, headers)) as response,
            ):
                return self._judged(url, response, conditional=_is_conditional(headers))
        except httpcore.TimeoutException as error:
            seconds = self._config.timeout_seconds
            raise FetchFailed(f"{where}: no full answer within {seconds:g} seconds") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            raise FetchFailed(f"{where}: {error or type(error).__name__}") from error

    def _checked_addresses(self, url: httpx.URL, deadline: Deadline) -> list[Address]:
        where = shown(str(url))
        host = url.raw_host.decode("ascii")
        if is_odd(host):
            raise FetchFailed(f"{where}: this form of host is not accepted")
        try:
            spelled = literal(host)
            texts = [host] if spelled else deadline.run(lambda: list(self._resolve(host)))
            addresses = [ipaddress.ip_address(text) for text in texts]
        except (OSError, ValueError) as error:
            raise FetchFailed(f"{where}: the host name cannot be resolved") from error
        if reason := objection(addresses, _port(url), self._allowed):
            raise FetchFailed(f"{where}: {reason}")
        return addresses

    def _judged(
        self, url: httpx.URL, response: httpcore.Response, *, conditional: bool
    ) -> Fetched | httpx.URL:
        where = shown(str(url))
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in response.headers
        }
        if response.status in REDIRECTS and "location" in headers:
            return _next_url(url, headers["location"])
        not_modified = response.status == 304 and conditional
        if not not_modified and not 200 <= response.status < 300:
            raise FetchFailed(
                f"{where}: the server answered {response.status}", status=response.status
            )
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"}:
            raise FetchFailed(
                f"{where}: the body is packed ({encoding[:20]}), which was not asked for"
            )
        return Fetched(
            url=str(url),
            status=response.status,
            body=b"" if not_modified else self._body(where, response, headers),
            content_type=headers.get("content-type", "").strip().lower() or None,
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            not_modified=not_modified,
        )

    def _body(self, where: str, response: httpcore.Response, headers: Headers) -> bytes:
        limit = self._config.max_bytes
        too_large = FetchFailed(f"{where}: the body is larger than {limit} bytes")
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > limit:
            raise too_large
        body = bytearray()
        for chunk in response.iter_stream():
            body += chunk
            if len(body) > limit:
                raise too_large
        return bytes(body)


def shown(url: str) -> str:
    """Return a URL fit to print: no credentials, no query, no fragment, one short line."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    bare = re.sub(r"^([^:/]*:)?//[^/]*@", r"\1//", bare)
    return UNPRINTABLE.sub("�", bare)[:200]


def _parsed(url: str) -> httpx.URL:
    where = shown(url)
    if UNPRINTABLE.search(url):
        raise FetchFailed(
            f"{where}: spaces, control characters and backslashes have no place in a URL"
        )
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed(f"{where}: not a URL") from error
    if parsed.scheme not in PORTS or not parsed.host:
        raise FetchFailed(f"{where}: only http:// and https:// URLs are fetched")
    if not 0 < _port(parsed) < 65536:
        raise FetchFailed(f"{where}: no such port")
    if parsed.userinfo:
        raise FetchFailed(f"{where}: a URL with a user name or password is not fetched")
    return parsed


def _next_url(url: httpx.URL, location: str) -> httpx.URL:
    """Return where a redirect leads; the location may be relative and hold raw UTF-8."""
    try:
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError as error:
        raise FetchFailed(f"{shown(str(url))}: redirects to what is not a URL") from error
    if UNPRINTABLE.search(location):
        raise FetchFailed(f"{shown(str(url))}: redirects to what is not a URL")
    try:
        joined = str(url.join(location))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchFailed(f"{shown(str(url))}: redirects to what is not a URL") from error
    return _parsed(joined)


def _port(url: httpx.URL) -> int:
    return PORTS[url.scheme] if url.port is None else url.port


def _target(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=_port(url), target=url.raw_path
    )


def _on_the_wire(url: httpx.URL, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return header bytes, Host first; what Latin-1 cannot hold becomes a question mark."""
    return [
        (name.encode("ascii"), value.encode("latin-1", "replace"))
        for name, value in {"Host": url.netloc.decode("ascii"), **headers}.items()
    ]


def _is_conditional(headers: Headers) -> bool:
    return "If-None-Match" in headers or "If-Modified-Since" in headers
