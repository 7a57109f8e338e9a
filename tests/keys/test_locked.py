"""A locked key file opens with its passphrase and with nothing else."""

import pytest

from digest.errors import BadInput, ConfigError
from digest.keys import KeyRing, ring_as_text, ring_from_text
from digest.keys.locked import is_locked, lock, unlock

WORDS = "seven grey herons on the pier"
CHEAP = 4  # of scrypt's cost: what is tested does not depend on it


def test_locked_ring_comes_back_whole(keys: KeyRing) -> None:
    locked = lock(ring_as_text(keys), WORDS, cost=CHEAP)

    assert is_locked(locked)
    assert ring_from_text(unlock(locked, WORDS, "keys"), "keys") == keys


def test_locked_text_shows_no_key(keys: KeyRing) -> None:
    locked = lock(ring_as_text(keys), WORDS, cost=CHEAP)

    assert not any(line.split('"')[1] in locked for line in ring_as_text(keys).splitlines()
                   if line.startswith("secret"))  # fmt: skip
    assert not is_locked(ring_as_text(keys))


def test_lock_is_costly_unless_a_test_says_otherwise(keys: KeyRing) -> None:
    assert "cost = 17\n" in lock(ring_as_text(keys), WORDS)


def test_other_passphrase_opens_nothing(keys: KeyRing) -> None:
    locked = lock(ring_as_text(keys), WORDS, cost=CHEAP)

    with pytest.raises(ConfigError, match=r"^here: this is not the passphrase"):
        unlock(locked, WORDS + " ", "here")


def test_cost_cannot_be_changed_unnoticed(keys: KeyRing) -> None:
    locked = lock(ring_as_text(keys), WORDS, cost=CHEAP)

    with pytest.raises(ConfigError):
        unlock(locked.replace("cost = 4", "cost = 5"), WORDS, "here")


@pytest.mark.parametrize(
    ("old", "new"),
    [("[locked]", "[opened]"), ("cost = 4", "cost = 40"), ('salt = "', 'salt = "?'), ("box", "bx")],
)
def test_damage_is_named(keys: KeyRing, old: str, new: str) -> None:
    damaged = lock(ring_as_text(keys), WORDS, cost=CHEAP).replace(old, new)

    with pytest.raises(ConfigError, match=r"^here: the locked key file is damaged"):
        unlock(damaged, WORDS, "here")


def test_short_passphrase_is_refused() -> None:
    with pytest.raises(BadInput, match="12 letters"):
        lock("", "too short")
