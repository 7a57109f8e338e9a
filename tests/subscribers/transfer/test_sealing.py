"""A block of readers is sealed and indexed, and numbered by its first row."""

import random
from typing import Any

from digest.sealed import Sealer
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.reading import PlainReader
from digest.subscribers.transfer.sealing import seal_block
from digest.subscribers.transfer.staging_file import COLUMNS


def reader_of(row: int, name: str | None) -> PlainReader:
    return row, "Anna@x.org", "anna@x.org", "other", name, "lv", None, None, "{}", 0, None, None


def sealed(sealer: Sealer, *readers: PlainReader) -> list[dict[str, Any]]:
    rows = seal_block(sealer, readers, random.Random(1).randbytes)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def test_block_opens_as_it_was(sealer: Sealer) -> None:
    nameless, named = sealed(sealer, reader_of(7, None), reader_of(8, "Anna Ķirse"))

    assert [each["block"] for each in (nameless, named)] == [7, 7]
    assert sealer.open(named["address_sealed"]) == "Anna@x.org"
    assert named["address_index"] == sealer.index("anna@x.org")
    assert (nameless["name_sealed"], sealer.open(named["name_sealed"])) == (None, "Anna Ķirse")


def test_letters_are_of_base32_and_evenly_spread() -> None:
    texts = letters(random.Random(1).randbytes, 1000, OWN_LETTERS)
    found = "".join(texts)

    assert {len(text) for text in texts} == {OWN_LETTERS}
    assert sorted(set(found)) == sorted("abcdefghijklmnopqrstuvwxyz234567")
    assert max(found.count(letter) for letter in set(found)) < 2 * len(found) / 32
