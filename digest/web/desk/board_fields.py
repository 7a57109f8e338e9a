"""What the board's forms carry, and who changed what since a form was shown.

A form has, beside each field, a mark of the value that it was shown with. Fields are judged one by
one: what an editor left alone is left alone, what nobody else changed is saved, and what somebody
else changed to another value is a clash, which is for a person to decide. Pure.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from digest.curation.plain import one_line
from digest.errors import BadInput
from digest.models import Issue, Pick
from digest.web.forms import PostedForm

WAS = "was-"  # and the field's name: the mark of what it was shown with
MARK_DIGITS = 16  # of SHA-256
PICK_LABELS = {
    "kicker": "Kicker",
    "headline": "Headline",
    "blurb": "Blurb",
    "byline": "Byline",
    "layout": "Layout",
    "image_url": "Address of the picture",
    "image_alt": "What the picture shows (alt text)",
    "image_credit": "Credit of the picture",
}
WORDS_LABELS = {
    "subject": "Subject",
    "preheader": "Line for the inbox (preheader)",
    "topper": "The paper's message",
    "topper_signed": "Signed by",
    "quote": "Quote",
    "quote_who": "Who said it",
    "numbers": "By the numbers",
    "appeal": "Appeal",
}
LONG = frozenset({"blurb", "topper", "quote", "numbers"})
PARTS = {"topper": ("topper", "text"), "topper_signed": ("topper", "signed")} | {
    "quote": ("quote", "text"),
    "quote_who": ("quote", "who"),
}


@dataclass(frozen=True, slots=True)
class Clash:
    """One field that two editors changed: what is there now, and what was asked for."""

    field: str
    label: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a form asks for: changes to make, and fields that somebody must decide about."""

    changes: dict[str, str]
    clashes: list[Clash]


def mark(value: str) -> str:
    """Return a short sign of a value, the same for the same value only."""
    return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()[:MARK_DIGITS]


def mark_of(fields: Mapping[str, str]) -> str:
    """Return the mark of all words of a pick together."""
    return mark("\0".join(fields.values()))


def judge(
    form: PostedForm,
    present: Mapping[str, str],
    labels: Mapping[str, str],
    typed: Callable[[str, str], str] | None = None,
) -> Judged:
    """Return what a form changes of what is there now; BadInput where it carries no marks. `typed`
    returns a field's value as it is kept; None: as the board's are.
    """
    changes, clashes = {}, []
    for field in [name for name in labels if name in form.fields]:
        yours, was = (typed or _typed)(field, form.raw(field)), form.text(WAS + field)
        if not was:
            raise BadInput(f"{field}: this form does not say what it was shown with")
        if mark(yours) == was or yours == present[field]:
            continue
        if mark(present[field]) == was:
            changes[field] = yours
        else:
            clashes.append(Clash(field, labels[field], present[field], yours))
    return Judged(changes, clashes)


def _typed(field: str, value: str) -> str:
    return _lines(value) if field in LONG else one_line(value)


def _lines(text: str) -> str:
    """Return text with the line ends that a browser would post for it, as we keep them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def pick_fields(pick: Pick) -> dict[str, str]:
    """Return the words of a pick as its form shows them."""
    return {field: _typed(field, str(getattr(pick, field))) for field in PICK_LABELS}


def words_fields(issue: Issue) -> dict[str, str]:
    """Return an issue's own words as their form shows them."""
    blocks = {"topper": issue.topper, "quote": issue.quote}
    parts = {field: str(blocks[block].get(key, "")) for field, (block, key) in PARTS.items()}
    shown = {
        "subject": issue.subject,
        "preheader": issue.preheader,
        **parts,
        "numbers": "\n".join(f"{figure} | {words}" for figure, words in issue.numbers),
        "appeal": "yes" if issue.appeal else "no",
    }
    return {field: _typed(field, value) for field, value in shown.items()}


def words_changes(changes: Mapping[str, str], issue: Issue) -> dict[str, Any]:
    """Return changed fields in the shapes that an issue has; BadInput for what cannot be read."""
    blocks: dict[str, dict[str, str]] = {"topper": issue.topper, "quote": issue.quote}
    shaped: dict[str, Any] = {}
    for field, value in changes.items():
        if field in PARTS:
            block, key = PARTS[field]
            shaped[block] = {**shaped.get(block, {"text": "", **blocks[block]}), key: value}
        elif field == "numbers":
            shaped[field] = [_pair(line) for line in value.splitlines() if line.strip()]
        elif field == "appeal":
            shaped[field] = value == "yes"
        else:
            shaped[field] = value
    return shaped


def _pair(line: str) -> list[str]:
    figure, bar, words = line.partition("|")
    if not (bar and figure.strip() and words.strip()):
        raise BadInput(f"By the numbers: write “figure | words”, one on each line, not {line!r}")
    return [figure.strip(), words.strip()]
