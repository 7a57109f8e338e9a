"""How long ago something was, or how soon it is, in a few words; pure."""

from datetime import datetime, timedelta

STEPS = (
    (timedelta(minutes=1), timedelta(hours=1), "minute"),
    (timedelta(hours=1), timedelta(days=1), "hour"),
    (timedelta(days=1), timedelta(days=14), "day"),
)


def age(moment: datetime, now: datetime) -> str:
    """Return ``3 hours ago``, ``in 5 minutes``, ``just now``, or a date two weeks away."""
    apart = abs(now - moment)
    for unit, until, name in STEPS:
        if apart < unit:
            return "just now" if moment <= now else "now"
        if apart < until:
            count = apart // unit
            words = f"{count} {name}{'' if count == 1 else 's'}"
            return f"{words} ago" if moment < now else f"in {words}"
    return f"{moment.day} {moment:%b %Y}"
