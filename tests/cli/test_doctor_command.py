"""``digest doctor``: what it prints where, how it exits, and that it changes nothing."""

import io
import json
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from digest.cli.doctor_sheet import Sheet
from digest.delivery.dkim.keys import KeyType, new_private_key
from digest.delivery.dkim.signing import DkimSigner, sign_message
from digest.operations.doctor.findings import Finding, Level
from digest.operations.doctor.registry import CHECKS, family_of
from tests.name_server import NameServer
from tests.operations.doctor.test_received import MESSAGE, NOW, READER, RSA, TRACES, sign

BROKEN = 'backend = "maildir"\ncolour = 3'


def test_doctor_of_a_sound_instance_exits_0(drafted) -> None:
    out = drafted.good("doctor")

    assert out.splitlines()[0] == "check\tlevel\tfinding\thint"
    assert "RELAY-1\tok\trelays.main: its options can be used\t" in out


def test_doctor_exits_1_when_something_is_wrong(drafted) -> None:
    drafted.configure('backend = "maildir"', BROKEN)

    result = drafted("doctor")

    assert (result.status, result.err) == (1, "")
    assert "RELAY-1\terror\t" in result.out


def test_doctor_speaks_json(drafted) -> None:
    drafted.configure('backend = "maildir"', BROKEN)

    result = drafted("doctor", "--json")

    said = json.loads(result.out)
    assert result.status == 1
    assert list(said) == ["shape", "at", "online", "left_out", "level", "findings"]
    assert (said["shape"], said["online"], said["level"]) == (1, False, "error")
    assert said["left_out"]["offline"] == [id for id, one in CHECKS.items() if one.online]
    (found,) = (one for one in said["findings"] if one["level"] == "error")
    assert list(found) == ["id", "family", "level", "text", "hint"]
    assert (found["id"], found["family"]) == ("RELAY-1", "Relays and mailboxes")


def test_doctor_changes_nothing(drafted) -> None:
    before = drafted.store()

    drafted.good("doctor")

    assert drafted.store() == before


def test_one_check_is_asked_for_alone(drafted) -> None:
    out = drafted.good("doctor", "--only", "config-5", "--only", "WORDS")

    assert [line.split("\t")[0] for line in out.splitlines()] == ["check", "CONFIG-5", "WORDS-1"]


def test_check_that_there_is_not_is_named(drafted) -> None:
    result = drafted("doctor", "--only", "SPF-9")

    assert result.status == 1
    assert result.err.startswith("error: no check is called SPF-9 (there are: FRIDAY-1, ")


def test_check_of_the_network_needs_the_word(drafted) -> None:
    result = drafted("doctor", "--only", "SPF")

    assert (result.status, "it needs --online" in result.err) == (1, True)


def test_network_is_asked_through_the_resolver_that_is_named(drafted) -> None:
    zone = 'courier.example. IN TXT "v=spf1 -all"'
    with NameServer(zone) as names:
        out = drafted.good("doctor", "--online", "--only", "SPF-1", "--resolver", names.address)

    assert "SPF-1\tok\tSPF of courier.example: one record, 0 of 10 look-ups, -all\t" in out


def test_resolver_that_is_none_is_refused(drafted) -> None:
    result = drafted("doctor", "--resolver", "ns.example")

    assert result.err.startswith("error: --resolver: 'ns.example' is no address")


def test_configuration_that_cannot_be_read_is_a_finding(empty) -> None:
    empty.write("config.toml", "[web]\n")

    result = empty("doctor", "--json")

    (found,) = json.loads(result.out)["findings"]
    assert (result.status, found["id"], found["level"]) == (1, "CONFIG-1", "error")
    assert "web.public_url: this key is missing" in found["text"]


