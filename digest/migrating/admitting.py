"""Lets programs from before a migration use the store after it: what going back needs.

Old programs refuse a newer store, and should: they cannot know what became of the tables. The newer
program does know, and where every step since only added, it can leave word that they may come in.
"""

import sqlalchemy as sa

from digest.clock import Clock
from digest.db import Database, UtcDateTime
from digest.errors import BadInput, Refused
from digest.migrating.foreseeing import read_steps
from digest.revisions import ADMITTED, check_known, known_revisions

# Not the model: this floor is below it, and a store that is being migrated is not the model's yet.
INSTANCE = sa.table(
    "instance", sa.column("name"), sa.column("value"), sa.column("at", UtcDateTime())
)


def admit(database: Database, revision: str, clock: Clock) -> None:
    """Let programs whose newest revision is `revision` use this store until somebody migrates it.

    BadInput for a revision that there is not; Refused when a step since then did more than add, and
    only a backup leads back.
    """
    if revision not in known_revisions():
        raise BadInput(f"this program knows no revision {revision}")
    found = check_known(database) or ""
    between = [step for step in read_steps() if revision < step.revision <= found]
    for step in between:
        if not step.for_old_programs:
            does = "; ".join(change.words for change in step.beyond_adding)
            raise Refused(
                f"programs of {revision} cannot use this database any more: {step.revision} {does}."
                " Restore the backup that was made before"
            )
    if between:
        with database.write() as session:
            withdraw(session.connection())
            word = {"name": ADMITTED, "value": revision, "at": clock.now()}
            session.execute(sa.insert(INSTANCE).values(word))


def withdraw(connection: sa.Connection) -> None:
    """Let nobody older in any more."""
    connection.execute(sa.delete(INSTANCE).where(INSTANCE.c.name == ADMITTED))
