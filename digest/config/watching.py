"""The ``[watching]`` table: who watches Friday, and what it watches itself."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from digest.config.kinds import Address, PublicUrl, Slug, Strict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _probed_url(value: str) -> str:
    if "#" in value:
        raise ValueError("must be an address without #")
    return value


PingUrl = Annotated[PublicUrl, AfterValidator(_probed_url)]


class WatchingConfig(Strict):
    """Who hears of trouble, what counts as such, and where machines may look.

    `relay` is tried first for alerts; `ping_url` is fetched while all goes well, `fail_url` while
    it does not. Either is a secret where it names a check, so each may stand in a file of its own,
    which goes first.
    Metrics are served on `metrics_host` and `metrics_port`, never among the reader pages; anywhere
    but on loopback they want a token. 0 switches a limit off.
    """

    operators: list[Address] = Field(default=[], max_length=50)
    relay: Slug | None = None
    ping_url: PingUrl | None = None
    ping_url_file: Path | None = None
    fail_url: PingUrl | None = None
    fail_url_file: Path | None = None
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    metrics_host: str = "127.0.0.1"
    metrics_token_file: Path | None = None
    disk_free_mb: int = Field(default=1000, ge=0)
    backup_days: float = Field(default=2, ge=0, le=365)

    @model_validator(mode="after")
    def _metrics_are_guarded(self) -> "WatchingConfig":
        abroad = self.metrics_port is not None and self.metrics_host not in LOOPBACK
        if abroad and self.metrics_token_file is None:
            raise ValueError("metrics_token_file: needed where metrics_host is not loopback")
        return self

    def in_folder(self, folder: Path) -> "WatchingConfig":
        """Return the same with paths that are relative to a folder made whole."""
        names = ("ping_url_file", "fail_url_file", "metrics_token_file")
        paths = {name: folder / path for name in names if (path := getattr(self, name))}
        return self.model_copy(update=paths)
