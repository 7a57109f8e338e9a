"""A block of rows is sealed, indexed, and carries the evidence of its file."""

import json
import random
from typing import Any

import pytest

from digest.sealed import Sealer
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.rows import RawRow, ReaderRow, understand
from digest.subscribers.transfer.sealing import BlockSealer
from digest.subscribers.transfer.staging_file import COLUMNS

DIGEST = "ab" * 32


def reader_of(row: int, **cells: str) -> ReaderRow:
    judged = understand(RawRow(row, {"address": "Anna@X.org", **cells}))
    assert isinstance(judged, ReaderRow)
    return judged


def sealed(sealer: Sealer, *readers: ReaderRow) -> list[dict[str, Any]]:
    rows = BlockSealer(sealer, DIGEST, random.Random(1).randbytes).seal(readers)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_block_opens_as_it_was(sealer: Sealer) -> None:
    named, nameless = sealed(sealer, reader_of(7, name="Anna Ķirse"), reader_of(8))

    assert [each["block"] for each in (named, nameless)] == [7, 7]
    assert sealer.open(named["address_sealed"]) == "Anna@x.org"
    assert named["address_index"] == sealer.index("anna@x.org")
    assert (sealer.open(named["name_sealed"]), nameless["name_sealed"]) == ("Anna Ķirse", None)


@pytest.mark.parametrize(
    "times", [{}, {"joined": "2019-05-02"}, {"joined": "1/5/2019", "confirmed": "2019-05-01 8:00"}]
)
def test_evidence_is_the_row_and_its_own_words_for_the_times(
    sealer: Sealer, times: dict[str, str]
) -> None:
    (row,) = sealed(sealer, reader_of(7, **times))

    assert json.loads(row["evidence"]) == {"file": DIGEST, "row": 7, **times}


@pytest.mark.parametrize(
    ("joined", "confirmed", "kept"),
    [
        ("2019-05-02", "2019-05-01 08:00:00", "2019-05-01 08:00:00.000000"),
        ("2019-05-02T03:00:00+03:00", "", "2019-05-02 00:00:00.000000"),
        ("5/1/2019", "2019-05-02 08:00:00 UTC", "2019-05-02 08:00:00.000000"),
        ("5/1/2019", "", None),
        ("", "", None),
    ],
)
def test_time_of_joining_is_the_earlier_one_that_needs_no_guessing(
    sealer: Sealer, joined: str, confirmed: str, kept: str | None
) -> None:
    (row,) = sealed(sealer, reader_of(7, joined=joined, confirmed=confirmed))

    assert row["joined_at"] == kept


def test_letters_are_of_base32_and_evenly_spread() -> None:
    texts = letters(random.Random(1).randbytes, 1000, OWN_LETTERS)
    found = "".join(texts)

    assert {len(text) for text in texts} == {OWN_LETTERS}
    assert sorted(set(found)) == sorted("abcdefghijklmnopqrstuvwxyz234567")
    assert max(found.count(letter) for letter in set(found)) < 2 * len(found) / 32
