"""The overview is true to the commands, and nothing is loaded that was not asked for."""

import subprocess
import sys

import pytest

from digest.cli.main import Commands

HEAVY = ("digest.app", "digest.demo", "sqlalchemy", "pydantic", "alembic", "lxml", "jinja2")


@pytest.mark.parametrize("name", Commands.entries)
def test_overview_says_what_the_command_says_of_itself(name: str) -> None:
    command = Commands(name="digest").commands[name]

    assert command.name == name
    assert command.get_short_help_str(200) == Commands.entries[name].help


def loaded_by(*words: str) -> set[str]:
    """Return the modules that a program of its own has loaded after a command."""
    program = (
        "import sys\nfrom digest.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    sys.stderr.write(' '.join(sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60
    )
    return set(ended.stderr.split())


@pytest.mark.parametrize("words", [("--help",), ("--version",), ()])
def test_help_loads_no_store_and_no_command(words: tuple[str, ...]) -> None:
    loaded = loaded_by(*words)

    assert "digest.cli.main" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_scheduler_loads_nothing_that_only_editors_need(line) -> None:
    loaded = loaded_by("--config", str(line.folder / "config.toml"), "tick")

    assert "digest.delivery.sender" in loaded
    heavy = {"alembic", "lxml", "nh3", "feedparser", "httpcore", "mjml", "prometheus_client"}
    assert loaded.isdisjoint(heavy)
