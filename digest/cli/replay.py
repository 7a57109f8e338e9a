"""``digest replay``: a past issue once more, to nobody, to prove a program first."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.terminal import complain, opened, print_table, progress_bar, say
from digest.keys.files import write_new
from digest.operations.replay.replaying import Replay, as_text, differences
from digest.operations.replay.replaying import replay as replay_issue


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("replay")(replay)


def replay(
    context: typer.Context,
    issue: Annotated[
        str | None, typer.Argument(help="newsletter/number; none: the last that was sent.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Write sums of every copy to a new file, to compare with.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Compare with what an earlier --keep wrote.")
    ] = None,
) -> None:
    """Send a past issue again, to nobody, and compare.

    Works on a copy of the database and sends to a server of its own on this machine: nothing leaves
    it, and the database is not changed. Exit 1 when anything differs.
    """
    with opened(context, fresh=True) as instance:
        with progress_bar("copies") as advance:
            done = replay_issue(instance, issue, advance)
        changed = differences(done, against.read_text(encoding="utf-8")) if against else {}
    _show(done, changed, compared=against is not None)
    if keep is not None:
        write_new(keep, as_text(done))
        say(f"Wrote sums of {len(done.copies):,} copies to {keep}.")
    for problem in done.problems:
        complain(f"{done.name}: {problem}")
    for what, count in changed.items():
        complain(f"{done.name}: {what}: {count:,} copies differ")
    raise typer.Exit(int(bool(done.problems or changed)))


def _show(done: Replay, changed: dict[str, int], *, compared: bool) -> None:
    headers = ", ".join(changed) or "none" if compared else "not compared"
    rows = [(each.name, f"{each.copies:,}", f"{each.bytes:,}", headers) for each in done.editions]
    print_table(("edition", "copies", "bytes", "differs"), rows, none="No copy came.")
    erased = f" ({done.erased:,} more to readers who are gone)" if done.erased else ""
    say(f"{done.name}: {done.accepted:,} of {done.expected:,} copies accepted{erased},")
    say(f"in {done.seconds:.1f} seconds. Nothing left this machine.")
