"""A block of understood rows becomes rows of the staging file: sealed, indexed, with evidence.

Works on a block at a time, because random bytes are cheaper by the thousand. Keeps no plaintext.
"""

from collections.abc import Callable, Sequence

from digest.sealed import Sealer
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.rows import ReaderRow, read_time
from digest.subscribers.transfer.staging_file import StagedRow

BLOCK_ROWS = 10_000
UTC_SIGN = len("+00:00")


class BlockSealer:
    """Seals the rows of one file, known by its SHA-256 in hexadecimal."""

    def __init__(
        self, sealer: Sealer, file_digest: str, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._sealer = sealer
        self._file_digest = file_digest
        self._random_bytes = random_bytes

    def seal(self, readers: Sequence[ReaderRow]) -> list[StagedRow]:
        """Return the rows of one block, numbered by its first row, in the order given."""
        seal_all, indexes = self._sealer.seal_all, self._sealer.indexes
        addresses = seal_all([reader.address.address for reader in readers])
        names = iter(seal_all([reader.name for reader in readers if reader.name]))
        own = letters(self._random_bytes, len(readers), 2 * OWN_LETTERS)
        block = readers[0].row if readers else 0
        rows = []
        for reader, address_sealed, own_letters in zip(readers, addresses, own, strict=True):
            row, address, name, language, timezone, *times = reader
            current, *retired = indexes(address.key)
            name_sealed = next(names) if name else None
            rows.append(
                (block, current, b"".join(retired), address_sealed, name_sealed, language,
                 timezone, address.domain_group, _joined_at(*times), self._evidence(row, *times),
                 own_letters)
            )  # fmt: skip
        return rows

    def _evidence(self, row: int, joined: str, confirmed: str) -> str:
        # Put together by hand, for speed: the times have been checked to have nothing to escape.
        joined = f', "joined": "{joined}"' if joined else ""
        confirmed = f', "confirmed": "{confirmed}"' if confirmed else ""
        return f'{{"file": "{self._file_digest}", "row": {row}{joined}{confirmed}}}'


def _joined_at(joined: str, confirmed: str) -> str | None:
    """Return the earlier of the times that need no guessing, as SQLAlchemy keeps it on SQLite."""
    times = [at for text in (joined, confirmed) if text and (at := read_time(text))]
    return min(times).isoformat(" ", "microseconds")[:-UTC_SIGN] if times else None
