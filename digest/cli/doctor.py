"""``digest doctor``: what is wrong with an instance, and what to do about it."""

import dataclasses
import json
from typing import Annotated

import typer

from digest.cli.terminal import opened, print_table
from digest.operations.doctor import examine
from digest.operations.findings import Level


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("doctor")(doctor)


def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """Look this instance over. Changes nothing; exit 1 when something is wrong."""
    with opened(context) as instance:
        findings = examine(instance)
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(found) for found in findings], indent=2))
    else:
        rows = [(found.id, found.level.value, found.text, found.hint) for found in findings]
        print_table(("check", "level", "finding", "hint"), rows, none="Nothing was looked at.")
    raise typer.Exit(int(any(found.level is Level.ERROR for found in findings)))
