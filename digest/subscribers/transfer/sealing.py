"""A block of understood rows becomes rows of the staging file: sealed, indexed, with evidence.

Works on a block at a time, because random bytes are cheaper by the thousand. Keeps no plaintext.
"""

from collections.abc import Callable, Sequence

from digest.sealed import Sealer
from digest.subscribers.transfer.public_letters import OWN_LETTERS, letters
from digest.subscribers.transfer.rows import ReaderRow, read_time
from digest.subscribers.transfer.staging_file import StagedRow

BLOCK_ROWS = 10_000


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
        addresses = self._sealer.seal_all([reader.address.address for reader in readers])
        names = iter(self._sealer.seal_all([reader.name for reader in readers if reader.name]))
        own = letters(self._random_bytes, 2 * OWN_LETTERS * len(readers))
        rows = []
        for place, reader in enumerate(readers):
            current, *retired = self._sealer.indexes(reader.address.key)
            at = 2 * OWN_LETTERS * place
            rows.append(
                StagedRow(
                    readers[0].row,
                    current,
                    reader.row,
                    b"".join(retired),
                    addresses[place],
                    next(names) if reader.name else None,
                    reader.language,
                    reader.timezone,
                    reader.address.domain_group,
                    _joined_at(reader),
                    self._evidence(reader),
                    own[at : at + OWN_LETTERS],
                    own[at + OWN_LETTERS : at + 2 * OWN_LETTERS],
                )
            )
        return rows

    def _evidence(self, reader: ReaderRow) -> str:
        # Put together by hand, for speed: the times have been checked to have nothing to escape.
        joined = f', "joined": "{reader.joined}"' if reader.joined else ""
        confirmed = f', "confirmed": "{reader.confirmed}"' if reader.confirmed else ""
        return f'{{"file": "{self._file_digest}", "row": {reader.row}{joined}{confirmed}}}'


def _joined_at(reader: ReaderRow) -> str | None:
    """Return the earlier time of the row that needs no guessing, as SQLAlchemy keeps it on
    SQLite.
    """
    if not (reader.joined or reader.confirmed):
        return None
    times = filter(None, (read_time(reader.joined), read_time(reader.confirmed)))
    earlier = min(times, default=None)
    if earlier is None:
        return None
    return earlier.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
