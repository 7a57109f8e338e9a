"""What kind of host a link leads to; pure, nothing is resolved."""

from urllib.parse import SplitResult, urlsplit

from digest.fetch.addresses import is_odd, is_public, literal

PRIVATE_ENDS = ("localhost", "local", "internal", "lan", "home", "intranet", "corp")
SHORTENERS = frozenset(
    {
        *("bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"),
        *("cutt.ly", "rb.gy", "shorturl.at", "t.ly", "tiny.cc", "v.gd", "lnkd.in", "clck.ru"),
        *("vk.cc", "dlvr.it", "trib.al", "bl.ink", "soo.gd", "s.id", "adf.ly", "shrtco.de"),
    }
)


def split(url: str) -> SplitResult | None:
    """Return a URL's parts, None when it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def scheme_of(url: str) -> str:
    """Return a URL's scheme in lower case, empty where there is none or it is no URL."""
    parts = split(url)
    return parts.scheme.lower() if parts else ""


def host_of(url: str) -> str:
    """Return a URL's host in lower case, without ``www.``; empty where there is none."""
    parts = split(url)
    return ((parts.hostname or "") if parts else "").removeprefix("www.").rstrip(".")


def is_private(host: str) -> bool:
    """Return whether a host is this machine, or one that only an office's own network knows."""
    address = literal(host)
    if address is not None:
        return not is_public(address)
    is_inside = "." not in host or host.split(".")[-1] in PRIVATE_ENDS
    return is_inside or (host.isascii() and is_odd(host))


def is_bare_address(host: str) -> bool:
    """Return whether a host is a public IP address where a name belongs."""
    address = literal(host)
    return address is not None and is_public(address)


def belongs_to(host: str, domains: list[str]) -> bool:
    """Return whether a host is one of these domains or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
