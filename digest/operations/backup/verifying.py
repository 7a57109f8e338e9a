"""Whether a backup is what it was: every file is there with its sum, and the database opens."""

from pathlib import Path

from digest.errors import BadInput
from digest.media.store import NAME as PICTURE
from digest.operations.backup.manifest import Manifest, read_manifest, sum_of
from digest.operations.backup.stores import FILES, check_postgres, check_sqlite


def verify_backup(place: Path) -> Manifest:
    """Return the manifest of a generation that is whole; BadInput names what is not."""
    manifest = read_manifest(place)
    for name, wanted in manifest.files.items():
        _check(place / _plain(name), wanted)
    for name in manifest.pictures:
        shelf, _, file = name.partition("/")
        if not PICTURE.fullmatch(file) or shelf != _plain(shelf):
            raise BadInput(f"{place}: the manifest names {name!r}, which is no picture")
        _check(place / "media" / shelf / file, file.partition(".")[0])
    store = FILES.get(manifest.database)
    if store is None or store not in manifest.files:
        raise BadInput(f"{place}: there is no database in it")
    if manifest.database == "sqlite":
        check_sqlite(place / store)
    else:
        check_postgres(place / store)
    return manifest


def _plain(name: str) -> str:
    if Path(name).name != name or name in ("", ".", ".."):
        raise BadInput(f"the manifest names {name!r}, which is no file of a backup")
    return name


def _check(path: Path, wanted: str) -> None:
    if not path.is_file():
        raise BadInput(f"{path}: is missing")
    if sum_of(path) != wanted:
        raise BadInput(f"{path}: was changed since: its sum is another")
