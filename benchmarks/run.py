"""``make bench``: every measurement, one table, and benchmarks/RESULTS.md.

``--quick`` is a short form for a look and for CI; ``FULL=1`` in the environment adds a million.
A missed target is only shown. Ctrl-C ends the run and prints what there is.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks import sides
from benchmarks.bench import QUICK, WHOLE, Bench, Settings
from benchmarks.desk import measure_desk
from benchmarks.machine import describe_machine
from benchmarks.pages import measure_pages
from benchmarks.processes import describe_failure
from benchmarks.sends import VARIANTS, Series, measure_sends, send_rows
from benchmarks.table import Row, as_markdown, as_rich

RESULTS = Path(__file__).with_name("RESULTS.md")
MILLION = 1_000_000
SENDS = {variant.name: variant for variant in VARIANTS}
PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "baselines": sides.measure_baselines,
    "late": sides.measure_late_replies,
    "growth": sides.measure_growth,
    "rendering": sides.measure_rendering,
    "import": sides.measure_import,
    "freeze": sides.measure_freeze,
    "pages": measure_pages,
    "desk": measure_desk,
}


def main(arguments: list[str]) -> int:
    """Run what was asked for; 130 when it was interrupted."""
    chosen = _arguments(arguments)
    # Into a pipe Rich would write lines of 80 characters.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # children must not be left behind
    machine = describe_machine(chosen.folder)

    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    for name, value in machine.items():
        say(f"{name}: {value}")
    rows: list[Row] = []
    interrupted = False
    try:
        with Bench(_settings(chosen), chosen.folder, say) as bench:
            _measure(bench, chosen.only, rows)
    except KeyboardInterrupt:
        interrupted = True
        say("interrupted; this is what there is")
    console.print(as_rich(rows))
    output = chosen.output
    if output is None and not (chosen.quick or interrupted or len(chosen.only) < _all()):
        output = RESULTS
    if output is not None:
        output.write_text(_results(machine, rows, arguments), encoding="utf-8")
        say(f"written: {output}")
    return 130 if interrupted else 0


def _measure(bench: Bench, only: list[str], rows: list[Row]) -> None:
    """Fill `rows` part by part; what goes wrong in one is said in its place."""
    series = [Series(SENDS[name]) for name in only if name in SENDS]
    if series:
        try:
            measure_sends(bench, series)
        finally:
            rows += _guarded("sends", lambda: send_rows(bench, series))
    for name in only:
        if name in PARTS:
            rows += _guarded(name, lambda name=name: PARTS[name](bench))  # type: ignore[misc]


def _guarded(name: str, measure: Callable[[], list[Row]]) -> list[Row]:
    try:
        return measure()
    except Exception as error:  # what ails one part must not end the others
        return [Row(name, "all of it", note=describe_failure(error))]


def _settings(chosen: argparse.Namespace) -> Settings:
    settings = QUICK if chosen.quick else WHOLE
    settings = replace(
        settings,
        rounds=chosen.rounds or settings.rounds,
        visit_rounds=chosen.rounds or settings.visit_rounds,
        copies=chosen.copies or settings.copies,
    )
    if os.environ.get("FULL") != "1" or chosen.quick:
        return settings
    return replace(settings, growth=(*settings.growth, MILLION), rows=MILLION)


def _all() -> int:
    return len(SENDS) + len(PARTS)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    names = [*SENDS, *PARTS]
    parser.add_argument("--quick", action="store_true", help="small numbers, three rounds")
    parser.add_argument("--only", type=_names, default=names, help=f"of {','.join(names)}")
    parser.add_argument("--rounds", type=int, help="how often each figure is measured")
    parser.add_argument("--copies", type=int, help="copies of each full send")
    parser.add_argument("--folder", type=Path, help="where stores are kept (else the system's)")
    parser.add_argument("--output", type=Path, help=f"where to write (a whole run: {RESULTS.name})")
    return parser.parse_args(arguments)


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SENDS and name not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no {name!r}")
    return names


def _results(machine: dict[str, str], rows: list[Row], arguments: list[str]) -> str:
    command = shlex.join(
        ["make", "bench", *([f"ARGS={shlex.join(arguments)}"] if arguments else [])]
    )
    if os.environ.get("FULL") == "1":
        command = f"FULL=1 {command}"
    lines = "".join(f"* {name}: {value}\n" for name, value in machine.items())
    return (
        f"# Measured\n\n`{command}`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.\n\n{lines}\n"
        "Absolute figures drift with the machine; ratios are of rounds measured side by side. The "
        "size of a copy is that of the message as it arrives. CPU is user and system time of our "
        "processes while they drain, and memory is their peak.\n\n"
        f"{as_markdown(rows)}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
