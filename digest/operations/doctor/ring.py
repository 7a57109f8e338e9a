"""KEYS: that there is a copy of the keys, that they lie apart from what they open, and that the
keys of the signatures can be read.
"""

from collections.abc import Iterator
from pathlib import Path

from digest.delivery.dkim.keys import load_keys
from digest.errors import ConfigError
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.keys.changing import is_backed_up


def check_backup(case: Case) -> Iterator[Said]:
    """KEYS-1: a copy was made of the keys as they are."""
    if is_backed_up(case.app):
        yield well("a copy of the present keys was made")
        return
    yield warn(
        "no copy of the present keys was made: if they are lost, no address can be read again",
        "digest keys export, and keep the copy away from the database and its backups",
    )


def check_place(case: Case) -> Iterator[Said]:
    """KEYS-2: whoever takes the disk with the database does not take the keys along."""
    database = case.app.db.file
    file = case.app.config.keys.file
    if case.app.config.keys.source != "file":
        yield well("the keys are not on the disk unlocked")
    elif database is not None and _are_together(file, database):
        yield note(
            f"{file} is on the same file system as the database: who takes one has both",
            "put keys.file elsewhere, or lock it (digest keys export --passphrase) and set "
            'keys.source = "prompt"',
        )
    else:
        yield well("the key file is not on the database's file system")


def _are_together(first: Path, second: Path) -> bool:
    there = second if second.exists() else second.parent
    return first.stat().st_dev == there.stat().st_dev


def check_signing(case: Case) -> Iterator[Said]:
    """KEYS-3: the private keys that sign copies can be read, and belong to the sender's domain."""
    for newsletter in case.app.config.newsletters:
        try:
            keys = load_keys(newsletter.dkim, newsletter.sender.address)
        except ConfigError as error:
            yield wrong(
                f"{newsletter.slug}: {error}",
                "correct [[newsletters.dkim]] or the file: no copy can be signed before",
            )
            continue
        if keys:
            named = ", ".join(f"{key.selector} ({key.type})" for key in keys)
            yield well(f"{newsletter.slug}: its copies are signed by {named}")
        else:
            yield note(
                f"{newsletter.slug}: Friday does not sign its copies, so the relay must",
                "send a proof to yourself and judge it with digest doctor message.eml, or sign "
                "here: digest dkim new",
            )
