"""Signed return paths: whose copy it is, in any case, under any key that was ever ours."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.clock import FixedClock
from digest.config import load_config
from digest.delivery.return_paths import (
    Sent,
    comes_back,
    plain_return_path,
    read_token,
    return_path,
    sign_number,
    token_in,
)
from digest.errors import BadInput
from digest.keys import new_key_ring
from digest.scheduler import tick_once
from digest.testing.newsroom import CONFIG, open_newsroom
from digest.tokens import Purpose, TokenSigner
from tests.config_files import SMALLEST, load, refusal

RING = new_key_ring()
SIGNER = TokenSigner(RING)
LAST = 'timezone = "UTC" }'
BOUNCES = '\n[newsletters.bounces]\naddress = "bounces@courier.example"\n'


@given(st.sampled_from(Sent), st.integers(1, 2**63 - 1))
def test_token_names_its_row_in_any_case(sent: Sent, number: int) -> None:
    token = sign_number(SIGNER, sent, number)

    assert re.fullmatch(r"[cn][a-z2-7]{2,14}\.[a-z2-7]{20}", token)
    assert read_token(SIGNER, token.upper()) == (sent, number)


def test_token_of_an_old_key_is_read_and_a_strangers_is_not() -> None:
    token = sign_number(SIGNER, Sent.COPY, 7)
    newer = replace(RING, sign=(*new_key_ring().sign, *RING.sign))

    assert read_token(TokenSigner(newer), token) == (Sent.COPY, 7)
    with pytest.raises(BadInput):
        read_token(TokenSigner(new_key_ring()), token)


def test_token_for_leaving_is_no_return_path() -> None:
    token = SIGNER.sign_address(Purpose.LEAVE_BY_MAIL, "caaaaaaaaaaaaaaa")

    with pytest.raises(BadInput):
        read_token(SIGNER, token)


@pytest.mark.parametrize("name", ["c", "x" + "a" * 4, "c" + "a" * 15])
def test_well_signed_nonsense_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        read_token(SIGNER, SIGNER.sign_address(Purpose.RETURN_PATH, name))


def test_longest_return_path_fits_a_local_part(tmp_path: Path) -> None:
    text = SMALLEST + f'[newsletters.bounces]\naddress = "{"b" * 27}@gazette.example"'
    (newsletter,) = load(tmp_path, text).newsletters
    address = return_path(SIGNER, newsletter, Sent.COPY, 2**63 - 1)

    assert len(address.partition("@")[0]) <= 64
    longer = text.replace("b" * 27, "b" * 28)
    assert "bounces.address: at most 27 characters" in refusal(tmp_path, longer)


def test_signed_return_path_takes_the_place_of_a_plain_one(tmp_path: Path) -> None:
    plain = '[[newsletters]]\nbounce_address = "back@gazette.example"'
    text = SMALLEST.replace("[[newsletters]]", plain)
    assert plain_return_path(load(tmp_path, text).newsletters[0]) == "back@gazette.example"

    text += '[newsletters.bounces]\naddress = "bounces@gazette.example"'
    assert plain_return_path(load(tmp_path, text).newsletters[0]) == "bounces@gazette.example"


def test_our_return_paths_are_known_among_others(tmp_path: Path) -> None:
    text = SMALLEST + '[newsletters.bounces]\naddress = "bounces@gazette.example"'
    newsletters = load(tmp_path, text).newsletters
    path = return_path(SIGNER, newsletters[0], Sent.COPY, 7)

    assert plain_return_path(newsletters[0]) == "bounces@gazette.example"
    assert token_in(["x@other.example", path.upper()], newsletters) == sign_number(
        SIGNER, Sent.COPY, 7
    )
    assert token_in(["bounces@gazette.example", "bounces+x@other.example"], newsletters) == ""
    assert comes_back(["Bounces@gazette.example"], newsletters)
    assert not comes_back(["bounces@other.example"], newsletters)


def test_copies_and_notices_leave_with_a_return_path_of_their_own(
    tmp_path: Path, clock: FixedClock, run
) -> None:
    with open_newsroom(tmp_path, clock, more={LAST: f"{LAST}\n{BOUNCES}"}) as newsroom:
        newsroom.subscribe("anna@example.org", "ben@example.org")
        newsroom.ready(clock.now().date())
        run(tick_once(newsroom.app))
        paths = {envelope.mail_from for envelope, _ in newsroom.backend.accepted}
        signer = newsroom.app.signer
        named = {read_token(signer, token_in([path], [newsroom.configured])) for path in paths}

    assert named == {(Sent.COPY, 1), (Sent.COPY, 2)}


def test_without_a_place_for_bounces_the_plain_address_stays(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        CONFIG.format(url="sqlite://", relay='backend = "memory"', connections=1, lease_seconds=60)
    )
    (newsletter,) = load_config(tmp_path / "config.toml").newsletters

    assert return_path(SIGNER, newsletter, Sent.COPY, 7) == "letters@courier.example"
    assert token_in(["letters+x@courier.example"], [newsletter]) == ""


def test_guarded_newsletter_must_not_be_named_by_its_return_path(tmp_path: Path) -> None:
    guarded = SMALLEST.replace(
        "[[newsletters]]",
        '[[newsletters]]\nguarded = true\nguarded_names = ["tattler"]\n'
        'public_url = "https://neutral.example"',
    )
    text = guarded + '[newsletters.bounces]\naddress = "tattler@neutral.example"'

    assert "bounces.address holds 'tattler'" in refusal(tmp_path, text)
