"""From the short name in a configuration file to a class: entry point first, ``pkg.mod:Class``
otherwise.
"""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from digest.errors import ConfigError


def load_plugin(group: str, name: str) -> Any:
    """Return the object that `name` stands for in an entry-point group such as ``digest.backends``.

    Raises ConfigError that lists what is installed, or says why the import failed.
    """
    points = entry_points(group=group)
    target = name if ":" in name else next((p.value for p in points if p.name == name), None)
    if target is None:
        known = ", ".join(sorted({p.name for p in points})) or "none"
        raise ConfigError(f"{group}: no plug-in named {name!r} (installed: {known})")
    module, _, attribute = target.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:  # ValueError: an empty module name
        raise ConfigError(f"{group}: {name!r} cannot be loaded: {error}") from error


def list_plugins(group: str) -> list[str]:
    """Return the short names that are installed for a group. What a stranger's form may choose
    from: `load_plugin` imports whatever it is told.
    """
    return sorted({point.name for point in entry_points(group=group)})
