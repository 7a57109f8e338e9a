"""RELAY-4: how long those who carry copies keep who got one. Their logs and queues hold addresses
that the database seals.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.config import Config, RelayConfig
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well
from digest.operations.doctor.names import is_here

LOGS = Path("/var/log")
POSTFIX = Path("/etc/postfix/main.cf")
LONGEST = timedelta(days=7)
LIFETIMES = ("maximal_queue_lifetime", "bounce_queue_lifetime")  # five days, unless they say more
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def check_retention(case: Case) -> Iterator[Said]:
    """RELAY-4: a mail server on this machine forgets within days who got what."""
    config = case.app.config
    here = [name for name, relay in config.relays.items() if _is_on_this_machine(relay)]
    if here:
        yield from judge_logs(oldest_mail_log(LOGS), case.app.clock.now())
        yield from judge_queue(_read(POSTFIX))
    for name, relay in config.relays.items():
        if name in here:
            continue
        if relay.backend in {"smtp", "postmark"} and _is_for_guarded(config, name):
            yield note(
                f"relays.{name}: a guarded newsletter goes through somebody else's relay, whose "
                "logs name its readers",
                "ask how long they are kept, and under which country's law",
            )


def _is_on_this_machine(relay: RelayConfig) -> bool:
    return relay.backend == "smtp" and is_here(str(relay.options.get("host", "")))


def _is_for_guarded(config: Config, relay: str) -> bool:
    return any(n.guarded and relay in (n.relay, *n.spare_relays) for n in config.newsletters)


def oldest_mail_log(folder: Path) -> datetime | None:
    """Return when the oldest log of mail in a folder was last written; None where there is none."""
    found = [*folder.glob("mail.log*"), *folder.glob("maillog*")]
    try:
        times = [path.stat().st_mtime for path in found]
    except OSError:
        return None
    return datetime.fromtimestamp(min(times), UTC) if times else None


def judge_logs(oldest: datetime | None, now: datetime) -> Iterator[Said]:
    """Judge how far the logs of mail go back."""
    if oldest is None:
        return
    days = (now - oldest).days
    if now - oldest > LONGEST:
        yield warn(
            f"the mail server's logs on this machine go back {days} days and more: they say who "
            "reads what",
            "let logrotate throw mail.log away after some days (docs/postfix.md)",
        )
    else:
        yield well("the mail server's logs on this machine go back some days only")


def judge_queue(main_cf: str) -> Iterator[Said]:
    """Judge for how long Postfix keeps mail that it cannot deliver, by its configuration."""
    for key in LIFETIMES:
        for found in re.finditer(rf"^{key}\s*=\s*(\d+)([smhdw]?)\s*$", main_cf, re.MULTILINE):
            lifetime = timedelta(seconds=int(found[1]) * _UNITS[found[2] or "d"])
            if lifetime > LONGEST:
                yield warn(
                    f"Postfix: {key} is {found[1]}{found[2]}: copies lie in its queue for longer "
                    "than a week",
                    f"set {key} to a few days in main.cf: the next issue has come by then",
                )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
