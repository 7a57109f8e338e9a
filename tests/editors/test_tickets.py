"""A ticket is good for one purpose and one account as it is now."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.db import Database
from digest.editors.accounts import set_active, set_password, set_role
from digest.editors.passwords import PasswordHash
from digest.editors.second_factor import new_secret
from digest.editors.tickets import find_ticket, sign_nobodys, sign_ticket
from digest.keys import KeyRing
from digest.models import Editor, Role
from digest.sealed import Sealer
from digest.tokens import Purpose, TokenSigner

DESK = [purpose for purpose in Purpose if purpose.name.startswith("DESK_")]
GOOD = timedelta(minutes=5)


@pytest.fixture
def signer(keys: KeyRing) -> TokenSigner:
    return TokenSigner(keys)


class Gate:
    """Signs and reads tickets of one editor."""

    def __init__(self, db: Database, signer: TokenSigner, clock: FixedClock, number: int) -> None:
        self.db, self.signer, self.clock, self.number = db, signer, clock, number

    def sign(self, purpose: Purpose = Purpose.DESK_CODE) -> str:
        with self.db.read() as session:
            editor = session.get_one(Editor, self.number)
            return sign_ticket(self.signer, purpose, editor, self.clock.now() + GOOD, "more")

    def reads(self, token: str, purpose: Purpose = Purpose.DESK_CODE) -> bool:
        with self.db.read() as session:
            found = find_ticket(session, self.signer, purpose, token, self.clock.now())
            return found is not None and (found.editor.id, found.said) == (self.number, "more")


@pytest.fixture
def gate(any_db: Database, signer: TokenSigner, clock: FixedClock, add: Callable[..., int]) -> Gate:
    return Gate(any_db, signer, clock, add())


def test_ticket_is_good_for_its_purpose_alone(gate: Gate) -> None:
    for signed in DESK:
        token = gate.sign(signed)
        assert [purpose for purpose in DESK if gate.reads(token, purpose)] == [signed]


def test_ticket_runs_out(gate: Gate) -> None:
    token = gate.sign()
    gate.clock.advance(GOOD)
    assert gate.reads(token)
    gate.clock.advance(timedelta(seconds=2))
    assert not gate.reads(token)


@pytest.mark.parametrize("change", ["password", "role", "lock", "factor"])
def test_ticket_is_dead_after_a_change(gate: Gate, sealer: Sealer, change: str) -> None:
    token = gate.sign()
    with gate.db.write() as session:
        editor = session.get_one(Editor, gate.number)
        if change == "password":
            set_password(session, editor, PasswordHash("another hash"))
        elif change == "role":
            set_role(session, editor, Role.PUBLISHER)
        elif change == "lock":
            set_active(session, editor, False)
        else:
            editor.totp_sealed = sealer.seal(new_secret())
    assert not gate.reads(token)


def test_ticket_of_nobody_and_of_others_is_refused(gate: Gate) -> None:
    until = gate.clock.now() + GOOD
    assert not gate.reads(sign_nobodys(gate.signer, Purpose.DESK_CODE, until))
    token = gate.sign()
    assert not gate.reads(f"{token[:-2]}{'A' if token[-2] != 'A' else 'B'}{token[-1]}")
    for odd in ("", "x", "a.b", token.partition(".")[0]):
        assert not gate.reads(odd)


def test_ticket_holds_no_hash_of_a_password(gate: Gate) -> None:
    with gate.db.read() as session:
        kept = session.get_one(Editor, gate.number).password_hash
    assert kept not in gate.sign()
