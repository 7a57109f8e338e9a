"""FILES: who may read what holds secrets, and who may put another in its place."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from digest.config import Config
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, warn, well, wrong

SECRET_KEYS = ("password", "server_token")  # in place in config.toml
ROOT = 0


@dataclass(frozen=True, slots=True)
class Owned:
    """A file or folder by its mode and owner."""

    path: Path
    mode: int  # the permission bits
    owner: int

    @classmethod
    def of(cls, path: Path) -> "Owned":
        """Look at a path; OSError when it is not there."""
        found = path.stat()
        return cls(path, stat.S_IMODE(found.st_mode), found.st_uid)


def check_files(case: Case) -> Iterator[Said]:
    """FILES-1: nobody else can read the files with secrets, nor replace them."""
    app = case.app
    master = (app.db.file if app.db.file and app.db.file.exists() else app.path).stat().st_uid
    folders: set[Path] = set()
    listed = secret_files(app.config, app.path, app.db.file)
    if app.db.engine.url.password and app.path not in listed:
        listed.append(app.path)
    for path in listed:
        try:
            yield judge_file(Owned.of(path), master)
        except OSError as error:
            yield wrong(f"{path}: {error.strerror}", "correct the path, or put the file there")
            continue
        folders.add(path.parent.resolve())
    for folder in sorted(folders):
        yield from judge_folder(Owned.of(folder), master)


def secret_files(config: Config, path: Path, database: Path | None) -> list[Path]:
    """Return the files that hold secrets, each once: keys, passwords, the database; the
    configuration itself where a password stands in it.
    """
    files = [config.keys.file] if config.keys.source == "file" else []
    files += [key.key_file for newsletter in config.newsletters for key in newsletter.dkim]
    tables: list[dict[str, Any]] = [relay.options for relay in config.relays.values()]
    tables += [mailbox.model_dump() for mailbox in config.mailboxes]
    for table in tables:
        files += [Path(table[key]) for key in ("password_file", "token_file") if table.get(key)]
        files += [Path(table[key]) for key in ("server_token_file",) if table.get(key)]
    if database is not None and database.exists():
        files.append(database)
    if any(table.get(key) for table in tables for key in SECRET_KEYS):
        files.append(path)
    return list(dict.fromkeys(files))


def judge_file(file: Owned, master: int) -> Said:
    """Judge a file with secrets; `master` is the user whose the instance is."""
    if file.mode & 0o077:
        return wrong(
            f"{file.path}: others than its owner may read it (mode {file.mode:04o})",
            f"chmod 600 {file.path}",
        )
    if file.owner not in {master, ROOT}:
        return warn(
            f"{file.path}: belongs to another user than the instance",
            "give it to the user that Friday runs as (chown)",
        )
    return well(f"{file.path}: its owner's alone")


def judge_folder(folder: Owned, master: int) -> Iterator[Said]:
    """Judge a folder with secrets in it: who may write there can put other files in their place."""
    open_to_all = folder.mode & 0o002 and not folder.mode & stat.S_ISVTX
    if open_to_all or (folder.mode & 0o020 and folder.owner not in {master, ROOT}):
        yield wrong(
            f"{folder.path}: others may put other files there (mode {folder.mode:04o})",
            f"chmod 700 {folder.path}",
        )
