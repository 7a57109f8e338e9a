"""RSS and Atom: feedparser does the reading, on bytes only; this module judges what it found.

Two traps of feedparser 6.0.14 are met here: `parse` given a text may open URLs and files, so it
gets a stream; and ``media:description`` lands in the article's summary or full text, so it is
renamed before.
"""

import calendar
import io
import re
import time
from datetime import UTC, datetime
from typing import Any, ClassVar

import feedparser

from digest.curation.cleaning import Picture, first_picture, plain_text, safe_html
from digest.curation.plain import (
    MAX_SUMMARY,
    MAX_TITLE,
    YEARS,
    language_tag,
    one_line,
    shorten,
    web_url,
)
from digest.curation.sources.base import FoundArticle, SourceResult
from digest.errors import BadInput
from digest.fetch import Fetched, shown

ENTITY = re.compile(r"<!\s*ENTITY", re.IGNORECASE)
ENCODING = re.compile(r"(?:encoding|charset)\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
CAPTION = re.compile(rb"(</?)media:description\b", re.IGNORECASE)
PICTURE_ENDING = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)(?:$|\?)", re.IGNORECASE)


class FeedSource:
    """Reads a feed; an entry is an article."""

    accept: ClassVar[str] = (
        "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"
    )

    def read(self, fetched: Fetched) -> SourceResult:
        """Return the entries that have a headline and a web link; the others are problems.

        BadInput when the body declares XML entities, or is no feed.
        """
        _refuse_entities(fetched)
        feed = _parsed(fetched)
        articles, problems = [], _doubts(feed)
        for position, entry in enumerate(feed.entries, start=1):
            found = _article(entry, feed.feed, fetched.url)
            if isinstance(found, FoundArticle):
                articles.append(found)
            else:
                problems.append(f"entry {position}{_named(entry)}: {found}")
        return SourceResult(tuple(articles), tuple(problems))


def _refuse_entities(fetched: Fetched) -> None:
    """Raise BadInput when ``<!ENTITY`` stands anywhere, in any encoding the body may be read in."""
    body = fetched.body
    # Without its NULs, UTF-16 and UTF-32 read like ASCII.
    start = body[:1000].replace(b"\0", b"")
    declared = ENCODING.findall(
        f"{fetched.content_type or ''} {start.decode('latin-1')} {start.decode('cp037')}"
    )
    texts = [
        body.replace(b"\0", b"").decode("latin-1"),
        *(_decoded(body, name) for name in declared),
    ]
    if body.startswith(b"\x4c\x6f\xa7\x94"):  # "<?xm" in EBCDIC, which feedparser reads too
        texts.append(body.decode("cp037"))
    if any(ENTITY.search(text) for text in texts):
        raise BadInput(f"{shown(fetched.url)}: the feed declares XML entities, which are not read")


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, "replace")
    except (LookupError, ValueError):
        return ""


def _parsed(fetched: Fetched) -> Any:
    headers = {"content-location": fetched.url}
    if fetched.content_type:
        headers["content-type"] = fetched.content_type
    body = CAPTION.sub(rb"\1media:fridaycaption", fetched.body)
    try:
        feed = feedparser.parse(
            io.BytesIO(body),
            response_headers=headers,
            sanitize_html=True,
            resolve_relative_uris=True,
        )
    except (
        Exception
    ) as error:  # whatever a parser of broken text stumbles over, the text is to blame
        raise BadInput(
            f"{shown(fetched.url)}: the feed cannot be read ({type(error).__name__})"
        ) from error
    if not feed.entries and (feed.bozo or not feed.get("version")):
        raise BadInput(f"{shown(fetched.url)}: this is not a feed{_sort_of(fetched)}")
    return feed


def _sort_of(fetched: Fetched) -> str:
    if not fetched.body.strip():
        return " (it is empty)"
    if re.match(rb"\s*(?:<!doctype html|<html)", fetched.body[:500], re.IGNORECASE):
        return " but a web page; a feed has an address of its own"
    return f" (content type: {fetched.content_type or 'none given'})"


