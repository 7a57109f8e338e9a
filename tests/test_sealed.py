"""What is sealed opens with the right key only, and says nothing without it."""

import hmac
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import ConfigError
from digest.keys import KeyRing, new_key_ring, with_new_key
from digest.sealed import CANARY, Sealer, head_of

ADDRESS = "reader@gazette.example"
RING = new_key_ring()
SEALED = Sealer(RING).seal(ADDRESS)


@given(st.text())
def test_sealed_value_opens_as_it_was(value: str) -> None:
    sealer = Sealer(RING)

    assert sealer.open(sealer.seal(value)) == value


def test_two_seals_of_one_value_differ(sealer: Sealer) -> None:
    assert sealer.seal(ADDRESS) != sealer.seal(ADDRESS)


def test_sealed_value_shows_nothing_of_it(sealer: Sealer) -> None:
    assert b"gazette" not in sealer.seal(ADDRESS)


def test_sealed_value_names_its_key(keys: KeyRing, sealer: Sealer) -> None:
    assert sealer.seal(ADDRESS)[1:].startswith(keys.seal[0].id.encode())


def test_retired_seal_key_still_opens(keys: KeyRing) -> None:
    old = Sealer(keys).seal(ADDRESS)

    rotated = replace(keys, seal=new_key_ring().seal + keys.seal)

    assert Sealer(rotated).open(old) == ADDRESS
    assert Sealer(rotated).seal(ADDRESS)[1:].startswith(rotated.seal[0].id.encode())


def test_key_that_is_missing_is_named(sealer: Sealer, keys: KeyRing) -> None:
    sealed = sealer.seal(ADDRESS)

    with pytest.raises(ConfigError, match=f"lacks the seal key {keys.seal[0].id}"):
        Sealer(new_key_ring()).open(sealed)


def test_other_secret_under_the_same_id_does_not_open(sealer: Sealer, keys: KeyRing) -> None:
    wrong = replace(keys, seal=(replace(keys.seal[0], secret=bytes(32)),))

    with pytest.raises(ConfigError, match="wrong key file or altered data"):
        Sealer(wrong).open(sealer.seal(ADDRESS))


@given(st.integers(0, len(SEALED) - 1), st.integers(1, 255))
def test_altered_byte_anywhere_is_refused(place: int, mask: int) -> None:
    altered = bytearray(SEALED)
    altered[place] ^= mask

    with pytest.raises(ConfigError):
        Sealer(RING).open(bytes(altered))


@given(st.integers(0, len(SEALED) - 1))
def test_value_cut_short_anywhere_is_refused(length: int) -> None:
    with pytest.raises(ConfigError):
        Sealer(RING).open(SEALED[:length])


@given(st.binary())
def test_bytes_that_were_never_sealed_are_refused(raw: bytes) -> None:
    with pytest.raises(ConfigError):
        Sealer(RING).open(raw)


def test_refusals_never_show_the_value(sealer: Sealer, keys: KeyRing) -> None:
    wrong = replace(keys, seal=(replace(keys.seal[0], secret=bytes(32)),))

    with pytest.raises(ConfigError) as caught:
        Sealer(wrong).open(sealer.seal(ADDRESS))

    assert "gazette" not in str(caught.value)


def test_index_is_the_same_for_the_same_address(keys: KeyRing) -> None:
    assert Sealer(keys).index(ADDRESS) == Sealer(keys).index(ADDRESS)


def test_index_fits_its_column(sealer: Sealer) -> None:
    assert len(sealer.index(ADDRESS)) == 32


@pytest.mark.parametrize("other", ["Reader@gazette.example", "reader@gazette.examples", ""])
def test_index_tells_addresses_apart_letter_by_letter(sealer: Sealer, other: str) -> None:
    """Folding case is normalisation, which happens before an address gets here."""
    assert sealer.index(ADDRESS) != sealer.index(other)


def test_index_says_nothing_without_its_key(sealer: Sealer) -> None:
    assert sealer.index(ADDRESS) != Sealer(new_key_ring()).index(ADDRESS)


def test_indexes_find_what_a_retired_key_made(keys: KeyRing) -> None:
    old = Sealer(keys).index(ADDRESS)

    rotated = Sealer(replace(keys, index=new_key_ring().index + keys.index))

    assert rotated.indexes(ADDRESS) == (rotated.index(ADDRESS), old)


def test_canary_tells_the_right_key_file_from_a_wrong_one(sealer: Sealer) -> None:
    kept = sealer.seal(CANARY)

    assert sealer.open(kept) == CANARY
    with pytest.raises(ConfigError):
        Sealer(new_key_ring()).open(kept)


@given(st.lists(st.text(), max_size=5))
def test_values_sealed_together_open_one_by_one(values: list[str]) -> None:
    sealer = Sealer(RING)
    sealed = sealer.seal_all(values)

    assert [sealer.open(each) for each in sealed] == values
    assert len(set(sealed)) == len(values)


@given(st.text())
def test_index_is_the_hmac_of_the_standard(address: str) -> None:
    keys = new_key_ring()
    wanted = hmac.digest(keys.index[0].secret, b"address\0" + address.encode(), "sha256")

    assert Sealer(keys).index(address) == wanted


def test_value_under_a_key_made_meanwhile_opens(keys: KeyRing) -> None:
    rings = {"kept": keys}
    sealer = Sealer(keys, lambda: rings["kept"])
    rings["kept"] = with_new_key(keys, "seal")
    theirs = Sealer(rings["kept"]).seal("Anna")

    assert sealer.open(theirs) == "Anna"
    assert sealer.seal("Bo").startswith(head_of(keys.seal[0].id))


def test_ring_that_cannot_be_read_any_more_opens_nothing_new(keys: KeyRing) -> None:
    def gone() -> KeyRing:
        raise ConfigError("gone")

    theirs = Sealer(with_new_key(keys, "seal")).seal("Anna")

    with pytest.raises(ConfigError, match="lacks the seal key"):
        Sealer(keys, gone).open(theirs)
