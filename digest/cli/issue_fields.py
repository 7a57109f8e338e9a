"""``field=value`` on the command line, folded into the shapes an issue and a pick have."""

from collections.abc import Mapping, Sequence
from typing import Any

from digest.curation.issue_words import EDITABLE as OF_AN_ISSUE
from digest.curation.picks import EDITABLE as OF_A_PICK
from digest.errors import BadInput

PARTS = {"topper": "signed", "quote": "who"}


def pick_words(pairs: Sequence[str]) -> dict[str, str]:
    """Return the fields of a pick; BadInput for a word without an equals sign."""
    return _split(pairs, sorted(OF_A_PICK))


def issue_words(pairs: Sequence[str], present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of an issue; `present` has its topper and quote, which are changed by
    parts.

    topper and topper.signed, quote and quote.who name the parts; numbers takes figure|words pairs
    with semicolons between; appeal is yes or no. BadInput says what cannot be read.
    """
    parts = [f"{block}.{part}" for block, part in PARTS.items()]
    changes: dict[str, Any] = {}
    for name, value in _split(pairs, sorted((*OF_AN_ISSUE, *parts))).items():
        block, _, part = name.partition(".")
        if block in PARTS and part in {"", PARTS[block]}:
            whole = changes.get(block) or {"text": "", **present[block]}
            changes[block] = {**whole, part or "text": value}
        elif name == "numbers":
            changes[name] = _numbers(value)
        elif name == "appeal":
            changes[name] = _yes_or_no(value)
        else:
            changes[name] = value
    return changes


def _split(pairs: Sequence[str], known: Sequence[str]) -> dict[str, str]:
    fields = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInput(f"{pair!r}: write field=value (fields: {', '.join(known)})")
        fields[name.strip()] = value
    return fields


def _numbers(value: str) -> list[list[str]]:
    pairs = [part.split("|") for part in value.split(";") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise BadInput("numbers: write figure|words;figure|words")
    return [[figure.strip(), words.strip()] for figure, words in pairs]


def _yes_or_no(value: str) -> bool:
    if value not in {"yes", "no"}:
        raise BadInput(f"appeal={value}: write yes or no")
    return value == "yes"