def _doubts(feed: Any) -> list[str]:
    """Return a problem when the feed is broken XML; a mere wrong label is none."""
    labels = (feedparser.CharacterEncodingOverride, feedparser.NonXMLContentType)
    if not feed.bozo or isinstance(feed.get("bozo_exception"), labels):
        return []
    return [f"the feed is not well-formed XML; {len(feed.entries)} entries could be read"]


def _article(entry: Any, feed: Any, base: str) -> FoundArticle | str:
    """Return an entry as an article, or in words why it cannot be one."""
    url = web_url(_text(entry, "link"), base)
    if url is None:
        return "its link is missing or not http or https"
    title = shorten(plain_text(_text(entry, "title")), MAX_TITLE)
    if not title:
        return "it has no headline"
    summary = _text(entry, "summary")
    teaser = plain_text(summary)
    # Half of all RSS puts the full text where a summary belongs.
    body = _longest_content(entry) or (summary if len(teaser) > MAX_SUMMARY else "")
    picture = _picture(entry, url) or first_picture(body, url) or first_picture(summary, url)
    picture = picture or Picture("")
    return FoundArticle(
        url=url,
        title=title,
        summary=shorten(teaser or plain_text(body), MAX_SUMMARY),
        author=_author(entry),
        published_at=_published(entry),
        image_url=picture.url,
        image_alt=picture.alt,
        image_credit=picture.credit,
        categories=_categories(entry),
        body_html=safe_html(body, url) if body else "",
        site_name=plain_text(_text(feed, "title")),
        language=language_tag(_text(feed, "language")),
    )


def _text(values: Any, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _named(entry: Any) -> str:
    title = shorten(plain_text(_text(entry, "title")), 60)
    return f" (“{title}”)" if title else ""


def _longest_content(entry: Any) -> str:
    bodies = [_text(content, "value") for content in entry.get("content") or []]
    return max(bodies, key=len, default="")


def _author(entry: Any) -> str:
    names = [plain_text(_text(author, "name")) for author in entry.get("authors") or []]
    known = ", ".join(dict.fromkeys(filter(None, names)))
    return shorten(known or plain_text(_text(entry, "author")), MAX_TITLE)


def _categories(entry: Any) -> tuple[str, ...]:
    terms = (_text(tag, "label") or _text(tag, "term") for tag in entry.get("tags") or [])
    return tuple(dict.fromkeys(filter(None, map(plain_text, terms))))


def _published(entry: Any) -> datetime | None:
    """Return when the entry came out; feedparser gives UTC, and takes a missing zone for it."""
    for key in ("published_parsed", "updated_parsed", "created_parsed"):
        # Not `get`: feedparser would answer with another date, and a warning.
        parsed = dict.get(entry, key)
        if isinstance(parsed, time.struct_time) and parsed.tm_year in YEARS:
            try:
                return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
            except (ValueError, OverflowError, OSError):
                continue
    return None


def _picture(entry: Any, base: str) -> Picture | None:
    """Return the entry's own picture: media:content, media:thumbnail or an enclosure."""
    contents = [media for media in entry.get("media_content") or [] if _is_picture(media)]
    enclosures = [media for media in entry.get("enclosures") or [] if _is_picture(media)]
    for media in [*contents, *(entry.get("media_thumbnail") or []), *enclosures]:
        url = web_url(_text(media, "url") or _text(media, "href"), base)
        if url:
            caption = plain_text(_text(entry, "media_fridaycaption")) if len(contents) <= 1 else ""
            return Picture(url, caption, _credit(entry))
    return None


def _is_picture(media: Any) -> bool:
    kind = _text(media, "type") or _text(media, "medium")
    if kind:
        return kind.startswith("image")
    return PICTURE_ENDING.search(_text(media, "url") or _text(media, "href")) is not None


def _credit(entry: Any) -> str:
    credits_ = (_text(credit, "content") for credit in entry.get("media_credit") or [])
    return next((one_line(credit) for credit in credits_ if credit.strip()), "")
