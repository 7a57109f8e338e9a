"""Structured logging whose lines never carry an address or a token, whatever a library passes in.

Two forms: ``text`` for people, ``json`` (one object a line) for machines. Extra fields come in as
``log.info("issue frozen", extra={"fields": {"issue": 3, "audience": 200}})``; what all lines of a
work have in common, its relay or its issue, is said once with ``bound``.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, TextIO

# An address in any clothes: bare, quoted local part, domain literal, percent-encoded. The length is
# bounded because an unbounded local part would make long lines quadratic; RFC 5321 section
# 4.5.3.1.1 allows 64.
ADDRESS = re.compile(
    r"""(?:"(?:[^"\\\n]|\\.){1,64}"|[^\s<>"'(),;:=/\[\]][^\s<>"(),;:=/\[\]]{0,254})"""
    r"""(?:@|%40)(?:\[[^\]\s]{1,64}\]|[^\s<>"'(),;:=/\[\]?&]+)"""
)
# A signed link: our paths that carry a token, or any payload.signature pair long enough to be one.
TOKEN = re.compile(
    r"(/(?:u|later|hooks/ses)/)[^\s\"'?#]+|\.?\b[A-Za-z0-9_-]{12,}\.[A-Za-z0-9_-]{30,}"
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
NOTHING: Mapping[str, object] = MappingProxyType({})
_BOUND: ContextVar[Mapping[str, object]] = ContextVar("fields of every line", default=NOTHING)
NOISY = ("aiosmtplib", "httpx", "httpcore", "asyncio", "alembic", "flufl.bounce")


def redact(text: str) -> str:
    """Return `text` with every e-mail address and every signed token replaced by a mark."""
    if "@" in text or "%40" in text:
        text = ADDRESS.sub("‹address›", text)
    return TOKEN.sub(lambda match: f"{match[1] or ''}‹token›", text)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Give every line that is logged in this block these fields, those from tasks and threads that
    begin in it too (``asyncio.to_thread``). A line's own fields go first.
    """
    before = _BOUND.set({**_BOUND.get(), **fields})
    try:
        yield
    finally:
        _BOUND.reset(before)


def set_up_logging(
    form: Literal["text", "json"] = "text", level: str = "INFO", stream: TextIO | None = None
) -> None:
    """Send all logging to `stream` (standard error) in the given form, redacted; replaces earlier
    set-up.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # That a tick is left out while the last one runs is meant, and no news.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class TextFormatter(logging.Formatter):
    """``2026-11-27 07:00:01 INFO  digest.delivery: issue frozen  issue=3 audience=200``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one redacted line, followed by a redacted traceback where there is one."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        fields = " ".join(f"{key}={value}" for key, value in _fields(record).items())
        line = f"{at} {record.levelname:<7} {record.name}: {_message(record)}"
        return "\n  ".join(
            _printable(redact(text))
            for text in (
                "  ".join(filter(None, (line, fields))),
                *_traceback(self, record).splitlines(),
            )
        )


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, the extra fields, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one redacted JSON object without line breaks."""
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if traceback := _traceback(self, record):
            entry["traceback"] = traceback
        # Redacted before it is written as JSON: afterwards a quote's backslash would look like part
        # of an address.
        line = json.dumps(_redacted({**entry, **_fields(record), **entry}), ensure_ascii=False)
        return _printable(line)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (
        Exception
    ):  # whatever a value's own __str__ raises; logging would print all values unredacted
        return f"{record.msg} (its values do not fit)"


def _redacted(value: object) -> object:
    """Return a value JSON can hold, every text in it redacted."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {redact(str(key)): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return redact(str(value))


def _printable(text: str) -> str:
    """Write control characters as escapes, so that no text from outside can forge a line or drive a
    terminal.
    """
    return CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", {})
    return {**_BOUND.get(), **fields} if isinstance(fields, dict) else dict(_BOUND.get())


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    raised = formatter.formatException(record.exc_info) if record.exc_info else ""
    return "\n".join(filter(None, (raised, record.stack_info)))
