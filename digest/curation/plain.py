"""From text that the outside sends to clean lines and http(s) URLs; pure.

HTML is for `cleaning`, which loads two parsers that whoever only handles lines need not.
"""

import re
import unicodedata
from string import punctuation
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

MAX_URL = 4_000
MAX_SUMMARY = 700
MAX_TITLE = 500
# Outside of these a date is no date: some programs write the year 1 for "unknown".
YEARS = range(1800, 2200)
URL_SAFE = "".join(sorted(set(punctuation) - set('"<>\\^`{|}')))
HOSTLESS = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


def one_line(text: str) -> str:
    """Return text with all white space folded and control characters dropped."""
    kept = (c if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in text)
    return " ".join("".join(kept).split())


def shorten(text: str, limit: int) -> str:
    """Return a line of at most `limit` characters, cut between words, an ellipsis at the cut."""
    if len(text) <= limit:
        return text
    head, space, _ = text[:limit].rpartition(" ")
    return (head if space else text[: limit - 1]).rstrip(" ,;:.") + "…"


def web_url(link: str, base: str = "") -> str | None:
    """Return a link as an absolute http(s) URL in ASCII, or None for anything else.

    Anything else: another scheme, no host, credentials, control characters, more than 4,000
    characters.
    """
    link = link.strip()
    if not link or len(link) > MAX_URL or any(ord(c) < 32 or ord(c) == 127 for c in link):
        return None
    if HOSTLESS.match(link):  # urljoin would lend it the host of the base
        return None
    try:
        parts = urlsplit(urljoin(base, link))
        host, _port = parts.hostname, parts.port
        netloc = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in netloc:
        return None
    if re.search(r"[\s\\\"<>^`{|}]", netloc):
        return None
    ascii_only = (quote(part, safe=URL_SAFE) for part in parts[2:])
    return urlunsplit((parts.scheme, netloc, *ascii_only))


def language_tag(text: str) -> str:
    """Return a language tag such as ``en-GB`` (underscores accepted), else an empty string."""
    text = text.strip()
    return text.replace("_", "-") if len(text) <= 35 and LANGUAGE.fullmatch(text) else ""
