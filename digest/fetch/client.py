"""One GET, guarded from the first letter of the URL to the last byte of the body."""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import certifi
import httpcore

from digest.clock import Clock
from digest.config import FetchConfig
from digest.errors import FetchFailed
from digest.fetch.addresses import Address, is_odd, literal, objection
from digest.fetch.answer import Fetched
from digest.fetch.urls import Url, parse_url, shown
from digest.fetch.wire import CheckedBackend, Deadline

MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}

Resolve = Callable[[str], Iterable[str]]
Headers = Mapping[str, str]


def system_resolve(host: str) -> list[str]:
    """Return the addresses the system's resolver gives for a host; OSError when there are none."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@cache
def _usual_authorities() -> ssl.SSLContext:
    """Return a context that believes the usual authorities, and those that the machine's
    administrator has added to the system's.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


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
        self._tls = tls or _usual_authorities()
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
        here = parse_url(url)
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

    def _ask(self, url: Url, headers: Headers, deadline: Deadline) -> Fetched | Url:
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

    def _checked_addresses(self, url: Url, deadline: Deadline) -> list[Address]:
        where = shown(str(url))
        host = url.host
        if is_odd(host):
            raise FetchFailed(f"{where}: this form of host is not accepted")
        try:
            spelled = literal(host)
            texts = [host] if spelled else deadline.run(lambda: list(self._resolve(host)))
            addresses = [ipaddress.ip_address(text) for text in texts]
        except (OSError, ValueError) as error:
            raise FetchFailed(f"{where}: the host name cannot be resolved") from error
        if reason := objection(addresses, url.port, self._allowed):
            raise FetchFailed(f"{where}: {reason}")
        return addresses

    def _judged(self, url: Url, response: httpcore.Response, *, conditional: bool) -> Fetched | Url:
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
            served_at=_moment(headers.get("date")),
            certificate_ends=_end_of_certificate(response),
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


def _moment(text: str | None) -> datetime | None:
    """Return the instant of a Date header; None where there is none, or it says nothing."""
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)


def _end_of_certificate(response: httpcore.Response) -> datetime | None:
    stream = response.extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream else None
    certificate = secured.getpeercert() if secured else None
    if not certificate:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _next_url(url: Url, location: str) -> Url:
    """Return where a redirect leads; the location may be relative and hold raw UTF-8."""
    try:
        return url.join(location.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FetchFailed(f"{shown(str(url))}: redirects to what is not a URL") from error


def _target(url: Url) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.scheme.encode("ascii"),
        host=url.host.encode("ascii"),
        port=url.port,
        target=url.target.encode("ascii"),
    )


def _on_the_wire(url: Url, headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return header bytes, Host first; what Latin-1 cannot hold becomes a question mark."""
    return [
        (name.encode("ascii"), value.encode("latin-1", "replace"))
        for name, value in {"Host": url.authority, **headers}.items()
    ]


def _is_conditional(headers: Headers) -> bool:
    return "If-None-Match" in headers or "If-Modified-Since" in headers
