"""Keys at the command line: made, shown, and good for a receiver that reads what is shown."""

import re
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest

from digest.config import load_config
from digest.delivery.dkim.signing import load_signers, sign

NOW = datetime(2025, 1, 3, 7, 0, tzinfo=UTC)  # dkimpy refuses signatures from the future
HEAD = b"From: <letters@courier.example>\r\nSubject: Fog\r\n"
BODY = b"Thick.\r\n"
SECOND = """
[[newsletters]]
slug = "monthly"
name = "The Month"
host = "courier.example"
sender = { name = "The Month", address = "month@mail.courier.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
"""


def configure_keys(line, *selectors: str) -> None:
    """Put keys into the configuration of the only newsletter."""
    for selector in selectors:
        table = f'[[newsletters.dkim]]\nselector = "{selector}"\nkey_file = "{selector}.pem"\n'
        line.write("config.toml", (line.folder / "config.toml").read_text() + table)


def zone(shown: str) -> dict[str, bytes]:
    """Return the TXT records among zone file lines, each name with its dot."""
    lines = re.findall(r"(?m)^(\S+\.) IN TXT \( (.+) \)$", shown)
    return {name: "".join(re.findall('"([^"]{1,255})"', rest)).encode() for name, rest in lines}


def verified(folder: Path, answers: dict[str, bytes]) -> list[bool]:
    """Sign as configured; return what a receiver makes of each signature with these records."""
    newsletter = load_config(folder / "config.toml").newsletters[0]
    signers = load_signers(newsletter.dkim, newsletter.sender.address)
    message = sign(signers, HEAD, BODY, NOW) + HEAD + b"\r\n" + BODY
    return [
        dkim.DKIM(message).verify(idx=number, dnsfunc=lambda name, timeout: answers[name.decode()])
        for number in range(len(signers))
    ]


def test_records_as_printed_verify_the_signatures(line) -> None:
    made = line.good("dkim", "new", "--selector", "r1", "--type", "rsa")
    made += line.good("dkim", "new", "--selector", "e1", "--type", "ed25519")
    configure_keys(line, "r1", "e1")

    assert list(zone(made)) == ["r1._domainkey.courier.example.", "e1._domainkey.courier.example."]
    assert verified(line.folder, zone(made)) == [True, True]


def test_show_prints_the_same_records_again(line) -> None:
    made = line.good("dkim", "new", "--selector", "r1")
    made += line.good("dkim", "new", "--selector", "e1", "--type", "ed25519")
    configure_keys(line, "r1", "e1")
    shown = line.good("dkim", "show")

    assert zone(shown) == zone(made)
    assert "weekly, rsa:" in shown
    assert "weekly, ed25519:" in shown


def test_record_is_printed_whole_beside_the_zone_line(line) -> None:
    made = line.good("dkim", "new", "--selector", "r1")

    (name, value), *_ = zone(made).items()
    assert len(value) > 255
    assert f"TXT record:  {name.rstrip('.')}\n" in made
    assert f"its value:   {value.decode()}\n" in made


def test_new_tells_what_to_put_into_the_configuration(line) -> None:
    made = line.good("dkim", "new", "--selector", "e1", "--type", "ed25519")
    table = made[made.index("[[newsletters.dkim]]") :]
    line.write("config.toml", (line.folder / "config.toml").read_text() + table)

    assert verified(line.folder, zone(made)) == [True]


def test_key_file_is_ours_alone_and_kept(line) -> None:
    line.good("dkim", "new", "--selector", "e1", "--type", "ed25519")
    path = line.folder / "e1.pem"
    before = path.read_bytes()

    refused = line.bad("dkim", "new", "--selector", "e1")
    assert refused == f"{path}: a key file is already there; it is never overwritten"
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_key_configured_beforehand_is_made_where_it_is_looked_for(line) -> None:
    keys = '[[newsletters.dkim]]\nselector = "e1"\nkey_file = "other.pem"\ndomain = "{}"\n'
    line.configure("letters@courier.example", "letters@mail.courier.example")
    before = (line.folder / "config.toml").read_text()
    line.write("config.toml", before + keys.format("courier.example"))
    made = line.good("dkim", "new", "--selector", "e1", "--type", "ed25519")

    assert list(zone(made)) == ["e1._domainkey.courier.example."]
    assert "[[newsletters.dkim]]" not in made
    assert verified(line.folder, zone(made)) == [True]


def test_new_is_made_for_the_newsletter_that_is_named(line) -> None:
    line.write("config.toml", (line.folder / "config.toml").read_text() + SECOND)
    made = line.good("dkim", "new", "--selector", "e1", "--newsletter", "monthly")

    assert list(zone(made)) == ["e1._domainkey.mail.courier.example."]


def test_new_needs_a_name_among_several_newsletters(line) -> None:
    line.write("config.toml", (line.folder / "config.toml").read_text() + SECOND)

    assert "(there are: weekly, monthly)" in line.bad("dkim", "new", "--selector", "e1")
    refused = line.bad("dkim", "new", "--selector", "e1", "--newsletter", "daily")
    assert "no newsletter has the slug 'daily'" in refused


@pytest.mark.parametrize("selector", ["../e1", "E1", "e 1", "", "e.1", "-e1"])
def test_selector_the_dns_would_not_take_is_refused(line, selector: str) -> None:
    before = set(line.folder.iterdir())

    assert line.bad("dkim", "new", "--selector", selector).startswith("--selector: selector:")
    assert set(line.folder.iterdir()) == before


def test_show_without_keys_says_so(line) -> None:
    assert line.good("dkim", "show").startswith("No newsletter has a key")


def test_show_names_a_key_that_is_missing(line) -> None:
    configure_keys(line, "e1")

    assert line.bad("dkim", "show").startswith(f"{line.folder / 'e1.pem'}: the key cannot be read")
