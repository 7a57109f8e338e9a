"""``python -m tools.judges [judge …]``: judges on every sample, and on the faults planted for them.

Ends with 1 when something is wrong, or when a judge did not find its planted fault.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tools.judges.court import JUDGES, Court
from tools.judges.samples import Sample, make_samples
from tools.judges.support import Ratchet
from tools.judges.verdicts import show

WIDTH = 120  # of the tables, where there is no terminal


def main() -> int:
    """Judge, print, and return the exit code."""
    options = _options()
    every = make_samples()
    samples = [sample for sample in every if options.sample in sample.name]
    if not samples:
        sys.exit(f"no sample has {options.sample!r} in its name")
    ratchet = Ratchet()
    if options.accept:
        ratchet.accept([sample for sample in samples if sample.is_mail])
    if options.keep:
        _keep(samples, options.keep)
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    verdicts = Court(samples, every[0], ratchet, options.keep).hear(options.judges or JUDGES)
    if not options.sample and "support" in (options.judges or JUDGES):
        for feature in ratchet.gone():
            console.print(f"support: no mail uses {feature} any more; --accept drops it")
    show(verdicts, console)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.judges", description=__doc__)
    parser.add_argument("judges", nargs="*", metavar="judge", help=f"of {', '.join(JUDGES)}")
    parser.add_argument("--sample", default="", help="only samples with this in their name")
    parser.add_argument("--keep", type=Path, help="where samples go, and pictures that differ")
    parser.add_argument("--accept", action="store_true", help="accept the features used now")
    options = parser.parse_args()
    if unknown := set(options.judges) - set(JUDGES):
        parser.error(f"there is no judge {', '.join(sorted(unknown))}")
    if options.accept and options.sample:
        parser.error("--accept needs every sample")
    return options


def _keep(samples: Sequence[Sample], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        (folder / f"{sample.name}.html").write_text(sample.html, "utf-8")
        if sample.is_mail:
            (folder / f"{sample.name}.mjml").write_text(sample.mjml, "utf-8")
            (folder / f"{sample.name}.eml").write_bytes(sample.message)


if __name__ == "__main__":
    sys.exit(main())
