"""Who must not be mailed, on its way out: the list that whoever mails next needs first.

An address is in it where a reader's row still holds it. Of all others there is a keyed hash and
nothing else: another Friday with the same index key can use it, nobody else can.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from sqlalchemy import select

from digest.db import Database
from digest.models import Subscriber, Suppression
from digest.sealed import Sealer
from digest.subscribers.transfer.csv_export import PAGE_ROWS, guarded_row, lines, word_of
from digest.subscribers.transfer.sealing import hash_marks

COLUMNS = ("email", "reason", "since", "address_hash", "hashed_with")


def export_barred(db: Database, sealer: Sealer, out: TextIO) -> int:
    """Write every suppression to `out` (opened with ``newline=""``) and return how many.

    `hashed_with` tells which key made the hashes; it tells nothing of the key.
    """
    *_newer, oldest = hash_marks(sealer)
    out.write(lines([COLUMNS]))
    count = 0
    for page in _pages(db):
        rows = ([*_cells(row, sealer), oldest] for row in page)
        out.write(lines(map(guarded_row, rows)))
        count += len(page)
    return count


def _pages(db: Database) -> Iterator[Sequence[Any]]:
    last = 0
    while True:
        with db.read() as session:
            page = session.execute(
                select(
                    *(Suppression.id, Suppression.reason, Suppression.at),
                    *(Suppression.address_index, Subscriber.address_sealed),
                )
                .outerjoin(Subscriber, Subscriber.address_index == Suppression.address_index)
                .where(Suppression.id > last)
                .order_by(Suppression.id)
                .limit(PAGE_ROWS)
            ).all()
        if not page:
            return
        last = page[-1].id
        yield page


def _cells(row: Any, sealer: Sealer) -> list[str]:
    address = sealer.open(row.address_sealed) if row.address_sealed else ""
    return [address, word_of(row.reason), row.at.isoformat(), row.address_index.hex()]
