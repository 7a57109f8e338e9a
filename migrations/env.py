"""Runs revisions on the connection that digest.migrating hands over; opens and commits nothing
itself.
"""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from digest.db import UtcDateTime
from digest.models import Base
from digest.models.base import Id


def write_type(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types by the short names of script.py.mako; everything else as Alembic
    does.
    """
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        autogen.imports.add("from digest.db import UtcDateTime")
        return "UtcDateTime()"
    if isinstance(item, sa.Enum) and item.length == 20:
        return f"one_of({', '.join(map(repr, [item.name, *item.enums]))})"
    return "ID" if repr(item) == repr(Id) and item._variant_mapping else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    # SQLite alters a table by rebuilding it; a first revision has nothing to alter.
    render_as_batch=context.script.get_current_head() is not None,
    render_item=write_type,
)
with context.begin_transaction():
    context.run_migrations()
