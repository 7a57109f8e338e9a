"""``digest letters``: mail from readers, which comes by pipe or is fetched."""

import mailbox
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.terminal import complain, opened, say
from digest.errors import DigestError

if TYPE_CHECKING:
    from digest.correspondence.incoming.commands import Asked

app = typer.Typer(help="Mail from readers: receive it, fetch it.", no_args_is_help=True)

TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and comes again
PIECE = 1 << 16


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="letters")


@app.command("receive")
def receive(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", help="The address it was delivered to.")] = "",
    keep: Annotated[
        Path | None,
        typer.Option(help="A maildir for what a person has to read; made when it is not there."),
    ] = None,
) -> None:
    """Read one mail from standard input and do what it asks; for a mail server's pipe.

    Exit 0: it was taken, whether it asked anything or not. Exit 75: try again later. Never anything
    else, so that no stranger's mail is ever answered with an error.
    """
    try:
        raw = read_input()
        with opened(context) as instance:
            asked = instance.receive_letter(raw, to)
        if keep is not None and asked.is_for_a_person:
            mailbox.Maildir(keep, create=True).add(raw)
    except Exception as error:  # whatever it is, the mail must not be lost or bounced
        complain(str(error) if isinstance(error, DigestError) else f"{type(error).__name__}")
        raise typer.Exit(TRY_AGAIN) from None


def read_input() -> bytes:
    """Return as much of standard input as matters, and read the rest too: a mail server takes a
    pipe that closes early for a failure.
    """
    from digest.correspondence.incoming.letter import MOST_BYTES

    raw = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(PIECE):
        pass
    return raw


@app.command("fetch")
def fetch(context: typer.Context) -> None:
    """Read every mailbox once, as the scheduler does. Exit 1 when one cannot be read."""
    failed = False
    with opened(context) as instance:
        mailboxes = instance.config.mailboxes
        if not mailboxes:
            say("No newsletter has a mailbox with a host to fetch from.")
        for each in mailboxes:
            try:
                say(f"{each.host}: {_in_words(instance.mailbox_reader(each).read_new())}")
            except DigestError as error:
                complain(str(error))
                failed = True
    raise typer.Exit(int(failed))


def _in_words(done: "Counter[Asked]") -> str:
    """Return what was asked, such as ``2 join, 1 unknown``."""
    counts = sorted((asked.value, count) for asked, count in done.items())
    return ", ".join(f"{count} {what}" for what, count in counts) or "no letters"
