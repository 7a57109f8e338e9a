"""``digest keys``: new keys, sealing anew, verifying, copies."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from digest.app import App, open_app
from digest.cli.terminal import complain, opened, print_table, progress_bar, say
from digest.config import load_config
from digest.errors import BadInput, ConfigError, DatabaseUnfit, Refused
from digest.keys import PURPOSES, ring_from_text
from digest.keys.files import write_new
from digest.keys.source import ask_at_terminal
from digest.operations.keys.changing import (
    add_key,
    export_ring,
    is_backed_up,
    read_export,
    refuse_old_processes,
    retire_key,
)
from digest.operations.keys.columns import OTHER, count_by_key
from digest.operations.keys.rotate import rotate as seal_anew
from digest.operations.keys.verify import verify as open_all

app = typer.Typer(
    help="The keys that addresses are sealed with, and their copies.", no_args_is_help=True
)
RESTART = "Processes that run know it when they are started again: restart digest run now."


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="keys")


@app.command("list")
def list_keys(context: typer.Context) -> None:
    """Show the keys by purpose, and how many values are sealed under each."""
    with opened(context) as instance:
        with instance.db.read() as session:
            counts = count_by_key(session, [key.id for key in instance.keys.seal])
        rows = [
            (
                *(purpose, key.id, "older" if number else "newest"),
                f"{counts[key.id]:,}" if purpose == "seal" else "-",
            )
            for purpose in PURPOSES
            for number, key in enumerate(instance.keys.of(purpose))
        ]
    print_table(("purpose", "key", "age", "sealed values"), rows, none="No keys.")


@app.command("new")
def new(
    context: typer.Context,
    purpose: Annotated[str, typer.Argument(help="seal, sign or message.")],
) -> None:
    """Make a new key the newest of its purpose. Older ones still open and verify."""
    with opened(context) as instance:
        ring = add_key(instance, purpose, ask_at_terminal)
    say(f"The newest {purpose} key is {ring.of(purpose)[0].id}. Make a copy: digest keys export")
    say(RESTART)
    if purpose == "seal":
        say("Then seal what is there under it: digest keys rotate")


@app.command("rotate")
def rotate(context: typer.Context) -> None:
    """Seal every address, name and letter anew under the newest key.

    Sending and sign-ups go on meanwhile. Ctrl-C stops it, and the same command goes on.
    """
    with opened(context) as instance:
        refuse_old_processes(instance)
        try:
            with progress_bar("sealing anew") as advance:
                rotated = seal_anew(instance, advance)
        except KeyboardInterrupt:
            complain("stopped half-way, nothing is lost: the same command goes on")
            raise
        instance.db.empty_log()
        say(f"Sealed anew under {instance.keys.seal[0].id}: {rotated.rows:,} rows.")
        if rotated.unopened:
            raise Refused(
                f"{rotated.unopened:,} values open with no key: see digest keys verify --all"
            )
        if rotated.left:
            raise Refused(
                f"{rotated.left:,} rows are under older keys: something is running that does not "
                "know the new one. Restart it, and rotate again"
            )
        _say_unused(instance)


def _say_unused(instance: App) -> None:
    older = [key.id for key in instance.keys.seal[1:]]
    with instance.db.read() as session:
        counts = count_by_key(session, older)
    for id in older:
        if not counts[id]:
            say(f"Nothing is sealed under {id} any more: digest keys retire {id}")


@app.command("retire")
def retire(
    context: typer.Context, id: Annotated[str, typer.Argument(help="A seal key's id.")]
) -> None:
    """Take a seal key that nothing is sealed under out of the ring.

    Backups of the database that are older need it: keep an old copy of the keys as long as them.
    """
    with opened(context) as instance:
        retire_key(instance, id, ask_at_terminal)
    say(f"{id} is retired. Make a copy of the keys: digest keys export")
    say("Backups from before need it: an older copy of the keys opens them.")


@app.command("verify")
def verify(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Every value, not a sample.")] = False,
) -> None:
    """Check that the keys open what is in the database. Exit 1 when something does not open."""
    with opened(context) as instance:
        say("The keys are those of this database: its canary opens.")
        if not instance.config.keys.source.startswith("fd:"):
            say(f"{instance.config.keys.file} is its owner's alone.")  # or it had been refused
        with progress_bar("opening") as advance:
            verified = open_all(instance, advance, everything=everything)
        _say_counts(instance, verified.by_key)
        what = "all values" if everything else "a sample (--all: every value)"
        say(f"Looked at {what}: {verified.opened:,} open.")
        if not is_backed_up(instance):
            say("note: no copy of these keys was made: digest keys export")
        for name, count in verified.broken.items():
            complain(f"{name}: {count:,} values do not open")
        raise typer.Exit(int(bool(verified.broken)))


def _say_counts(instance: App, by_key: Counter[str]) -> None:
    for key in instance.keys.seal:
        say(f"{by_key[key.id]:,} values under {key.id}")
    if by_key[OTHER]:
        say(f"{by_key[OTHER]:,} values under keys that are not here")


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write; never replaces one.")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Lock it with a passphrase, asked for.")
    ] = False,
) -> None:
    """Write a copy of the keys, to be kept away from the database and its backups."""
    with opened(context) as instance:
        export_ring(instance, file, _new_passphrase() if passphrase else None)
    locked = "locked with your passphrase" if passphrase else "not locked: whoever has it has all"
    say(f"Wrote the keys to {file}, {locked}. Keep it elsewhere than database and backups.")


def _new_passphrase() -> str:
    first = ask_at_terminal("A passphrase, six words or more: ")
    if ask_at_terminal("The same again: ") != first:
        raise BadInput("these were two different passphrases; nothing was written")
    return first


@app.command("restore")
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What digest keys export wrote.")],
) -> None:
    """Put an exported copy of the keys in the place of a key file that is lost."""
    config = load_config(context.obj)
    if config.keys.file.exists():
        raise Refused(f"{config.keys.file} is there, and is never overwritten: move it away first")
    if config.keys.source.startswith("fd:"):
        raise Refused("the keys come from a descriptor: put the copy where that is filled from")
    as_it_is, plain = read_export(file, ask_at_terminal)
    if config.keys.source == "prompt" and as_it_is == plain:
        raise Refused(f'{file} is not locked, and keys.source is "prompt": export one that is')
    ring = ring_from_text(plain, str(file))
    try:
        with open_app(context.obj, keys=ring):
            said = "they are the keys of this database"
    except (ConfigError, DatabaseUnfit) as error:
        if "digest migrate" not in str(error):
            raise
        said = "the database is not set up yet"
    write_new(config.keys.file, as_it_is if config.keys.source == "prompt" else plain)
    say(f"Wrote {config.keys.file}: {said}.")
