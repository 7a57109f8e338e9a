"""The doctor's conversation with a real Postfix: what it offers is read, and nothing is mailed."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.proofs.postfix import NextHop, NotRoot, Postfix
from digest.clock import SystemClock
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Finding
from digest.operations.doctor.registry import select
from digest.operations.doctor.run import examine
from digest.testing.certificates import LoopbackCertificate
from digest.testing.newsroom import open_newsroom

TLS = "smtpd_tls_cert_file = {0}/certificate.pem\nsmtpd_tls_key_file = {0}/key.pem\n"
TLS += "smtpd_tls_security_level = may\n"
MANAGER = "tlsmgr unix - - n 1000? 1 tlsmgr\n"


@pytest.fixture(scope="module")
def found(system_part: Callable[[str], Path]) -> Iterator[tuple[list[Finding], str]]:
    """What the doctor says of a Postfix that offers STARTTLS, and what that wrote into its log."""
    system_part("postfix")
    with tempfile.TemporaryDirectory(prefix="friday-postfix-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # its processes are not all root's
        made = LoopbackCertificate(folder, days=60)
        try:
            relay = Postfix(folder / "relay", 1, main=TLS.format(folder), master=MANAGER)
        except NotRoot as error:
            pytest.skip(str(error))
        with NextHop(), relay as postfix:
            options = f'host = "127.0.0.1"\nport = {postfix.port}\nca_file = "{made.file}"'
            with open_newsroom(
                folder / "room", SystemClock(), relay=f'backend = "smtp"\n{options}'
            ) as room:
                wanted = select(["RELAY-2", "RELAY-3"])
                findings = examine(Case(room.app), wanted, online=True).findings
            yield list(findings), postfix.log.read_text()


def test_postfix_lets_us_in_under_its_own_name(found: tuple[list[Finding], str]) -> None:
    entry = [one for one in found[0] if one.id == "RELAY-2"]

    assert {one.level.value for one in entry} == {"ok"}
    assert "answers as relay.test" in entry[0].text
    assert "TLSv1.3, its certificate verifies" in entry[1].text
    assert "the certificate ends in 59 days" in entry[2].text


def test_what_postfix_offers_is_listed(found: tuple[list[Finding], str]) -> None:
    offers, *lacking = (one for one in found[0] if one.id == "RELAY-3")

    assert all(word in offers.text for word in ("PIPELINING", "8BITMIME", "SIZE", "DSN"))
    assert lacking == []


def test_nothing_was_mailed(found: tuple[list[Finding], str]) -> None:
    assert "connect from" in found[1]
    assert "mail=" not in found[1]
    assert "message-id=" not in found[1]
