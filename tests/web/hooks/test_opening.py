"""A hook without a secret that is one does not open, and the web server says why and does not
start.
"""

from pathlib import Path

import pytest

from digest.clock import SystemClock
from digest.errors import ConfigError
from digest.testing.newsroom import open_newsroom
from digest.web.app import create_web
from tests.delivery.feedback.sns_messages import TOPIC

SES = f'[hooks.ses]\nrelays = ["main"]\ntopics = ["{TOPIC}"]\n'
POSTMARK = '[hooks.postmark]\nrelays = ["main"]\nusername = "friday"\n'
MAILGUN = '[hooks.mailgun]\nrelays = ["main"]\n'
SENDGRID = '[hooks.sendgrid]\nrelays = ["main"]\n'


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (MAILGUN + 'signing_key = ""', "hooks.mailgun.signing_key: it is empty"),
        (MAILGUN + 'signing_key_file = "blank"', "hooks.mailgun.signing_key: it is empty"),
        (MAILGUN + 'signing_key_file = "none"', "the secret cannot be read"),
        (MAILGUN + 'signing_key_env = "NO_SUCH_KEY"', "NO_SUCH_KEY is not set"),
        (POSTMARK + 'password = "short"', "hooks.postmark.password: at least 16"),
        (
            SENDGRID + 'public_key = "x"',
            "config.toml: hooks.sendgrid.public_key: this is no public key",
        ),
        (SES + 'secret = "short"', "hooks.ses.secret: at least 20"),
        (SES + 'secret = "long enough, but has blanks"', "letters, digits, - and _ only"),
    ],
)
def test_secret_that_is_none_opens_nothing(
    tmp_path: Path, migrated_file: Path, table: str, said: str
) -> None:
    (tmp_path / "blank").write_text(" \n")
    (tmp_path / "digest.db").write_bytes(migrated_file.read_bytes())
    more = {"[preflight]\n": f"{table}\n[preflight]\n"}

    with (
        open_newsroom(tmp_path, SystemClock(), more=more) as newsroom,
        pytest.raises(ConfigError, match=said) as caught,
    ):
        create_web(newsroom.app)
    assert "short" not in str(caught.value)


def test_without_a_table_there_is_no_such_place(house) -> None:
    for provider in ("mailgun", "postmark", "sendgrid", "ses/x"):
        assert house.client.post(f"/hooks/{provider}", content=b"{}").status_code == 404
