"""``digest backup``, ``restore`` and ``takeover`` as an operator types them."""

import fcntl
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from digest.media.store import PictureStore, Shelf
from digest.operations.backup.manifest import sum_of
from tests.cli.conftest import Line

NAMES = ("anna@example.org", "bo@example.org", "Anna")


def generations(folder: Path) -> list[Path]:
    return sorted(folder.glob("friday-*"))


@pytest.fixture
def backed_up(drafted: Line, tmp_path: Path) -> tuple[Line, Path]:
    PictureStore(drafted.folder / "media").put(Shelf.PRINTS, b"a picture", "jpg")
    said = drafted.good("backup", tmp_path / "backups")
    assert "whole" in said
    assert "digest keys export" in said
    return drafted, generations(tmp_path / "backups")[0]


def test_backup_holds_no_name_no_key_and_no_secret(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up
    keys = (line.folder / "keys.toml").read_text()
    secrets = [row.split('"')[1] for row in keys.splitlines() if row.startswith("secret")]
    files = [path for path in place.rglob("*") if path.is_file()]

    assert {path.name for path in files} >= {"database.sqlite", "config.toml", "manifest.json"}
    for path in files:
        data = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0, path
        for word in (*NAMES, *secrets):
            assert word.encode() not in data, path


def test_backup_that_was_changed_is_found_out(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up
    line.good("backup", "verify", place.parent)

    picture = next((place / "media" / "prints").iterdir())
    picture.write_bytes(b"another")

    assert f"{picture}: was changed" in line.bad("backup", "verify", place)
    picture.unlink()
    assert "is missing" in line.bad("restore", place)
    (place / "manifest.json").write_text(json.dumps({"format": 9}))
    assert "format" in line.bad("backup", "verify", place)


def test_manifest_cannot_lead_out_of_its_folder(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"]["../../keys.toml"] = "0" * 64
    (place / "manifest.json").write_text(json.dumps(manifest))

    assert "no file of a backup" in line.bad("backup", "verify", place)


def test_old_backups_go_and_pictures_are_kept_once(backed_up: tuple[Line, Path], waited) -> None:
    line, place = backed_up
    (place.parent / ".friday-left").mkdir()  # of one that was cut off
    for _ in range(2):
        waited(lambda: line("backup", place.parent, "--keep", 2).status == 0)

    left = generations(place.parent)
    assert len(left) == 2
    assert place not in left
    assert not (place.parent / ".friday-left").exists()
    pictures = [next((each / "media" / "prints").iterdir()).stat().st_ino for each in left]
    assert len(set(pictures)) == 1


def test_two_backups_at_once_do_not_meet(drafted: Line, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    with (tmp_path / "backups" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert "another backup" in drafted.bad("backup", tmp_path / "backups")


def test_backup_refuses_to_lie_beside_the_keys(drafted: Line) -> None:
    assert "the keys lie there" in drafted.bad("backup", drafted.folder)
    assert not generations(drafted.folder)


def test_restored_instance_is_held_until_takeover(
    backed_up: tuple[Line, Path], tmp_path: Path
) -> None:
    line, place = backed_up
    assert "--replace" in line.bad("restore", place)

    said = line.good("restore", place, "--replace")

    assert "moved aside" in said
    assert "Not in this database" in said
    assert "HELD: the database was restored from a backup" in line.good("status")
    assert "nothing is sent; digest takeover" in line("tick").err
    assert "takeover" in line.good("status")
    assert "--yes" in line.bad("takeover")
    assert "sends from now on" in line.good("takeover", "--yes")
    assert "HELD" not in line.good("status")
    assert "Nothing is held" in line.good("takeover")
    line.good("issue", "show", "weekly")
    assert (line.folder / "media" / "prints").is_dir()


def test_copy_put_in_place_by_hand_is_held_as_well(
    backed_up: tuple[Line, Path], tmp_path: Path
) -> None:
    line, place = backed_up
    for end in ("", "-wal", "-shm"):
        (line.folder / f"digest.db{end}").unlink(missing_ok=True)
    shutil.copy(place / "database.sqlite", line.folder / "digest.db")

    assert "HELD" in line.good("status")


def test_restore_refuses_other_keys_and_newer_backups(
    backed_up: tuple[Line, Path], tmp_path: Path, empty: Line
) -> None:
    line, place = backed_up
    empty.good("init", empty.folder)
    other = (empty.folder / "keys.toml").read_bytes()
    own = (line.folder / "keys.toml").read_bytes()

    (line.folder / "keys.toml").write_bytes(other)
    assert "not the keys of this backup" in line.bad("restore", place, "--replace")
    (line.folder / "keys.toml").write_bytes(own)
    assert "HELD" not in line.good("status")  # nothing was touched

    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps({**manifest, "revision": "9999"}))
    assert "newer than this program" in line.bad("restore", place, "--replace")


def test_older_backup_is_migrated_only_when_asked(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up
    with sqlite3.connect(place / "database.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"]["database.sqlite"] = sum_of(place / "database.sqlite")
    (place / "manifest.json").write_text(json.dumps({**manifest, "revision": "0001"}))

    said = line.good("restore", place, "--replace")

    assert "run digest migrate, then digest takeover" in said
    assert "is at revision 0001" in line.bad("status")


def test_takeover_refuses_what_is_not_held(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up
    line.good("restore", place, "--replace")

    assert "is not held" in line.bad("takeover", "--issue", "weekly/9=stop", "--yes")
    assert "one place" in line.bad("takeover", "--join")


def test_keys_are_not_exported_beside_backups(backed_up: tuple[Line, Path]) -> None:
    line, place = backed_up

    assert "backups lie there" in line.bad("keys", "export", place.parent / "keys.toml")
    assert "backups lie there" in line.bad("keys", "export", place / "keys.toml")
