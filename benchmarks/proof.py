"""``make proof``: everything that may go wrong goes wrong, every copy is counted, one table, and
benchmarks/PROOF.md.

``--quick`` is a short form for CI. Exits 1 when a guarantee did not hold.
"""

import argparse
import logging
import os
import secrets
import shlex
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.machine import describe_machine
from benchmarks.processes import HelperFailed, describe_failure
from benchmarks.proofs.parts import Plan, list_parts
from benchmarks.proofs.row import ProofRow, as_markdown, as_rich

RESULTS = Path(__file__).with_name("PROOF.md")
PARTS = list_parts()
COUNTING = """\
Every row sends real issues over real SMTP to a server on loopback that counts a copy for an address
the moment it has decided to answer 250 to its final dot. When an issue is finished, each reader's
ledger row is held against that count. *doubled*: readers with more than one copy. *lost*: readers
without a row, with a row that is neither accepted nor uncertain, and accepted rows that the server
knows nothing of. *uncertain*: rows that say so; whether their copy arrived is not known to the
sender, and under the default policy nobody gets it again. The *limit* for them is one for each
connection of a killed daemon, or of one paused for longer than a dot may wait for its commit, and
one for each connection broken at a dot. A row is also wrong when `digest issue verify` finds
anything, when the issue is not sent in the end, when a copy arrived whose row says that there was
none, and when one kill leaves more rows dotted than the daemon has connections. *faults* are kills
by SIGKILL, pauses, clock jumps and broken dots together, or the cases of a test file. Daemons are
processes of their own, killed at random moments while they hold work; the seed decides which, when,
and at which dots connections break, though not what the machine makes of it.
"""


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 when it all held, 1 when not, 130 when it was interrupted."""
    chosen = _arguments(arguments)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # children must not be left behind
    os.environ.pop("DIGEST_CRASH_AT", None)
    logging.getLogger().addHandler(logging.NullHandler())  # trouble is what is asked for here
    plan = Plan(chosen.quick, chosen.seed)
    console.print(f"seed {plan.seed}")
    started = time.monotonic()
    rows: list[ProofRow] = []
    interrupted = False
    try:
        for name in chosen.only:
            _run(name, plan, rows, console)
    except KeyboardInterrupt:
        interrupted = True
        console.print("interrupted; this is what there is")
    minutes = (time.monotonic() - started) / 60
    console.print(as_rich(rows), f"{minutes:.1f} minutes, seed {plan.seed}")
    output = chosen.output
    if output is None and not (chosen.quick or interrupted or len(chosen.only) < len(PARTS)):
        output = RESULTS
    if output is not None:
        output.write_text(_results(rows, arguments, plan, minutes), encoding="utf-8")
        console.print(f"written: {output}", soft_wrap=True)
    if interrupted:
        return 130
    return int(any(row.ok is False for row in rows))


def _run(name: str, plan: Plan, rows: list[ProofRow], console: Console) -> None:
    """Add the rows of one part; what goes wrong in it is said in its place."""
    before, started = len(rows), time.monotonic()
    try:
        for row in PARTS[name](plan):
            rows.append(row)
            console.print("  ".join(row.cells), markup=False, soft_wrap=True)
    except HelperFailed as error:
        missing = str(error).endswith("not installed")
        rows.append(
            ProofRow(name, skipped=str(error))
            if missing
            else ProofRow(name, problems=(str(error),))
        )
    except Exception as error:  # what ails one part must not end the others
        rows.append(ProofRow(name, problems=(describe_failure(error),)))
    if len(rows) == before:
        rows.append(ProofRow(name, problems=("it had nothing to say",)))
    console.print(f"{name}: {time.monotonic() - started:.0f} s")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make proof", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few of everything, for CI")
    parser.add_argument("--only", type=_names, default=list(PARTS), help=f"of {','.join(PARTS)}")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of all chance")
    parser.add_argument("--output", type=Path, help=f"where to write (a whole run: {RESULTS.name})")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no {name!r}")
    return names


def _results(rows: list[ProofRow], arguments: list[str], plan: Plan, minutes: float) -> str:
    given = [*arguments, *([] if "--seed" in arguments else ["--seed", str(plan.seed)])]
    command = shlex.join(["make", "proof", f"ARGS={shlex.join(given)}"])
    machine = "".join(f"* {name}: {value}\n" for name, value in describe_machine(None).items())
    return (
        f"# Put to the proof\n\n`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, "
        f"{minutes:.0f} minutes.\n\n{machine}\n{COUNTING}\n{as_markdown(rows)}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
