"""The key file is for its owner only, is never overwritten, and says what is wrong with it."""

import base64
import stat
from pathlib import Path

import pytest

from digest.errors import ConfigError
from digest.keys import PURPOSES, KeyRing, new_key_ring, read_key_file, write_key_file

SECRET = base64.b64encode(bytes(32)).decode()


def test_key_file_gives_back_the_ring_that_was_written(tmp_path: Path, keys: KeyRing) -> None:
    write_key_file(tmp_path / "keys.toml", keys)

    assert read_key_file(tmp_path / "keys.toml") == keys


def test_key_file_keeps_retired_keys_in_order(tmp_path: Path, keys: KeyRing) -> None:
    rotated = KeyRing(
        **{name: getattr(new_key_ring(), name) + getattr(keys, name) for name in PURPOSES}
    )
    write_key_file(tmp_path / "keys.toml", rotated)

    assert read_key_file(tmp_path / "keys.toml") == rotated


def test_key_file_is_readable_by_its_owner_only(tmp_path: Path, keys: KeyRing) -> None:
    write_key_file(tmp_path / "keys.toml", keys)

    assert stat.S_IMODE((tmp_path / "keys.toml").stat().st_mode) == 0o600


def test_key_file_is_never_overwritten(tmp_path: Path, keys: KeyRing) -> None:
    path = tmp_path / "keys.toml"
    write_key_file(path, keys)

    with pytest.raises(ConfigError, match=r"keys\.toml: a key file is already there"):
        write_key_file(path, new_key_ring())

    assert read_key_file(path) == keys


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_key_file_open_to_others_is_refused(tmp_path: Path, keys: KeyRing, mode: int) -> None:
    path = tmp_path / "keys.toml"
    write_key_file(path, keys)
    path.chmod(mode)

    with pytest.raises(
        ConfigError, match=r"keys\.toml: other users may read the keys; run chmod 600"
    ):
        read_key_file(path)


def test_key_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"keys\.toml: the key file cannot be read"):
        read_key_file(tmp_path / "keys.toml")


@pytest.mark.parametrize("raw", [b"[[seal", b"\xff\xfe"])
def test_key_file_that_is_no_toml_is_named(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(ConfigError, match=r"keys\.toml: not a TOML file"):
        read(tmp_path, raw)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_key_file_without_a_purpose_names_it(tmp_path: Path, keys: KeyRing, purpose: str) -> None:
    write_key_file(tmp_path / "whole.toml", keys)
    text = (tmp_path / "whole.toml").read_text().replace(f"[[{purpose}]]", f"[[un{purpose}]]")

    with pytest.raises(ConfigError, match=rf"keys\.toml: no \[\[{purpose}\]\] key"):
        read(tmp_path, text.encode())


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (f'secret = "{SECRET}"', "number 1 needs id and secret"),
        ('id = "s1"', "number 1 needs id and secret"),
        ('id = "s1"\nsecret = 5', "number 1 needs id and secret"),
        ('id = "s1"\nsecret = "not base64!"', "number 1 needs id and secret"),
        ('id = "s1"\nsecret = "c2hvcnQ="', "s1: the secret is not 32 bytes"),
        (f'id = ""\nsecret = "{SECRET}"', "number 1 needs an id of its own"),
        (f'id = "{"s" * 21}"\nsecret = "{SECRET}"', "number 1 needs an id of its own"),
        (f'id = "s\\u0000"\nsecret = "{SECRET}"', "number 1 needs an id of its own"),
    ],
)
def test_key_that_is_malformed_is_named_by_its_number(
    tmp_path: Path, table: str, named: str
) -> None:
    with pytest.raises(ConfigError, match=rf"keys\.toml: \[\[seal\]\] {named}"):
        read(tmp_path, f"[[seal]]\n{table}\n".encode())


def test_keys_that_share_an_id_are_refused(tmp_path: Path) -> None:
    """The id chooses the key: of two, one would never open again what it sealed."""
    twice = f'[[seal]]\nid = "s1"\nsecret = "{SECRET}"\n' * 2

    with pytest.raises(ConfigError, match=r"\[\[seal\]\] number 2 needs an id of its own"):
        read(tmp_path, twice.encode())


@pytest.mark.parametrize("text", ["seal = 1", "seal = []", 'seal = ["s1"]', "seal = [1]"])
def test_key_list_that_is_no_list_of_tables_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"keys\.toml: .*\[\[seal\]\]"):
        read(tmp_path, text.encode())


def test_refusals_never_show_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, b'[[seal]]\nid = "s1"\nsecret = "aHVzaA=="\n')

    assert "aHVzaA" not in str(caught.value)


def test_two_new_rings_share_nothing() -> None:
    one, other = new_key_ring(), new_key_ring()

    for purpose in PURPOSES:
        assert getattr(one, purpose)[0].secret != getattr(other, purpose)[0].secret


def read(folder: Path, raw: bytes) -> KeyRing:
    path = folder / "keys.toml"
    path.touch(mode=0o600)
    path.write_bytes(raw)
    return read_key_file(path)
