"""Which texts are URLs we would ask, and what of them goes on the wire (RFC 3986); pure.

Stricter than the standard library, which only cuts: two readers of one odd URL must never see two
hosts in it. Whether the host may be asked is for `addresses` to say.
"""

import ipaddress
import re
from dataclasses import dataclass
from string import punctuation
from urllib.parse import quote, urljoin, urlsplit

import idna

from digest.errors import FetchFailed

PORTS = {"http": 80, "https": 443}
MAX_LENGTH = 65_536  # characters
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:@]+))(?::(?P<port>\d*))?")
# What the URL standard leaves as it is in a path and a query; what is escaped already stays so.
PATH_SAFE = "".join(sorted(set(punctuation) - set('"#<>?^`{}')))
QUERY_SAFE = "".join(sorted(set(punctuation) - set("\"#<>'")))


@dataclass(frozen=True, slots=True)
class Url:
    """One http or https URL, everything in it ASCII; `host` is a name or an address without
    brackets.
    """

    scheme: str
    host: str
    port: int
    target: str  # path and query, as the request line has them
    fragment: str = ""

    @property
    def authority(self) -> str:
        """Return host and port as the Host header has them: no port where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{self.authority}{self.target}{fragment}"

    def join(self, location: str) -> "Url":
        """Return where a reference leads that was found here; FetchFailed when to no URL we ask."""
        no_url = f"{shown(str(self))}: redirects to what is not a URL"
        if UNPRINTABLE.search(location):  # urljoin would drop some of them unseen
            raise FetchFailed(no_url)
        try:
            joined = urljoin(str(self), location)
        except ValueError as error:
            raise FetchFailed(no_url) from error
        return parse_url(joined)


def parse_url(text: str) -> Url:
    """Return the URL in a text; FetchFailed, naming it without secrets, when it is none we ask."""
    where = shown(text)
    if UNPRINTABLE.search(text):
        raise FetchFailed(
            f"{where}: spaces, control characters and backslashes have no place in a URL"
        )
    if len(text) > MAX_LENGTH:
        raise FetchFailed(f"{where}: longer than any URL")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise FetchFailed(f"{where}: not a URL") from error
    if parts.scheme not in PORTS or not parts.netloc:
        raise FetchFailed(f"{where}: only http:// and https:// URLs are fetched")
    if "@" in parts.netloc:
        raise FetchFailed(f"{where}: a URL with a user name or password is not fetched")
    found = AUTHORITY.fullmatch(parts.netloc)
    if found is None:
        raise FetchFailed(f"{where}: not a URL")
    query = f"?{quote(parts.query, safe=QUERY_SAFE)}" if parts.query else ""
    return Url(
        parts.scheme,
        _host(found, where),
        _port(found, parts.scheme, where),
        _path(parts.path) + query,
        quote(parts.fragment, safe=QUERY_SAFE),
    )


def _host(found: re.Match[str], where: str) -> str:
    try:
        if found["ipv6"]:
            return str(ipaddress.IPv6Address(found["ipv6"]))
        name = found["name"].lower()
        return name if name.isascii() else idna.encode(name).decode("ascii")
    except (ValueError, idna.IDNAError) as error:
        raise FetchFailed(f"{where}: not a URL") from error


def _port(found: re.Match[str], scheme: str, where: str) -> int:
    digits = found["port"]
    if not digits:
        return PORTS[scheme]
    if not digits.isascii() or len(digits) > 5 or not 0 < int(digits) < 65536:
        raise FetchFailed(f"{where}: no such port")
    return int(digits)


def _path(path: str) -> str:
    """Return a path that is absolute, escaped, and free of dot segments (RFC 3986 5.2.4)."""
    kept: list[str] = []
    *folders, last = path.split("/")[1:] or [""]
    for segment in (*folders, last):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    if last in {".", ".."}:
        kept.append("")
    return quote("/" + "/".join(kept), safe=PATH_SAFE)


def shown(url: str) -> str:
    """Return a URL fit to print: no credentials, no query, no fragment, one short line."""
    bare = re.split(r"[?#]", url, maxsplit=1)[0]
    bare = re.sub(r"^([^:/]*:)?//[^/]*@", r"\1//", bare)
    return UNPRINTABLE.sub("�", bare)[:200]
