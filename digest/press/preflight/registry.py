"""How a check is written: one function under an id, with its usual level and what it means.

    @check("link-empty", Level.BLOCK, "A link leads nowhere.")
    def empty(material: Material) -> Iterator[Said]:
        ...

The check's module is named in `checks`, and nothing else needs to change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from digest.press.preflight.findings import Level

if TYPE_CHECKING:
    from digest.press.preflight.material import Material


class Said(NamedTuple):
    """What a check says of one thing: words for an editor, and the headline of the pick."""

    message: str
    pick: str = ""


Judge = Callable[["Material"], Iterator[Said]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its id, the level it has unless the newsroom says otherwise, and its meaning."""

    id: str
    level: Level
    means: str
    run: Judge


def check(id: str, level: Level, means: str) -> Callable[[Judge], Check]:
    """Return what turns a function into the check of that id."""
    return lambda judge: Check(id, level, means, judge)


def gathered(*modules: ModuleType) -> dict[str, Check]:
    """Return the checks of these modules by id, in the order they are written; ValueError for an id
    that is there twice.
    """
    found: dict[str, Check] = {}
    for module in modules:
        for one in vars(module).values():
            if isinstance(one, Check):
                if one.id in found:
                    raise ValueError(f"two checks have the id {one.id!r}")
                found[one.id] = one
    return found
