"""No secret of the configuration comes into a backup."""

import pytest

from digest.operations.backup.redacting import LEFT_OUT, redact


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2hunter2"',
        "password = 'hunter2hunter2'",
        'relay = { host = "a", password = "hunter2hunter2", port = 25 }',
        'server_token="hunter2hunter2"',
        'password = """\nhunter2hunter2"""',
        '"password" = "hunter2hunter2"',
        'url = "postgresql://friday:hunter2hunter2@db/friday"',
        '#password = "hunter2hunter2"',
    ],
)
def test_secrets_are_left_out(line: str) -> None:
    found = redact(f"[relays.main]\n{line}\n")

    assert found is not None
    assert "hunter2" not in found


def test_where_a_secret_is_stays() -> None:
    text = 'password_file = "/run/secrets/relay"\npassword_env = "RELAY"\nport = 25\n'

    assert redact(text) == text


def test_file_whose_secret_cannot_be_told_apart_stays_out() -> None:
    assert redact('a.password."x" = "hunter2"\n') is None
    assert redact("password = 1234\n") is None
    assert redact("not toml") is None
    assert LEFT_OUT in (redact('password = "x"') or "")
