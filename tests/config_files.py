"""The smallest configuration file, read, and what is said of a wrong one."""

from pathlib import Path

import pytest

from digest.config import Config, load_config
from digest.errors import ConfigError

SMALLEST = """
[web]
public_url = "https://digest.gazette.example"

[relays.main]
backend = "console"

[[newsletters]]
slug = "friday"
name = "The Gazette on Friday"
host = "digest.gazette.example"
relay = "main"
postal_address = "12 Quay Street, Exampleton"
sender = { name = "The Gazette", address = "friday@gazette.example" }
"""


def load(folder: Path, text: str = SMALLEST) -> Config:
    path = folder / "config.toml"
    path.write_text(text)
    return load_config(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value)
