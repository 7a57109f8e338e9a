"""``digest init``: from an empty folder to an instance."""

from pathlib import Path
from typing import Annotated

import typer

from digest.assets import asset
from digest.cli.terminal import say
from digest.config import load_config
from digest.errors import ConfigError
from digest.keys import new_key_ring, write_key_file


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("init")(init)


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where the instance will live.")] = Path("."),
) -> None:
    """Make config.toml and a key file in a folder. Replaces nothing that is there."""
    path = folder / "config.toml"
    if path.exists():
        raise ConfigError(f"{path}: already there; digest init replaces nothing")
    folder.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # a relay's password may come to stand in it
    path.write_text(asset("config.example.toml").read_text(encoding="utf-8"), encoding="utf-8")
    keys = load_config(path).keys.file
    if keys.exists():
        say(f"{keys} was there and is kept.")
    else:
        write_key_file(keys, new_key_ring())
        say(f"Wrote {keys}. Keep a copy elsewhere: without it no address can be read again.")
    here = "" if path == Path("config.toml") else f" --config {path}"
    say(f"Wrote {path}. Edit it, then run: digest{here} migrate")
