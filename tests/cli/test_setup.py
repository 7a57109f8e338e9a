"""From an empty folder to an instance, once."""

import os
import stat

import pytest

from digest.assets import asset


@pytest.fixture
def inside(empty, monkeypatch):
    monkeypatch.chdir(empty.folder)
    return empty


def test_init_writes_the_example_and_a_private_key_file(inside) -> None:
    out = inside.good("init")

    folder = inside.folder
    assert (folder / "config.toml").read_text() == asset("config.example.toml").read_text()
    assert stat.S_IMODE((folder / "keys.toml").stat().st_mode) == 0o600
    assert "Edit it, then run: digest migrate\n" in out


def test_init_elsewhere_makes_the_folder_and_says_the_whole_command(inside) -> None:
    out = inside.good("init", "deep/down")

    assert "run: digest --config deep/down/config.toml migrate" in out
    assert sorted(os.listdir("deep/down")) == ["config.toml", "keys.toml"]


def test_second_init_replaces_nothing(inside) -> None:
    inside.good("init")
    before = (inside.folder / "keys.toml").read_text()

    assert inside.bad("init") == "config.toml: already there; digest init replaces nothing"
    assert (inside.folder / "keys.toml").read_text() == before


def test_init_keeps_keys_that_are_there(inside) -> None:
    inside.write("keys.toml", "precious")

    assert "keys.toml was there and is kept" in inside.good("init")
    assert (inside.folder / "keys.toml").read_text() == "precious"


def test_init_over_a_file_is_one_clear_line(inside) -> None:
    inside.write("taken", "")

    assert inside.bad("init", "taken") == "taken: File exists"


def test_example_configuration_migrates_as_it_is(inside) -> None:
    inside.good("init")

    assert inside.good("migrate") == "The database is up to date.\n"


def test_second_migrate_changes_nothing(line) -> None:
    before = line.store()

    assert line.good("migrate") == "The database is up to date.\n"
    assert line.store() == before


def test_migrate_of_a_newsletter_that_lost_its_configuration_changes_nothing(drafted) -> None:
    drafted.configure('slug = "weekly"', 'slug = "other"')
    before = drafted.store()

    assert "newsletters: weekly: not configured any more" in drafted.bad("migrate")
    assert drafted.store() == before
