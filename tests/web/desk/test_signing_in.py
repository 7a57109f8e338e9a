"""Signing in: how often it may be tried, and what it costs us."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from digest.editors import passwords
from digest.editors.accounts import find_editor, set_active
from digest.editors.attempts import AT_ACCOUNT, FROM_NETWORK
from digest.models import AuditEntry, PublicHit, Role
from digest.web.desk.doors import COOKIE
from tests.web.desk.conftest import PASSWORD, Desk


def test_account_is_tried_ten_times_an_hour_whether_there_is_one_or_not(desk: Desk) -> None:
    there = desk.add(Role.EDITOR)
    for address in (there, "nobody@gazette.example"):
        desk.count_attempts(*[address] * (AT_ACCOUNT.most - 1))
        statuses = [desk.try_sign_in(address, "a wrong password").status_code for _ in range(3)]
        assert statuses == [401] + [429] * 2
    refused = desk.try_sign_in(there)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "3600"

    desk.clock.advance(timedelta(hours=1, seconds=1))
    assert desk.try_sign_in(there).status_code == 303


def test_signing_in_forgives_what_went_wrong_before(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    for _ in range(3):
        desk.count_attempts(*[address] * (AT_ACCOUNT.most - 2))
        assert desk.try_sign_in(address, "a wrong password").status_code == 401
        assert desk.try_sign_in(address).status_code == 303


def test_network_is_limited_over_all_accounts(desk: Desk) -> None:
    desk.count_attempts(
        *[f"editor{number}@gazette.example" for number in range(FROM_NETWORK.most - 1)]
    )
    others = ("last@gazette.example", "one-more@gazette.example")
    statuses = [desk.try_sign_in(each, "a wrong password").status_code for each in others]
    assert statuses == [401, 429]


def test_refusal_is_on_record_without_an_address(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    desk.count_attempts(*[address] * AT_ACCOUNT.most)
    for _ in range(5):
        assert desk.try_sign_in(address, "a wrong password").status_code == 429
    with desk.app.db.read() as session:
        # Once an hour: strangers must not fill the record.
        (entry,) = session.query(AuditEntry).all()
        assert (entry.verb, entry.about, entry.editor_id) == ("too many attempts", "the desk", None)
        assert entry.detail == {"limit": "desk account"}
        assert not any(b"gazette" in hit.key for hit in session.query(PublicHit))


@pytest.fixture
def verifying(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Have something happen whenever the library verifies a password."""
    verify = PasswordHasher.verify

    def watch(happens: Callable[[], None]) -> None:
        def watched(self: PasswordHasher, kept: str, password: str) -> bool:
            happens()
            return verify(self, kept, password)

        monkeypatch.setattr(PasswordHasher, "verify", watched)

    return watch


def test_every_attempt_costs_one_verification_and_a_refused_one_none(
    desk: Desk, verifying: Callable[[Callable[[], None]], None]
) -> None:
    address, locked = desk.add(Role.EDITOR), desk.add(Role.EDITOR, "locked")
    with desk.app.db.write() as session:
        set_active(session, find_editor(session, desk.app.sealer, locked), False)
    verified: list[int] = []
    verifying(lambda: verified.append(1))
    costs = []
    for each in (address, locked, "nobody@gazette.example", "not an address"):
        verified.clear()
        desk.try_sign_in(each, "a wrong password")
        costs.append(len(verified))
    assert costs == [1, 1, 1, 1]

    desk.count_attempts(*[address] * (AT_ACCOUNT.most - 1))
    verified.clear()
    assert desk.try_sign_in(address, "a wrong password").status_code == 429
    assert verified == []


def test_no_transaction_is_open_while_a_password_is_looked_at(
    desk: Desk, verifying: Callable[[Callable[[], None]], None]
) -> None:
    address = desk.add(Role.EDITOR)

    def write() -> None:
        with desk.app.db.write() as session:
            session.add(PublicHit(scope="test", key=b"k", at=desk.app.clock.now()))

    verifying(write)
    assert desk.try_sign_in(address).status_code == 303


def test_hash_of_older_parameters_is_made_anew(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with desk.app.db.write() as session:
        find_editor(session, desk.app.sealer, address).password_hash = weak

    assert desk.try_sign_in(address).status_code == 303

    with desk.app.db.read() as session:
        kept = find_editor(session, desk.app.sealer, address).password_hash
    assert kept != weak
    assert passwords.is_password(kept, PASSWORD)
    assert not passwords.is_outdated(kept)


def test_signing_in_anew_ends_the_session_before(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    browser = desk.sign_in(address)
    before = browser.secret
    browser.client.post("/desk/sign-in", data={"address": address, "password": PASSWORD})
    assert browser.secret != before
    with desk.browser() as client:
        client.cookies.set(COOKIE, before)
        assert client.get("/desk").status_code == 303
