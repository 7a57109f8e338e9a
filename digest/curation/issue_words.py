"""An issue's own texts: which fields there are, and what a value must look like before it is
stored.

Pure judgements, the same for the desk, the command line and anything else that edits.
"""

from collections.abc import Callable, Mapping
from typing import Any

from digest.curation.plain import one_line
from digest.errors import BadInput

LINE_MOST = 500  # characters; what the store has room for


def checked_words(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of an issue as they are stored; BadInput names the field that is wrong.

    subject, preheader: one line. topper: text and signed; quote: text and who; a text without
    words takes the block out. numbers: pairs of figure and words. appeal: whether it is shown.
    """
    for field in changes:
        if field not in CHECKS:
            raise BadInput(
                f"an issue has no field {field!r} (there are: {', '.join(sorted(CHECKS))})"
            )
    return {field: CHECKS[field](field, value) for field, value in changes.items()}


def _line(field: str, value: Any) -> str:
    line = one_line(_text(field, value))
    if len(line) > LINE_MOST:
        raise BadInput(f"{field}: {len(line)} characters are more than the {LINE_MOST} allowed")
    return line


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{field}: this must be text")
    return value


def _topper(field: str, value: Any) -> dict[str, str]:
    return _block(field, value, second="signed")


def _quote(field: str, value: Any) -> dict[str, str]:
    return _block(field, value, second="who")


def _block(field: str, value: Any, *, second: str) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= {"text", second}:
        raise BadInput(f"{field}: this has a text and {second}, nothing else")
    block = {key: _text(f"{field}.{key}", part) for key, part in value.items()}
    return block if any(part.strip() for part in block.values()) else {}


def _numbers(field: str, value: Any) -> list[list[str]]:
    rows = value if isinstance(value, list | tuple) else [None]
    pairs = [list(row) if isinstance(row, list | tuple) else [] for row in rows]
    if not all(len(pair) == 2 and all(_has_words(part) for part in pair) for pair in pairs):
        raise BadInput(f"{field}: each is a pair of a figure and its words")
    return [[one_line(part) for part in pair] for pair in pairs]


def _has_words(part: Any) -> bool:
    return isinstance(part, str) and bool(part.strip())


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadInput(f"{field}: this is yes or no")
    return value


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "subject": _line,
    "preheader": _line,
    "topper": _topper,
    "quote": _quote,
    "numbers": _numbers,
    "appeal": _flag,
}
EDITABLE = frozenset(CHECKS)
