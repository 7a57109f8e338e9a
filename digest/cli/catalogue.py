"""A group whose commands are loaded when they are asked for: help and one command need not wait for
all the others.

Each command's module has `register(app)`, which adds what is in it to a Typer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command or group of commands is, and its line in the overview."""

    module: str
    help: str


class Catalogue(TyperGroup):
    """Base of a group that knows its commands by name; subclasses fill in `entries`."""

    entries: ClassVar[Mapping[str, Entry]] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _OnDemand(self.entries)  # type: ignore[assignment]  # nobody adds to it

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the entries."""
        return list(self.entries)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the overview from the entries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


class _OnDemand(Mapping[str, TyperCommand | TyperGroup]):
    """Commands by name, each loaded when it is looked up."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries

    def __getitem__(self, name: str) -> TyperCommand | TyperGroup:
        return _load(name, self._entries[name].module)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


@cache
def _load(name: str, module: str) -> TyperCommand | TyperGroup:
    app = typer.Typer(rich_markup_mode=None)
    import_module(module).register(app)
    return typer.main.get_group(app).commands[name]  # type: ignore[return-value]  # Typer's own
