"""Levels are the newsroom's; the page of the manual is true."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from digest.config import Config, check
from digest.errors import ConfigError
from digest.press.preflight.checks import CHECKS
from digest.press.preflight.findings import Level
from digest.press.preflight.registry import gathered
from digest.press.preflight.rules import Rules
from digest.press.preflight.verdict import rules_of

PAGE = Path(__file__).parents[3] / "docs" / "preflight.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (block|warn|note) \| (.+?) \|", re.MULTILINE)
SMALLEST = {
    "web": {"public_url": "https://digest.gazette.example"},
    "relays": {"main": {"backend": "console"}},
    "newsletters": [
        {
            "slug": "friday",
            "name": "The Gazette on Friday",
            "host": "digest.gazette.example",
            "relay": "main",
            "postal_address": "12 Quay Street, Exampleton",
            "sender": {"name": "The Gazette", "address": "friday@gazette.example"},
        }
    ],
}


def config(**preflight: object) -> Config:
    return check(Config, {**SMALLEST, "preflight": preflight}, where="here")


@pytest.mark.parametrize("level", list(Level))
def test_newsroom_sets_a_level(table, level: Level) -> None:
    rules = Rules(levels={"subject-shouts": level})

    report = table.judge(table.lay(table.view(subject="STRIKE OVER"), rules=rules))

    assert [one.level for one in report.findings if one.check == "subject-shouts"] == [level]


def test_check_that_is_off_is_not_run(table) -> None:
    rules = Rules(levels={"subject-shouts": None, "type-small": None})

    assert table.judge(table.lay(table.view(subject="STRIKE OVER"), rules=rules)).findings == ()


def test_rules_are_those_of_the_configuration() -> None:
    given = config(
        levels={"why": "off", "link-crowd": "block"},
        allowed_hosts=["partner.example"],
        oldest_days=30,
        spamassassin=False,
    )

    assert rules_of(given, "config.toml") == Rules(
        levels={"why": None, "link-crowd": Level.BLOCK},
        allowed_hosts=("partner.example",),
        oldest_days=30,
        public_url="https://digest.gazette.example",
        spamassassin=False,
    )


def test_level_of_a_check_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^config\.toml: preflight\.levels\.link-deed: no check"):
        rules_of(config(levels={"link-deed": "block"}), "config.toml")


def test_level_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match=r"here: preflight\.levels\.link-dead: "):
        config(levels={"link-dead": "fatal"})


def test_two_checks_of_one_id_are_a_mistake() -> None:
    from digest.press.preflight.checks import size

    with pytest.raises(ValueError, match="two checks have the id 'html-too-large'"):
        gathered(size, size)


def test_page_lists_exactly_the_checks_there_are() -> None:
    """Id, usual level and meaning, in the order in which they are run."""
    shown = ROW.findall(PAGE.read_text("utf-8"))

    assert shown == [(one.id, one.level.value, one.means) for one in CHECKS.values()]


def test_findings_come_worst_first(table) -> None:
    material = table.lay(table.view(subject="STRIKE OVER"), answers={})
    bad = replace(material, view=replace(material.view, preheader=""))

    levels = [one.level for one in table.judge(bad).findings]

    assert levels == sorted(levels, key=list(Level).index)
