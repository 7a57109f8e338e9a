"""Keys from a file, a descriptor, a terminal, and from the process that started us."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.errors import ConfigError
from digest.keys import KeyRing, ring_as_text, write_key_file
from digest.keys.files import write_new
from digest.keys.locked import lock
from digest.keys.source import HANDED_ON, hand_on, load_keys

WORDS = "seven grey herons on the pier"


def nobody(question: str) -> str:
    raise AssertionError(f"nobody should be asked: {question}")


def pipe_with(text: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading


def answers(*given: str) -> Iterator[str]:
    return iter(given)


def test_file_is_read(tmp_path: Path, keys: KeyRing) -> None:
    write_key_file(tmp_path / "keys.toml", keys)

    assert load_keys("file", tmp_path / "keys.toml", nobody) == keys


def test_locked_file_needs_somebody(tmp_path: Path, keys: KeyRing) -> None:
    write_new(tmp_path / "keys.toml", lock(ring_as_text(keys), WORDS, cost=4))

    with pytest.raises(ConfigError, match="locked with a passphrase"):
        load_keys("file", tmp_path / "keys.toml", nobody)


def test_descriptor_is_read_and_closed(tmp_path: Path, keys: KeyRing) -> None:
    number = pipe_with(ring_as_text(keys))

    assert load_keys(f"fd:{number}", tmp_path / "none", nobody) == keys
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_descriptor_that_is_not_open_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="descriptor 989"):
        load_keys("fd:989", tmp_path / "none", nobody)


def test_locked_text_in_a_descriptor_says_what_to_do(tmp_path: Path, keys: KeyRing) -> None:
    number = pipe_with(lock(ring_as_text(keys), WORDS, cost=4))

    with pytest.raises(ConfigError, match="prompt"):
        load_keys(f"fd:{number}", tmp_path / "none", nobody)


def test_typed_passphrase_opens_the_locked_file_at_the_third_try(
    tmp_path: Path, keys: KeyRing
) -> None:
    write_new(tmp_path / "keys.toml", lock(ring_as_text(keys), WORDS, cost=4))
    said = answers("wrong", "wrong again", WORDS)

    assert load_keys("prompt", tmp_path / "keys.toml", lambda _: next(said)) == keys


def test_three_wrong_passphrases_are_enough(tmp_path: Path, keys: KeyRing) -> None:
    write_new(tmp_path / "keys.toml", lock(ring_as_text(keys), WORDS, cost=4))
    said = answers("wrong", "wrong", "wrong", WORDS)

    with pytest.raises(ConfigError, match="not the passphrase"):
        load_keys("prompt", tmp_path / "keys.toml", lambda _: next(said))


def test_prompt_beside_an_open_file_is_refused(tmp_path: Path, keys: KeyRing) -> None:
    write_key_file(tmp_path / "keys.toml", keys)

    with pytest.raises(ConfigError, match="is not locked"):
        load_keys("prompt", tmp_path / "keys.toml", nobody)


def test_whole_file_may_be_typed_in(tmp_path: Path, keys: KeyRing) -> None:
    said = answers(*ring_as_text(keys).splitlines(), "end")

    assert load_keys("prompt", tmp_path / "none", lambda _: next(said)) == keys


def test_ring_that_was_handed_on_comes_first_and_leaves_no_trace(
    tmp_path: Path, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HANDED_ON, str(hand_on(keys)))

    assert load_keys("prompt", tmp_path / "none", nobody) == keys
    assert HANDED_ON not in os.environ
