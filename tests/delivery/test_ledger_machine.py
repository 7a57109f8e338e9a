"""The ledger in random orders of events: no copy is lost, none is doubled.

``make proof`` plays more of them.
"""

import logging
import tempfile
from contextlib import ExitStack

from benchmarks.cluster import Cluster
from benchmarks.processes import HelperFailed
from benchmarks.proofs.ledger_machine import play
from benchmarks.proofs.row import ProofRow
from digest.db import Database
from digest.migrating import migrate

EXAMPLES = {"sqlite": 50, "postgresql": 5}
PROOF_EXAMPLES = {"sqlite": 1_500, "postgresql": 150}
STEPS = 40
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def prove(quick: bool) -> list[ProofRow]:
    """Return a row for each database; its faults are the steps played."""
    logging.getLogger("digest.delivery.ledger").setLevel(logging.ERROR)  # each doubt is a warning
    return [_proven(name, quick) for name in EXAMPLES]


def _proven(dialect: str, quick: bool) -> ProofRow:
    what = f"the ledger as a state machine, {NAMES[dialect]}"
    examples = EXAMPLES[dialect] if quick else PROOF_EXAMPLES[dialect]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="friday-machine-"))
        url = f"sqlite:///{folder}/digest.db"
        try:
            if dialect != "sqlite":
                url = stack.enter_context(stack.enter_context(Cluster()).database())
        except HelperFailed as error:
            return ProofRow(what, skipped=str(error))
        db = Database(url)
        stack.callback(db.close)
        migrate(db)
        try:
            play(db, examples, STEPS)
        except Exception as error:
            return ProofRow(what, problems=(f"{type(error).__name__}: {error}"[:300],))
    return ProofRow(what, faults=examples * STEPS, note=f"{examples:,} orders of {STEPS} events")


def test_no_order_of_events_loses_or_doubles_a_copy(any_db: Database) -> None:
    play(any_db, EXAMPLES[any_db.engine.dialect.name], STEPS)
