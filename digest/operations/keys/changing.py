"""Changes of the key ring where it is kept, each refused where it would lose something."""

from datetime import timedelta
from pathlib import Path

from digest.app import App
from digest.errors import BadInput, ConfigError, NotFound, Refused
from digest.keys import (
    PURPOSES,
    KeyRing,
    fingerprint,
    ring_as_text,
    with_new_key,
    without_key,
)
from digest.keys.files import read_text, replace_text, write_new
from digest.keys.locked import is_locked, lock, unlock
from digest.keys.source import Ask
from digest.operations.keys.columns import count_by_key
from digest.operations.keys.processes import find_processes
from digest.subscribers.transfer.staging import list_staging_files

NEWEST = "newest_seal_key"
BACKUP = "key_backup"
SLACK_SECONDS = 2  # the start of a process is known to a second or so
INDEX_REFUSED = (
    "an index key cannot be replaced: the hashes of suppressed addresses cannot be made again, and "
    "without them people who left would be written to. docs/safety.md says what to do when the key "
    "is in wrong hands"
)


def add_key(app: App, purpose: str, ask: Ask) -> KeyRing:
    """Make a new key of a purpose the newest and keep it where the ring is kept; return the new
    ring. Refused for the index, BadInput for what is no purpose.
    """
    if purpose not in PURPOSES:
        raise BadInput(f"no key is for {purpose!r}: seal, sign or message")
    if purpose == "index":
        raise Refused(INDEX_REFUSED)
    ring = with_new_key(app.keys, purpose)
    keep_ring(app, ring, ask)
    if purpose == "seal":
        app.note(NEWEST, ring.seal[0].id)
    return ring


def retire_key(app: App, id: str, ask: Ask) -> KeyRing:
    """Take a seal key that nothing needs out of the ring; return the new ring.

    Refused while a value, an unfinished import or a running process may need it; NotFound when
    there is none of that id.
    """
    others = [purpose for purpose in PURPOSES if id in [key.id for key in app.keys.of(purpose)]]
    if not others:
        raise NotFound(f"no key has the id {id}")
    if others != ["seal"]:
        raise Refused(f"{id} is no seal key: links and Message-IDs that it made need it for years")
    if id == app.keys.seal[0].id:
        raise Refused(f"{id} is the newest seal key: make a newer one first (digest keys new seal)")
    refuse_old_processes(app)
    if staged := list_staging_files(app.path.resolve().parent):
        raise Refused(f"{staged[0]}: finish or abandon this import first, it may need the key")
    with app.db.read() as session:
        used = count_by_key(session, [id])[id]
    if used:
        raise Refused(f"{used:,} values are sealed under {id}: run digest keys rotate first")
    ring = without_key(app.keys, "seal", id)
    keep_ring(app, ring, ask)
    return ring


def refuse_old_processes(app: App) -> None:
    """Raise Refused while a process runs that does not know the newest seal key: it could not open
    what is sealed under it, and would seal under an older one.
    """
    since = app.clock.now() - timedelta(seconds=3 * app.config.scheduler.tick_seconds)
    newest = app.keys.seal[0].id
    old = [owner for owner, id in app.list_alive("scheduler", since).items() if id != newest]
    made = app.noted(NEWEST)
    if made is not None and made.value == newest:
        before = made.at.timestamp() - SLACK_SECONDS
        found = find_processes(app.path)
        old += [f"{each.role} ({each.pid})" for each in found if each.started < before]
    if old:
        raise Refused(f"restart digest run first, it does not know the new key: {', '.join(old)}")


def keep_ring(app: App, ring: KeyRing, ask: Ask) -> None:
    """Write the ring where it is kept, at one blow; a locked file stays locked. Refused for keys
    that come from a descriptor.
    """
    file, source = app.config.keys.file, app.config.keys.source
    text = ring_as_text(ring)
    if source.startswith("fd:") or not file.exists():
        raise Refused("the keys come from elsewhere: change them there (digest keys export)")
    old = read_text(file)
    if is_locked(old):
        passphrase = ask(f"Passphrase of {file}: ")
        unlock(old, passphrase, str(file))  # nobody shall be locked out by a slip of the hand
        text = lock(text, passphrase)
    replace_text(file, text)


def export_ring(app: App, path: Path, passphrase: str | None) -> None:
    """Write a copy of the ring to a new file, locked where there is a passphrase, and note that it
    was made. Refused beside backups.
    """
    _refuse_in_backup(path)
    text = ring_as_text(app.keys)
    write_new(path, lock(text, passphrase) if passphrase else text)
    app.note(BACKUP, fingerprint(app.keys))


def _refuse_in_backup(path: Path) -> None:
    """Raise Refused for a place inside a backup, or beside one: whoever takes it has everything."""
    for folder in path.resolve().parents:
        if (folder / "manifest.json").exists() or any(folder.glob("friday-*/manifest.json")):
            raise Refused(f"{folder}: backups lie there: keep the keys on other storage")


def is_backed_up(app: App) -> bool:
    """Tell whether a copy was made of the ring as it is."""
    made = app.noted(BACKUP)
    return made is not None and made.value == fingerprint(app.keys)


def read_export(path: Path, ask: Ask) -> tuple[str, str]:
    """Return the text of an exported file as it is, and unlocked."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as a key file") from error
    if not is_locked(text):
        return text, text
    return text, unlock(text, ask(f"Passphrase of {path}: "), str(path))
