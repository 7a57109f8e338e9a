"""What lies in a backup: a list of its files with their sums, and what is needed to use them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from digest.errors import BadInput

FORMAT = 1
NAME = "manifest.json"
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation. `files` are SHA-256 by path; pictures are not among them, whose names are
    their sums, but in `pictures`. `keys` are ids by purpose, of the ring that it was made beside.
    """

    format: int
    made_at: str
    program: str
    instance: str
    revision: str
    database: str  # sqlite or postgresql
    counts: Mapping[str, int]
    keys: Mapping[str, list[str]]
    files: Mapping[str, str]
    pictures: list[str]

    @property
    def made(self) -> datetime:
        """Return when the copy was begun: nothing later is in it."""
        return datetime.fromisoformat(self.made_at)

    def as_text(self) -> str:
        """Return the text of the file."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a generation; BadInput where there is none that this program reads."""
    path = folder / NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise BadInput(f"{path}: a backup of a format that this program does not read")
        manifest = Manifest(**values)
        if not isinstance(manifest.files, dict) or not isinstance(manifest.pictures, list):
            raise BadInput(f"{path}: a list of files is missing")
        return manifest
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{folder}: not a backup: {NAME} cannot be read") from error


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