def test_instance_without_a_database_is_looked_over_as_far_as_that_goes(line) -> None:
    (line.folder / "digest.db").unlink()

    result = line("doctor", "--json")

    said = json.loads(result.out)
    assert result.status == 1
    errors = [one["text"] for one in said["findings"] if one["level"] == "error"]
    assert errors == [f"there is no database at {line.folder / 'digest.db'}: run digest migrate"]
    assert "PLAN-1" in said["left_out"]["storeless"]
    assert not (line.folder / "digest.db").exists()


def test_keys_of_another_database_are_found(line) -> None:
    from digest.keys import new_key_ring, write_key_file

    (line.folder / "keys.toml").unlink()
    write_key_file(line.folder / "keys.toml", new_key_ring())

    result = line("doctor", "--only", "STORE")

    assert result.status == 1
    assert "keys.toml: these are not the keys of this database" in result.out


def test_interrupt_ends_at_once(drafted) -> None:
    """The relay takes connections and says nothing; Ctrl-C does not wait for it."""
    import signal
    import socket

    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        smtp = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}'
        drafted.configure('backend = "maildir"\nfolder = "out"', smtp)
        command = ["-m", "digest", "--config", str(drafted.folder / "config.toml")]
        words = ["doctor", "--online", "--only", "RELAY-2", "--within", "60"]
        started = subprocess.Popen(
            [sys.executable, *command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        mute.settimeout(60)
        with mute.accept()[0]:  # it has asked; let it wait
            time.sleep(0.3)
            began = time.monotonic()
            started.send_signal(signal.SIGINT)
            _, complaint = started.communicate(timeout=30)

    assert (started.returncode, b"Traceback" in complaint) == (130, False), complaint
    assert time.monotonic() - began < 5


def test_received_copy_is_judged_without_an_instance(empty) -> None:
    path = empty.write("copy.eml", TRACES + sign())

    result = empty("doctor", path)

    assert result.status == 0
    assert (
        "COPY-1\tok\tmx.mailbox.example says spf=pass for bounces.courier.example\t" in result.out
    )
    assert "COPY-2\tnote\tsignature of courier.example (friday): not verified" in result.out
    assert READER not in result.out


def test_received_copy_is_verified_with_a_key_that_is_given(empty) -> None:
    path = empty.write("copy.eml", TRACES + sign())
    key = empty.write("key.txt", RSA.dns_record().value)
    other = DkimSigner("courier.example", "friday", new_private_key(KeyType.RSA))
    forged = empty.write("forged.eml", sign_message([other], MESSAGE, NOW))

    assert "COPY-2\tok\t" in empty.good("doctor", path, "--key", key)
    assert empty("doctor", forged, "--key", key).status == 1


def test_received_copy_is_verified_with_the_key_of_the_configuration(drafted) -> None:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    pem = RSA.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    drafted.write("friday.pem", pem).chmod(0o600)
    drafted.configure(
        "schedule = {", 'dkim = [{ selector = "friday", key_file = "friday.pem" }]\nschedule = {'
    )
    path = drafted.write("copy.eml", TRACES + sign())

    said = json.loads(drafted.good("doctor", path, "--json"))

    assert [one["text"] for one in said["findings"] if one["id"] == "COPY-2"] == [
        "signature of courier.example (friday): valid"
    ]
    assert {one["family"] for one in said["findings"]} == {"The copy"}


def test_received_copy_is_verified_by_the_dns(empty) -> None:
    path = empty.write("copy.eml", TRACES + sign())
    record = RSA.dns_record()
    zone = f'{record.name}. IN TXT "{record.value[:200]}" "{record.value[200:]}"\n'
    zone += '_dmarc.courier.example. IN TXT "v=DMARC1; p=none"'
    with NameServer(zone) as names:
        out = empty.good("doctor", path, "--online", "--resolver", names.address)

    assert "COPY-2\tok\tsignature of courier.example (friday): valid\t" in out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--key", "friday.pem"), "--key is for a message"),
        (("copy.eml", "--only", "SPF"), "--only is for an instance"),
    ],
)
def test_options_that_do_not_go_together_are_refused(empty, words, complaint: str) -> None:
    result = empty("doctor", *words)

    assert (result.status, complaint in result.err) == (1, True)


