"""Whether the ring still opens what is in the store. The canary has been opened by then: no command
starts without.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from digest.app import App
from digest.errors import ConfigError
from digest.operations.keys.columns import SealedTable, count_by_key, sealed_tables
from digest.operations.keys.rotate import Progress

SAMPLE = 500  # rows of each table
STEP = 1000  # rows held in memory


@dataclass(frozen=True, slots=True)
class Verified:
    """Values looked at, those that did not open by ``table.column``, and all values by their
    key.
    """

    opened: int
    broken: dict[str, int]
    by_key: Counter[str]


def verify(app: App, progress: Progress, *, everything: bool) -> Verified:
    """Open every sealed value, or a random sample of each table's rows."""
    opened, broken = 0, Counter[str]()
    tables = list(sealed_tables())
    total = _count_rows(app, tables, everything)
    done = 0
    for sealed in tables:
        names = [f"{sealed.table.name}.{column.name}" for column in sealed.columns]
        for row in _rows_of(app, sealed, everything):
            for name, value in zip(names, row, strict=True):
                if value is not None:
                    opens = _opens(app, value)
                    opened += opens
                    broken[name] += not opens
            done += 1
            if done % STEP == 0:
                progress(done, total)
    with app.db.read() as session:
        by_key = count_by_key(session, [key.id for key in app.keys.seal])
    return Verified(opened, {name: count for name, count in broken.items() if count}, by_key)


def _count_rows(app: App, tables: list[SealedTable], everything: bool) -> int:
    with app.db.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(each.table)) or 0 for each in tables
        ]
    return sum(counts if everything else [min(count, SAMPLE) for count in counts])


def _rows_of(app: App, sealed: SealedTable, everything: bool) -> Iterator[Row[Any]]:
    chosen = select(*sealed.columns)
    if not everything:
        chosen = chosen.order_by(func.random()).limit(SAMPLE)
    with app.db.read() as session:
        yield from session.execute(chosen, execution_options={"yield_per": STEP})


def _opens(app: App, value: bytes) -> bool:
    try:
        app.sealer.open(value)
    except ConfigError:
        return False
    return True
