"""The tables of the providers that are listened to: each with a secret, for relays there are."""

from pathlib import Path

import pytest

from digest.config import MailgunHookConfig
from tests.config_files import SMALLEST, load, refusal

MAILGUN = '[hooks.mailgun]\nrelays = ["main"]\nsigning_key_file = "mailgun-key"\n'
SES = '[hooks.ses]\nrelays = ["main"]\ntopics = ["{topic}"]\nsecret_env = "SECRET"\n'
TOPIC = "arn:aws:sns:eu-west-1:123456789012:friday"


def test_without_a_table_nobody_is_listened_to(tmp_path: Path) -> None:
    assert load(tmp_path).hooks.open == {}


def test_secret_lies_in_the_folder_of_the_file(tmp_path: Path) -> None:
    table = load(tmp_path, SMALLEST + MAILGUN).hooks.mailgun

    assert isinstance(table, MailgunHookConfig)
    assert table.signing_key_file == tmp_path.resolve() / "mailgun-key"
    assert table.relays == ["main"]


def test_topics_are_whole_names(tmp_path: Path) -> None:
    assert load(tmp_path, SMALLEST + SES.format(topic=TOPIC)).hooks.ses is not None
    for topic in ("friday", f"{TOPIC}/*", "arn:aws:sns:eu-west-1:123456789012:*", f"x{TOPIC}"):
        assert "hooks.ses.topics.0" in refusal(tmp_path, SMALLEST + SES.format(topic=topic))


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        (MAILGUN.replace('"main"', '"other"'), "hooks.mailgun: no [relays.other]"),
        (MAILGUN.replace('["main"]', "[]"), "hooks.mailgun.relays"),
        (MAILGUN.replace("signing_key_file", "signing_key_path"), "this key is unknown"),
        ('[hooks.mailgun]\nrelays = ["main"]\n', "needs one of signing_key, signing_key_file"),
        ('[hooks.postmark]\nrelays = ["main"]\npassword = "p"\n', "hooks.postmark.username"),
        ("[hooks.sparrow]\n", "hooks.sparrow: this key is unknown"),
    ],
)
def test_table_that_would_not_do_is_refused(tmp_path: Path, tables: str, said: str) -> None:
    assert said in refusal(tmp_path, SMALLEST + tables)


def test_relay_that_moved_to_another_provider_is_both_of_theirs(tmp_path: Path) -> None:
    """What the old one has still to tell comes for weeks."""
    hooks = load(tmp_path, SMALLEST + MAILGUN + SES.format(topic=TOPIC)).hooks

    assert {name: table.relays for name, table in hooks.open.items()} == {
        "mailgun": ["main"],
        "ses": ["main"],
    }
