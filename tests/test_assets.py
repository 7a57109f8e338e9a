"""The files that travel with the code are found, wherever the code is."""

import pytest

from digest.assets import asset
from digest.errors import ConfigError


@pytest.mark.parametrize("name", ["templates", "migrations", "config.example.toml"])
def test_asset_is_found(name: str) -> None:
    assert asset(name).exists()


def test_asset_does_not_depend_on_the_current_folder(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))

    assert (asset("migrations") / "env.py").is_absolute()
    assert (asset("migrations") / "env.py").is_file()


def test_asset_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="incomplete: no-such-thing is missing"):
        asset("no-such-thing")
