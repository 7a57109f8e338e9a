"""A folder of files that a program keeps up to date: what is the same is left alone, what is gone
is removed, and what somebody else put there is not touched.

What we wrote stands in a file of our own in it (`MANIFEST`), written before anything else, so that
a run that was cut short is taken up by the next. Each file is written beside its place and moved
there whole.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from digest.errors import BadInput, Refused

MANIFEST = ".digest-archive.json"
FORM = 1
# The only names of files that are ours. Anything else in a manifest somebody else wrote there.
OURS = re.compile(r"(?:[1-9][0-9]{0,8}/)?[a-z0-9-]{1,60}\.(?:html|atom)")


class Folder:
    """One folder, for the archive of the newsletter called `owner`.

    BadInput when its manifest cannot be read, Refused when it is kept for another newsletter.
    """

    def __init__(self, path: Path, owner: str) -> None:
        self.path = path
        self.owner = owner
        self._before = _read_manifest(path / MANIFEST, owner)
        self._now: dict[str, str] = {}

    def claim(self, names: Iterable[str]) -> None:
        """Say which files are about to be written; Refused when one is there that is not ours."""
        names = list(names)
        for name in names:
            if name not in self._before and (self.path / name).exists():
                raise Refused(
                    f"{self.path / name} is there already and was not written by this command: "
                    "choose an empty folder"
                )
        self.path.mkdir(parents=True, exist_ok=True)
        self._write_manifest(dict.fromkeys(names, "") | self._before)

    def put(self, name: str, content: bytes) -> bool:
        """Give a file this content; returns whether it had another one."""
        self._now[name] = _digest(content)
        path = self.path / name
        if _holds(path, content):
            _beside(path).unlink(missing_ok=True)  # of a run that was cut short
            return False
        path.parent.mkdir(exist_ok=True)
        _replace(path, content)
        return True

    def finish(self) -> list[str]:
        """Remove what was written earlier and not now, unless somebody changed it since; return its
        names.
        """
        gone = [
            name for name in sorted(self._before.keys() - self._now.keys()) if self._is_ours(name)
        ]
        for name in gone:
            path = self.path / name
            path.unlink()
            if path.parent != self.path and not any(path.parent.iterdir()):
                path.parent.rmdir()
        self._write_manifest(self._now)
        return gone

    def _is_ours(self, name: str) -> bool:
        path, digest = self.path / name, self._before[name]
        # Without a digest it was about to be written when a run was cut short.
        return path.is_file() and digest in ("", _digest(path.read_bytes()))

    def _write_manifest(self, files: dict[str, str]) -> None:
        value = {"form": FORM, "newsletter": self.owner, "files": files}
        content = json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"
        if not _holds(self.path / MANIFEST, content):
            _replace(self.path / MANIFEST, content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _replace(path: Path, content: bytes) -> None:
    _beside(path).write_bytes(content)
    os.replace(_beside(path), path)


def _read_manifest(path: Path, owner: str) -> dict[str, str]:
    try:
        value = json.loads(path.read_bytes())
        newsletter, files = value["newsletter"], {str(k): str(v) for k, v in value["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{path}: is not as this command writes it") from error
    if value.get("form") != FORM:
        raise BadInput(f"{path}: was written by another version of this program")
    if newsletter != owner:
        raise Refused(f"{path.parent}: holds the archive of {newsletter!r}: choose another folder")
    return {name: digest for name, digest in files.items() if OURS.fullmatch(name)}
