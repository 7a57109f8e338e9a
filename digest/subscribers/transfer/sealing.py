"""A block of readers becomes rows of the staging file: sealed and indexed.

Works on a block at a time, because random bytes are cheaper by the thousand. Keeps no plaintext.
"""

from collections.abc import Callable, Sequence

from digest.sealed import Sealer
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.reading import PlainReader
from digest.subscribers.transfer.staging_file import StagedRow


def seal_block(
    sealer: Sealer, readers: Sequence[PlainReader], random_bytes: Callable[[int], bytes]
) -> list[StagedRow]:
    """Return the rows of one block, numbered by its first row, in the order given."""
    addresses = sealer.seal_all([reader[1] for reader in readers])
    names = iter(sealer.seal_all([reader[4] for reader in readers if reader[4]]))
    own = letters(random_bytes, len(readers), 2 * OWN_LETTERS)
    block = readers[0][0] if readers else 0
    rows: list[StagedRow] = []
    for reader, address_sealed, own_letters in zip(readers, addresses, own, strict=True):
        _row, _address, key, group, name, language, timezone, joined_at, evidence = reader
        current, *retired = sealer.indexes(key)
        rows.append(
            (block, current, b"".join(retired), address_sealed, next(names) if name else None,
             language, timezone, group, joined_at, evidence, own_letters)
        )  # fmt: skip
    return rows
