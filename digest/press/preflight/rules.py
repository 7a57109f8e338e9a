"""What a newsroom decides of preflight: levels, whose articles are expected, what counts as old."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from digest.press.preflight.findings import Level


@dataclass(frozen=True, slots=True)
class Rules:
    """The newsroom's word on the checks; without any, each check has its own level.

    `levels` by check id, None for a check that is off. `spamassassin`: whether to ask it where it
    is installed, which takes a second.
    """

    levels: Mapping[str, Level | None] = field(default_factory=dict)
    allowed_hosts: tuple[str, ...] = ()
    oldest_days: int = 14
    public_url: str = ""
    spamassassin: bool = False
