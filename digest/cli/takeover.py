"""``digest takeover``: lets a restored, copied or cloned instance send."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from digest.cli.terminal import is_typed, local_time, opened, print_table, say
from digest.errors import Refused
from digest.operations.takeover import (
    DEFAULT,
    Choice,
    HeldWork,
    join,
    list_held,
    read_choices,
    take_over,
)

WORD = "takeover"
MEANINGS = {
    Choice.IN_DOUBT: "nobody gets a second copy; the relay's log can say who had none",
    Choice.ACCEPTED: "nobody gets a second copy; counts all as accepted",
    Choice.STOP: "nobody gets a second copy; counts all as skipped",
    Choice.GO_ON: "sends them: whoever got one since the backup gets a SECOND copy",
}
LOST = (
    "Not in this database is what happened after it was copied: readers who left, joined or changed"
    " their wishes, bounces, complaints, and what editors did. Whoever left then is a reader again:"
    " import what you know of that (a list of those who left, the mailbox they wrote to) before the"
    " next issue."
)


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("takeover")(takeover)


def takeover(
    context: typer.Context,
    issue: Annotated[
        list[str] | None,
        typer.Option(help="newsletter/number=in-doubt, accepted, stop or go-on; again for more."),
    ] = None,
    send_letters: Annotated[
        bool,
        typer.Option("--send-letters", help="Send letters that waited then, maybe twice."),
    ] = False,
    join_others: Annotated[
        bool, typer.Option("--join", help="Send beside other machines, and release nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it unasked.")] = False,
) -> None:
    """Let a restored, copied or cloned instance send again.

    Shows first what is held, and does nothing before you have typed a word. By default nobody gets
    a second copy.
    """
    with opened(context) as instance:
        if join_others:
            join(instance)
            say("This machine sends from now on, beside the others.")
            return
        held = list_held(instance)
        zone = instance.config.newsletters[0].schedule.timezone
        show_held(held, zone, instance.clock.now())
        if held.hold is None:
            say("Nothing is held: this is the database's home.")
            return
        choices = read_choices(issue or [], held)
        choices |= _ask(held, issue or [], yes=yes)
        for name, choice in choices.items():
            say(f"{name}: {choice} ({MEANINGS[choice]})")
        if not is_typed(WORD, "No other instance may send from a copy of this.", yes=yes):
            raise typer.Exit(1)
        changed = take_over(instance, held, choices, send_letters=send_letters)
    for name, count in changed.items():
        say(f"{name}: {count:,} copies {choices[name]}.")
    say("This instance sends from now on. No other may send from a copy of its database.")


def show_held(held: HeldWork, zone: str, now: datetime) -> None:
    """Print what is held, and what the copy does not have."""
    if held.hold is not None:
        say(f"Held since {local_time(held.hold.since, zone)}: {held.hold}.")
    # Of a backup, the moment of the copy is all that is known.
    heard = held.last_heard or (held.hold.since if held.hold else None)
    if heard is not None:
        hours = (now - heard).total_seconds() / 3600
        say(f"Last heard of: {local_time(heard, zone)} ({zone}), {hours:,.1f} hours ago.")
    rows = [
        (
            each.name,
            "approved, due" if each.sums is None else "being sent",
            "-" if each.sums is None else f"{each.sums.open:,}",
            "-" if each.sums is None else f"{each.sums.accepted:,}",
            local_time(each.newest, zone),
        )
        for each in held.issues
    ]
    none = "No issue was open."
    print_table(("issue", "state", "open copies", "accepted", "the last of them"), rows, none=none)
    if held.hold is not None:
        say(f"{held.notices:,} letters and {held.requests:,} requests of readers waited then.")
        say(LOST)


def _ask(held: HeldWork, given: list[str], *, yes: bool) -> dict[str, Choice]:
    """Ask about each issue that no option names."""
    if yes or not sys.stdin.isatty():
        return {}
    named = {word.partition("=")[0] for word in given}
    chosen = {}
    for each in held.issues:
        if each.name not in named:
            for choice, meaning in MEANINGS.items():
                say(f"  {choice:<9} {meaning}")
            answer = typer.prompt(f"What becomes of {each.name}?", default=DEFAULT.value)
            if answer not in list(Choice):
                raise Refused(f"{answer!r} is none of {', '.join(Choice)}; nothing was changed")
            chosen[each.name] = Choice(answer)
    return chosen
