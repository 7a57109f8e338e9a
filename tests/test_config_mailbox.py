"""The mailbox readers write to: addresses that can carry an extension, and a safe way in."""

from pathlib import Path

import pytest

from digest.keys import new_key_ring
from digest.subscribers.lifecycle import new_public_id
from digest.tokens import Purpose, TokenSigner
from tests.config_files import SMALLEST, load, refusal

MAILBOX = """
[newsletters.mailbox]
address = "friday@gazette.example"
"""


def test_mailbox_alone_is_enough_for_a_pipe(tmp_path: Path) -> None:
    mailbox = load(tmp_path, SMALLEST + MAILBOX).newsletters[0].mailbox

    assert mailbox is not None
    assert mailbox.with_extension("join.friday") == "friday+join.friday@gazette.example"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("nineteen.characters@gazette.example", "at most 18 characters before the @"),
        ("our+friday@gazette.example", "the separator '+' must not be in the address itself"),
        ("Friday@gazette.example", "small letters, digits, dots and dashes only"),
        ("fri/day@gazette.example", "small letters, digits, dots and dashes only"),
    ],
)
def test_mailbox_address_that_cannot_carry_an_extension_is_refused(
    tmp_path: Path, address: str, said: str
) -> None:
    text = SMALLEST + MAILBOX.replace("friday@gazette.example", address)

    assert said in refusal(tmp_path, text)


def test_longest_mailbox_address_makes_a_local_part_of_64(tmp_path: Path) -> None:
    text = SMALLEST + MAILBOX.replace("friday@", f"{'f' * 18}@")
    mailbox = load(tmp_path, text).newsletters[0].mailbox
    assert mailbox is not None
    token = TokenSigner(new_key_ring()).sign_address(Purpose.CONFIRM_BY_MAIL, new_public_id())

    address = mailbox.with_extension(f"confirm.{token}")

    assert len(address.partition("@")[0]) == 64


def test_long_slug_leaves_less_room_for_the_mailbox(tmp_path: Path) -> None:
    text = (SMALLEST + MAILBOX).replace('slug = "friday"', f'slug = "{"s" * 41}"')

    assert "at most 16 characters" in refusal(tmp_path, text.replace("friday@", f"{'f' * 17}@"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('host = "imap.gazette.example"', "host needs username and one of password"),
        ('host = "imap.gazette.example"\nusername = "friday"', "host needs username and one of"),
        ('username = "friday"', "a user name or password is given and no host"),
        (
            'host = "imap.gazette.example"\nusername = "f"\npassword = "p"\nsecurity = "none"',
            "a password is never sent in clear",
        ),
    ],
)
def test_mailbox_without_a_safe_way_in_is_refused(tmp_path: Path, lines: str, said: str) -> None:
    assert said in refusal(tmp_path, f"{SMALLEST}{MAILBOX}{lines}\n")


def test_mailbox_on_this_machine_may_be_without_tls(tmp_path: Path) -> None:
    lines = 'host = "127.0.0.1"\nusername = "f"\npassword = "p"\nsecurity = "none"\n'

    assert load(tmp_path, f"{SMALLEST}{MAILBOX}{lines}").newsletters[0].mailbox is not None


def test_mailbox_that_two_newsletters_share_is_fetched_from_once(tmp_path: Path) -> None:
    fetched = f'{MAILBOX}host = "imap.gazette.example"\nusername = "f"\npassword = "p"\n'
    first = SMALLEST[SMALLEST.index("[[newsletters]]") :] + fetched
    text = SMALLEST + fetched + first.replace('slug = "friday"', 'slug = "sunday"')

    assert [each.host for each in load(tmp_path, text).mailboxes] == ["imap.gazette.example"]
    assert load(tmp_path, SMALLEST + MAILBOX).mailboxes == []


def test_mailbox_of_a_guarded_newsletter_must_not_name_it(tmp_path: Path) -> None:
    guarded = SMALLEST.replace(
        "postal_address",
        'guarded = true\nguarded_names = ["courier"]\npublic_url = "https://letters.example"\n'
        "postal_address",
    )
    text = guarded + MAILBOX.replace("friday@gazette", "friday@courier")

    assert "guarded: mailbox.address holds 'courier'" in refusal(tmp_path, text)
