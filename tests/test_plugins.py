"""Short names become classes; a name that does not says what there is, or why not."""

from importlib.metadata import entry_points

import pytest

from digest.errors import ConfigError
from digest.plugins import list_plugins, load_plugin

OURS = [
    (group, name)
    for group in ("digest.backends", "digest.sources")
    for name in sorted(entry_points(group=group).names)
]


def test_our_own_plugins_are_installed() -> None:
    assert {"smtp", "maildir", "console", "memory"} <= {
        n for g, n in OURS if g == "digest.backends"
    }
    assert {"feed", "page"} <= {name for group, name in OURS if group == "digest.sources"}


@pytest.mark.parametrize(("group", "name"), OURS)
def test_every_installed_plugin_loads(group: str, name: str) -> None:
    assert isinstance(load_plugin(group, name), type)


def test_plugin_may_be_named_by_module_and_class() -> None:
    assert load_plugin("digest.backends", "digest.clock:FixedClock").__name__ == "FixedClock"


def test_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(ConfigError, match=r"'pigeon' \(installed: .*maildir.*smtp.*\)"):
        load_plugin("digest.backends", "pigeon")


def test_unknown_group_says_that_nothing_is_installed() -> None:
    with pytest.raises(ConfigError, match=r"\(installed: none\)"):
        load_plugin("digest.horses", "grey")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("digest.no_such_module:Backend", "No module named 'digest.no_such_module'"),
        ("digest.clock:NoSuchClass", "has no attribute 'NoSuchClass'"),
        (":Backend", "Empty module name"),
        ("digest.clock:", "cannot be loaded"),
    ],
)
def test_import_that_fails_says_why(name: str, why: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"digest\.backends: '{name}' cannot be loaded.*"
    ) as caught:
        load_plugin("digest.backends", name)

    assert why in str(caught.value)


def test_list_of_plugins_has_short_names_alone() -> None:
    assert list_plugins("digest.sources") == ["feed", "page"]
    assert list_plugins("digest.nothing") == []
