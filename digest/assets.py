"""Where the files that travel with the code are: templates, migrations, the example configuration.

In a wheel they lie inside the package; in a checkout (editable installs included) beside it.
"""

from importlib.resources import files
from pathlib import Path

from digest.errors import ConfigError


def asset(name: str) -> Path:
    """Return the path of a shipped file or folder, such as ``templates``; ConfigError when it is
    missing.
    """
    packaged = Path(str(files("digest"))) / "_assets" / name
    if packaged.exists():
        return packaged
    beside = Path(str(files("digest"))).parent / name
    if beside.exists():
        return beside
    raise ConfigError(f"this installation is incomplete: {name} is missing")
