"""A link does the one thing it was signed for, for as long as its key is kept, and nothing when
altered.
"""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from digest.errors import BadInput
from digest.keys import KeyRing, new_key_ring
from digest.tokens import Expired, Purpose, TokenSigner, _letters

RING = new_key_ring()
SIGNER = TokenSigner(RING)
TOKEN = SIGNER.sign(Purpose.UNSUBSCRIBE, "f3pUblic1d")
URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


@pytest.mark.parametrize("purpose", Purpose)
@given(public_id=st.text(min_size=1, max_size=24))
def test_token_gives_back_its_public_id(purpose: Purpose, public_id: str) -> None:
    assert SIGNER.read(purpose, SIGNER.sign(purpose, public_id)) == public_id


@given(st.text(alphabet=URL_SAFE.rstrip("."), min_size=1, max_size=24))
def test_token_needs_no_quoting_in_a_url(public_id: str) -> None:
    assert set(SIGNER.sign(Purpose.UNSUBSCRIBE, public_id)) <= set(URL_SAFE)


@pytest.mark.parametrize(("made_for", "used_for"), list(permutations(Purpose, 2)))
def test_token_of_another_purpose_is_refused(made_for: Purpose, used_for: Purpose) -> None:
    token = SIGNER.sign(made_for, "f3pUblic1d")

    with pytest.raises(BadInput):
        SIGNER.read(used_for, token)


def test_purposes_share_no_salt() -> None:
    assert len({purpose.value for purpose in Purpose}) == len(Purpose)


def test_salts_of_links_that_are_out_never_change() -> None:
    """Whoever changes one of these breaks the unsubscribe links of every issue ever sent."""
    assert Purpose.UNSUBSCRIBE.value == "digest.unsubscribe.1"
    assert Purpose.REMIND_LATER.value == "digest.remind-later.1"


def test_retired_key_verifies_and_the_newest_signs() -> None:
    newer = new_key_ring()
    rotated = TokenSigner(replace(RING, sign=newer.sign + RING.sign))

    assert rotated.read(Purpose.UNSUBSCRIBE, TOKEN) == "f3pUblic1d"
    token = rotated.sign(Purpose.UNSUBSCRIBE, "f3pUblic1d")
    assert TokenSigner(newer).read(Purpose.UNSUBSCRIBE, token) == "f3pUblic1d"


def test_token_of_a_removed_key_is_refused(keys: KeyRing) -> None:
    with pytest.raises(BadInput):
        TokenSigner(keys).read(Purpose.UNSUBSCRIBE, TOKEN)


# The last character carries two bits that base64 does not use; all others are signed or the
# signature.
@given(st.integers(0, len(TOKEN) - 2), st.integers(0, 6))
def test_token_with_a_flipped_bit_is_refused(place: int, bit: int) -> None:
    altered = TOKEN[:place] + chr(ord(TOKEN[place]) ^ 1 << bit) + TOKEN[place + 1 :]

    with pytest.raises(BadInput):
        SIGNER.read(Purpose.UNSUBSCRIBE, altered)


@given(st.sampled_from(URL_SAFE))
def test_token_with_another_last_character_never_names_someone_else(last: str) -> None:
    try:
        assert SIGNER.read(Purpose.UNSUBSCRIBE, TOKEN[:-1] + last) == "f3pUblic1d"
    except BadInput as error:
        assert str(error) == "this link is not valid"  # noqa: PT017  either way is right


@given(st.text(alphabet=st.characters()))
def test_anything_else_is_refused_with_the_same_words(text: str) -> None:
    with pytest.raises(BadInput, match=r"^this link is not valid$"):
        SIGNER.read(Purpose.UNSUBSCRIBE, text)


def test_text_that_is_no_unicode_is_refused() -> None:
    with pytest.raises(BadInput):
        SIGNER.read(Purpose.UNSUBSCRIBE, "\ud800")


def test_payload_that_is_no_public_id_is_refused() -> None:
    """Well signed with our key and salt, by some other program or version."""
    other = URLSafeSerializer(
        RING.sign[0].secret,
        salt=Purpose.UNSUBSCRIBE.value,
        signer_kwargs={"digest_method": hashlib.sha256},
    )

    assert SIGNER.read(Purpose.UNSUBSCRIBE, other.dumps("f3pUblic1d")) == "f3pUblic1d"
    with pytest.raises(BadInput):
        SIGNER.read(Purpose.UNSUBSCRIBE, other.dumps({"id": 1}))


NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
AN_HOUR = NOW + timedelta(hours=1)


def test_link_that_runs_out_says_whose_it_is_until_then() -> None:
    token = SIGNER.sign_until(Purpose.CONFIRM, "f3pub", AN_HOUR)

    passing = SIGNER.read_until(Purpose.CONFIRM, token, AN_HOUR)
    assert (passing.public_id, passing.until) == ("f3pub", AN_HOUR)


def test_link_that_has_run_out_says_so() -> None:
    token = SIGNER.sign_until(Purpose.CONFIRM, "f3pub", AN_HOUR)

    with pytest.raises(Expired):
        SIGNER.read_until(Purpose.CONFIRM, token, AN_HOUR + timedelta(seconds=1))


def test_links_made_at_once_are_told_apart() -> None:
    tokens = [SIGNER.sign_until(Purpose.SETTINGS, "f3pub", AN_HOUR) for _ in range(2)]

    digests = {SIGNER.read_until(Purpose.SETTINGS, token, NOW).digest for token in tokens}
    assert len(digests) == 2


def test_other_spelling_of_a_link_is_no_other_link() -> None:
    """Base64 is forgiving: were the token itself remembered, one that is spent could be used again
    with a sign more behind it.
    """
    until = datetime(2026, 11, 27, 8, tzinfo=UTC)
    token = SIGNER.sign_until(Purpose.OPEN_SETTINGS, "f3pUblic1d", until)

    passings = {
        SIGNER.read_until(Purpose.OPEN_SETTINGS, token + more, until - timedelta(hours=1))
        for more in ("", "=", "====", "\u00e9")
    }

    assert len(passings) == 1


def test_lasting_link_is_none_that_runs_out_and_the_reverse() -> None:
    lasting = SIGNER.sign(Purpose.SETTINGS, "f3pub")
    passing = SIGNER.sign_until(Purpose.SETTINGS, "f3pub", AN_HOUR)

    with pytest.raises(BadInput):
        SIGNER.read_until(Purpose.SETTINGS, lasting, NOW)
    with pytest.raises(BadInput):
        SIGNER.read(Purpose.SETTINGS, passing)


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", min_size=1, max_size=24))
def test_address_gives_back_its_public_id_in_any_case(public_id: str) -> None:
    text = SIGNER.sign_address(Purpose.LEAVE_BY_MAIL, public_id)

    assert SIGNER.read_address(Purpose.LEAVE_BY_MAIL, text) == public_id
    assert SIGNER.read_address(Purpose.LEAVE_BY_MAIL, text.upper()) == public_id


def test_address_of_another_purpose_altered_or_forged_is_refused() -> None:
    text = SIGNER.sign_address(Purpose.LEAVE_BY_MAIL, "f3pub")
    forged = TokenSigner(new_key_ring()).sign_address(Purpose.LEAVE_BY_MAIL, "f3pub")

    for wrong in (text + "a", "g" + text[1:], forged, "f3pub", "", "f3pub."):
        with pytest.raises(BadInput):
            SIGNER.read_address(Purpose.LEAVE_BY_MAIL, wrong)
    with pytest.raises(BadInput):
        SIGNER.read_address(Purpose.PAUSE_BY_MAIL, text)


def test_address_signed_by_a_retired_key_is_read() -> None:
    text = SIGNER.sign_address(Purpose.LEAVE_BY_MAIL, "f3pub")
    rotated = TokenSigner(replace(RING, sign=new_key_ring().sign + RING.sign))

    assert rotated.read_address(Purpose.LEAVE_BY_MAIL, text) == "f3pub"


def test_address_fits_a_local_part_beside_a_name() -> None:
    text = SIGNER.sign_address(Purpose.CONFIRM_BY_MAIL, "a" * 16)

    assert len("friday+confirm." + text) <= 64  # RFC 5321, 4.5.3.1.1


@given(st.text(max_size=60))
def test_text_that_is_no_address_of_ours_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        SIGNER.read_address(Purpose.LEAVE_BY_MAIL, text)


@given(st.binary(min_size=12, max_size=40))
def test_letters_of_an_address_are_those_of_base32(digest: bytes) -> None:
    assert _letters(digest) == base64.b32encode(digest[:12]).decode().rstrip("=").lower()
