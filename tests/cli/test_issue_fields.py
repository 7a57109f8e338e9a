"""field=value, folded into an issue's shapes."""

from typing import Any

import pytest

from digest.cli.issue_fields import issue_words, pick_words
from digest.errors import BadInput

NOTHING: dict[str, Any] = {"topper": {}, "quote": {}}


@pytest.mark.parametrize(
    ("pairs", "changes"),
    [
        (["subject=a=b"], {"subject": "a=b"}),
        (["subject="], {"subject": ""}),
        ([" subject =x"], {"subject": "x"}),
        (["topper=Hello"], {"topper": {"text": "Hello"}}),
        (["topper=Hello", "topper.signed=Ada"], {"topper": {"text": "Hello", "signed": "Ada"}}),
        (["topper.signed=Ada", "topper=Hello"], {"topper": {"text": "Hello", "signed": "Ada"}}),
        (["quote.who=Bo"], {"quote": {"text": "", "who": "Bo"}}),
        (["numbers=38|pages; 2 | cats ;"], {"numbers": [["38", "pages"], ["2", "cats"]]}),
        (["numbers="], {"numbers": []}),
        (["appeal=no"], {"appeal": False}),
        (["quote.signed=x"], {"quote.signed": "x"}),
    ],
)
def test_words_become_changes(pairs: list[str], changes: dict[str, Any]) -> None:
    assert issue_words(pairs, NOTHING) == changes


def test_other_part_of_a_block_stays() -> None:
    present = {"topper": {"text": "Hello", "signed": "Ada"}, "quote": {}}

    assert issue_words(["topper=Bye"], present) == {"topper": {"text": "Bye", "signed": "Ada"}}


@pytest.mark.parametrize("pair", ["subject", "appeal=perhaps", "numbers=1", "numbers=1|a|b"])
def test_what_cannot_be_read_is_said(pair: str) -> None:
    with pytest.raises(BadInput, match=r"write "):
        issue_words([pair], NOTHING)


def test_words_of_a_pick_stay_words() -> None:
    assert pick_words(["headline=A = B", "layout=lead"]) == {"headline": "A = B", "layout": "lead"}