def test_message_that_is_not_there_is_named(empty) -> None:
    result = empty("doctor", "nowhere.eml")

    assert (result.status, "nowhere.eml: cannot be read" in result.err) == (1, True)


FOUND = (
    Finding("FRIDAY-1", Level.OK, "weekly: Friday 2026-12-04 07:00 GMT", ""),
    Finding("STORE-1", Level.OK, "the schema is right", ""),
    Finding("SPF-1", Level.WARN, "SPF of a.example: no all", "end it in -all"),
    Finding("DMARC-1", Level.ERROR, "DMARC of a.example: \x1b[2Jno record", "publish one"),
    Finding("MX-1", Level.OK, "MX of a.example", ""),
)


def drawn(width: int = 80, *, whole: bool = False) -> list[str]:
    page = io.StringIO()
    console = Console(file=page, width=width, markup=False, highlight=False)
    sheet = Sheet(FOUND, family_of, frozenset({"FRIDAY-1"}), whole)
    sheet.draw(console, ["Nothing was asked."])
    return [line.rstrip() for line in page.getvalue().splitlines()]


def test_sheet_shows_by_family_what_is_not_well_the_worst_first() -> None:
    assert drawn() == [
        "",
        "The next issue",
        "     ok  FRIDAY-1     weekly: Friday 2026-12-04 07:00 GMT",
        "",
        "What receivers find   1 more well",
        "  error  DMARC-1      DMARC of a.example: \N{REPLACEMENT CHARACTER}[2Jno record",
        "                   →  publish one",
        "   warn  SPF-1        SPF of a.example: no all",
        "                   →  end it in -all",
        "",
        "All well: Database.",
        "1 error, 1 warning, 3 well.",
        "Nothing was asked.",
    ]


def test_sheet_shows_all_where_that_is_wanted() -> None:
    assert "     ok  STORE-1      the schema is right" in drawn(whole=True)


@pytest.mark.parametrize("width", [40, 60, 200])
def test_sheet_fits_its_terminal(width: int) -> None:
    lines = drawn(width)

    assert all(len(line) <= min(width, 100) for line in lines)
    assert "publish" in "".join(lines)


def test_preview_says_when_the_last_copy_would_leave_before_anything_is_approved(drafted) -> None:
    drafted.configure("connections = 2", "per_hour = 1")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "preview", "weekly", "--out", drafted.folder / "look")

    assert "The last copy will leave about Friday 08:01 (limited by relays.main.per_hour).\n" in out
    assert "weekly/1  draft" in drafted.good("issue", "show", "weekly")


def test_approval_says_when_the_last_copy_leaves(drafted) -> None:
    drafted.configure("connections = 2", "per_hour = 1")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "approve", "weekly")

    assert "The last copy will leave about Friday 08:01 (limited by relays.main.per_hour).\n" in out


def test_approval_names_the_day_when_it_is_another(drafted) -> None:
    drafted.configure("connections = 2", "warm_up = { start = 2098-12-30, per_day = [1, 1, 1, 1] }")
    drafted.good("issue", "schedule", "weekly", "--at", "2099-01-02 07:00")

    out = drafted.good("issue", "approve", "weekly")

    assert (
        "The last copy will leave about Saturday 2099-01-03 00:00 "
        "(limited by relays.main.warm_up).\n" in out
    )


def test_approval_of_next_fridays_issue_speaks_of_its_slot(drafted) -> None:
    out = drafted.good("issue", "approve", "weekly")

    assert re.search(r"\nThe last copy will leave about Friday 07:00 \(limited by ", out)


def test_approval_of_an_issue_without_a_moment_says_nothing_of_it(drafted) -> None:
    drafted.good("issue", "new", "weekly", "--extra")
    drafted.good("issue", "pick", "weekly/2", 1, "--section", "News")
    drafted.good("issue", "set", "weekly/2", "subject=Extra")

    assert "last copy" not in drafted.good("issue", "approve", "weekly/2")
