"""Every sealed column there is, found from the models so that none can be forgotten; and under
which keys their values are.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, case, func, select
from sqlalchemy.orm import Session

from digest.models import Base
from digest.sealed import head_of

OTHER = "?"  # values under a key that is not in the ring, or no sealed values at all


@dataclass(frozen=True, slots=True)
class SealedTable:
    """A table with sealed columns, and its one key column, by which it can be walked."""

    table: Table
    key: Column[Any]
    columns: tuple[Column[Any], ...]


def sealed_tables() -> Iterator[SealedTable]:
    """Yield every table that has columns called ``…_sealed``."""
    for table in Base.metadata.sorted_tables:
        columns = tuple(column for column in table.columns if column.name.endswith("_sealed"))
        if columns:
            (key,) = table.primary_key.columns
            yield SealedTable(table, key, columns)


def begins_with(column: Column[Any], head: bytes) -> ColumnElement[bool]:
    """Return the condition that a sealed value begins with these bytes."""
    return func.substr(column, 1, len(head)) == head


def count_by_key(session: Session, ids: Collection[str]) -> Counter[str]:
    """Return how many values there are under each seal key of these ids; the others under
    `OTHER`.
    """
    counts: Counter[str] = Counter()
    for sealed in sealed_tables():
        for column in sealed.columns:
            sums = [func.sum(case((begins_with(column, head_of(id)), 1), else_=0)) for id in ids]
            total, *known = session.execute(select(func.count(column), *sums)).one()
            found = {id: int(count or 0) for id, count in zip(ids, known, strict=True)}
            counts.update(found)
            counts[OTHER] += total - sum(found.values())
    return counts
