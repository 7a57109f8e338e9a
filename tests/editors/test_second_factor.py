"""A code is taken once, around its moment; a recovery code once at all; the store knows neither."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest

from digest.clock import FixedClock
from digest.db import Database
from digest.editors.second_factor import (
    RECOVERY_CODES,
    app_address,
    count_recovery_codes,
    drop_factor,
    must_have,
    new_secret,
    renew_recovery_codes,
    set_factor,
    take_code,
)
from digest.editors.sessions import find_signed, open_session
from digest.models import Editor, RecoveryCode, Role
from digest.sealed import Sealer

STEP = timedelta(seconds=30)


class Phone:
    """An editor's account and the app on their phone."""

    def __init__(self, db: Database, sealer: Sealer, clock: FixedClock, number: int) -> None:
        self.db, self.sealer, self.clock, self.number = db, sealer, clock, number
        self.secret = new_secret()
        self.codes: list[str] = []

    def code(self, later: timedelta = timedelta()) -> str:
        return pyotp.TOTP(self.secret).at(self.clock.now() + later)

    def set_up(self, typed: str) -> list[str]:
        with self.db.write() as session:
            editor = session.get_one(Editor, self.number)
            self.codes = set_factor(
                session, self.sealer, editor, self.secret, typed, self.clock.now()
            )
            return self.codes

    def take(self, typed: str) -> str | None:
        with self.db.write() as session:
            editor = session.get_one(Editor, self.number)
            return take_code(session, self.sealer, editor, typed, self.clock.now())

    def count(self) -> int:
        with self.db.read() as session:
            return count_recovery_codes(session, self.number)


@pytest.fixture
def phone(any_db: Database, sealer: Sealer, clock: FixedClock, add: Callable[..., int]) -> Phone:
    phone = Phone(any_db, sealer, clock, add())
    assert phone.set_up(phone.code())
    clock.advance(10 * STEP)
    return phone


def test_code_is_taken_once(phone: Phone) -> None:
    code = phone.code()
    assert [phone.take(code), phone.take(code)] == ["code", None]


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_code_that_comes_twice_at_once_is_taken_once(phone: Phone, kind: str) -> None:
    typed = phone.code() if kind == "code" else phone.codes[0]
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(phone.take, [typed] * 8))
    assert sorted(taken, key=str) == [None] * 7 + [kind]


def test_code_that_set_it_up_signs_nobody_in(
    any_db: Database, sealer: Sealer, clock: FixedClock, add: Callable[..., int]
) -> None:
    phone = Phone(any_db, sealer, clock, add())
    code = phone.code()
    assert phone.set_up(code)
    assert phone.take(code) is None


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_clocks_may_differ_by_one_step(phone: Phone, steps: int, good: bool) -> None:
    assert (phone.take(phone.code(steps * STEP)) == "code") is good


def test_older_code_is_refused_after_a_newer(phone: Phone) -> None:
    assert phone.take(phone.code(STEP)) == "code"
    assert phone.take(phone.code()) is None


@pytest.mark.parametrize("typed", ["", "000000", "12345", "١٢٣٤٥٦", "a" * 2_000, "-", " "])
def test_anything_else_is_refused(phone: Phone, typed: str) -> None:
    assert phone.take(typed) is None


def test_blanks_in_a_code_are_nothing(phone: Phone) -> None:
    code = phone.code()
    assert phone.take(f" {code[:3]} {code[3:]} ") == "code"


def test_wrong_first_code_changes_nothing(
    any_db: Database, sealer: Sealer, clock: FixedClock, add: Callable[..., int]
) -> None:
    phone = Phone(any_db, sealer, clock, add())
    assert phone.set_up("000000") == []
    with any_db.read() as session:
        assert session.get_one(Editor, phone.number).totp_sealed is None
    assert phone.count() == 0


def test_recovery_codes_work_once_each_however_they_are_typed(phone: Phone) -> None:
    assert len(set(phone.codes)) == RECOVERY_CODES
    first, second = phone.codes[:2]
    assert phone.take(first) == "recovery code"
    assert phone.take(first) is None
    assert phone.take(second.upper().replace("-", " ")) == "recovery code"
    assert phone.count() == RECOVERY_CODES - 2


def test_recovery_codes_are_their_own_editor_s(phone: Phone, add: Callable[..., int]) -> None:
    other = Phone(phone.db, phone.sealer, phone.clock, add("ben"))
    assert other.set_up(other.code())
    assert other.take(phone.codes[0]) is None


def test_new_recovery_codes_end_the_old(phone: Phone) -> None:
    with phone.db.write() as session:
        editor = session.get_one(Editor, phone.number)
        new = renew_recovery_codes(session, phone.sealer, editor)
    assert phone.take(phone.codes[0]) is None
    assert phone.take(new[0]) == "recovery code"


def test_store_knows_neither_secret_nor_codes(phone: Phone) -> None:
    with phone.db.read() as session:
        sealed = session.get_one(Editor, phone.number).totp_sealed
        digests = [row.digest for row in session.query(RecoveryCode)]
    assert sealed is not None
    assert phone.secret.encode() not in sealed
    kept = b"".join(digests)
    assert not any(code.encode() in kept or code[:4].encode() in kept for code in phone.codes)


def test_setting_up_and_turning_off_end_every_session(phone: Phone) -> None:
    for change in ("set up", "off"):
        with phone.db.write() as session:
            editor = session.get_one(Editor, phone.number)
            secret = open_session(session, editor, phone.clock.now(), 12)
        if change == "set up":
            phone.set_up(phone.code())
        else:
            with phone.db.write() as session:
                drop_factor(session, session.get_one(Editor, phone.number))
        with phone.db.read() as session:
            assert find_signed(session, phone.sealer, secret, phone.clock.now()) is None
    assert phone.take(phone.codes[0]) is None
    assert phone.count() == 0


def test_app_is_told_what_it_needs() -> None:
    secret = "JBSWY3DPEHPK3PXP" * 2
    address = app_address(secret, "ada@gazette.example", "Friday desk.example")
    assert address.startswith("otpauth://totp/Friday%20desk.example:ada%40gazette.example?")
    assert f"secret={secret}" in address


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ("optional", []),
        ("publishers", [Role.PUBLISHER, Role.OPERATOR]),
        ("everyone", list(Role)),
    ],
)
def test_rule_says_who_must(rule: str, who: list[Role]) -> None:
    assert [role for role in Role if must_have(rule, role)] == who
