"""A block of readers becomes rows of the staging file: sealed and indexed.

Works on a block at a time, because random bytes are cheaper by the thousand. Keeps no plaintext.
"""

from collections.abc import Callable, Mapping, Sequence

from digest.sealed import Sealer
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.reading import PlainReader
from digest.subscribers.transfer.staging_file import StagedRow

ERASED = int(Fate.ERASED)  # comparing members of an enum is slow
MARKED = "friday: which key made a hash"  # no address; its index tells keys apart


def seal_block(
    sealer: Sealer, readers: Sequence[PlainReader], random_bytes: Callable[[int], bytes]
) -> list[StagedRow]:
    """Return the rows of one block, numbered by its first row, in the order given."""
    addresses = sealer.seal_all([reader[1] for reader in readers])
    names = iter(sealer.seal_all([reader[4] for reader in readers if reader[4]]))
    own = letters(random_bytes, len(readers), 2 * OWN_LETTERS)
    block = readers[0][0] if readers else 0
    marks = hash_marks(sealer) if any(not reader[1] for reader in readers) else {}
    rows: list[StagedRow] = []
    for reader, address_sealed, own_letters in zip(readers, addresses, own, strict=True):
        (_row, address, key, group, name, language, timezone, joined_at, evidence, fate, left_at,
         kept) = reader  # fmt: skip
        current, *retired = sealer.indexes(key) if address else _as_hashed(key, marks)
        if fate >= ERASED and kept is None:
            address_sealed = b""  # a hash is all it takes
        rows.append(
            (block, current, b"".join(retired), address_sealed, next(names) if name else None,
             language, timezone, group, joined_at, evidence, own_letters, fate, left_at, kept)
        )  # fmt: skip
    return rows


def _as_hashed(key: str, marks: Mapping[str, int]) -> tuple[bytes, ...]:
    """Return what is looked for, under all index keys, where only the index under one is known."""
    _mark, _, index = key.partition(":")
    return (bytes.fromhex(index),) * len(marks)


def is_foreign_hash(key: str, marks: Mapping[str, int]) -> bool:
    """Tell whether a hash was made with a key that this instance does not have."""
    return key.partition(":")[0] not in marks


def hash_marks(sealer: Sealer) -> dict[str, int]:
    """Return by which mark each index key of this instance is known in an export, and its place in
    the ring. A mark is made with the key and tells nothing of it.
    """
    return {mark.hex()[:16]: place for place, mark in enumerate(sealer.indexes(MARKED))}
