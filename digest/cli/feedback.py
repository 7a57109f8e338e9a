"""``digest feedback``: mail that comes back, and what nobody understood of it."""

import sys
from datetime import timedelta
from typing import Annotated

import typer

from digest.cli.letters import TRY_AGAIN, read_input
from digest.cli.terminal import complain, is_confirmed, opened, print_table, printable, say
from digest.correspondence.incoming.returned_again import drop_message, read_again
from digest.delivery.feedback.keeping import count_kept, find_kept, list_kept, open_kept
from digest.delivery.feedback.showing import count_since
from digest.errors import DigestError
from digest.logs import redact

app = typer.Typer(help="Mail that comes back: bounces, complaints.", no_args_is_help=True)

LATELY = timedelta(days=30)
Number = Annotated[int, typer.Argument(help="Its number, as digest feedback list shows it.")]


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="feedback")


@app.command("receive")
def receive(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="The address it was delivered to.")] = "",
) -> None:
    """Take in one mail from standard input that came back; for a mail server's pipe.

    Exit 0: it was taken in, or kept because nobody understands it. Exit 75: try again later. Never
    anything else, so that a bounce is never bounced.
    """
    try:
        raw = read_input()
        with opened(context) as instance:
            instance.receive_letter(raw, to, only_returned=True)
    except Exception as error:  # whatever it is, the mail must not be lost
        complain(str(error) if isinstance(error, DigestError) else f"{type(error).__name__}")
        raise typer.Exit(TRY_AGAIN) from None


@app.command("list")
def list_(context: typer.Context) -> None:
    """Show what came back in the last 30 days, and the messages that nobody understood."""
    with opened(context) as instance, instance.db.read() as session:
        now = instance.clock.now()
        counts = [
            (provider, what, f"{count:,}")
            for provider, what, count in count_since(session, now - LATELY)
        ]
        waiting = count_kept(session)
        rows = [
            (str(kept.id), f"{kept.kept_at:%Y-%m-%d %H:%M}", kept.place, f"{kept.size:,}", kept.why)
            for kept in list_kept(session)
        ]
    print_table(("told by", "what followed", "times"), counts, none="Nothing came back.")
    say("")
    headings = ("number", "kept (UTC)", "from", "bytes", "why")
    print_table(headings, rows, none="Every message was understood.")
    if waiting > len(rows):
        say(f"… and {waiting - len(rows):,} more. They go by themselves after some weeks.")


@app.command("show")
def show(
    context: typer.Context,
    number: Number,
    clear: Annotated[
        bool, typer.Option("--clear", help="With the addresses that are in it.")
    ] = False,
) -> None:
    """Print a message that nobody understood; without its addresses, unless --clear is said."""
    with opened(context) as instance, instance.db.read() as session:
        raw = open_kept(instance.sealer, find_kept(session, number))
    text = raw.decode("utf-8", "replace")
    if not clear:
        text = redact(text)
    sys.stdout.write("".join(f"{printable(line)}\n" for line in text.splitlines()))


@app.command("retry")
def retry(
    context: typer.Context,
    number: Annotated[int | None, typer.Argument(help="Its number; all without one.")] = None,
) -> None:
    """Read messages once more, as after an upgrade that understands more of them."""
    understood = 0
    with opened(context) as instance:
        with instance.db.read() as session:
            found = [find_kept(session, number)] if number else list_kept(session, most=100_000)
        for kept in found:
            done = read_again(instance.db, instance.reception(kept.place), instance.clock, kept.id)
            understood += done
    say(f"{understood} of {len(found)} understood; the others stay.")


@app.command("drop")
def drop(
    context: typer.Context,
    number: Number,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a message that nobody understood, for good."""
    if not is_confirmed(f"Remove message {number} for good?", yes=yes):
        say("Nothing was removed.")
        return
    with opened(context) as instance:
        drop_message(instance.db, number)
    say(f"Message {number} is removed.")
