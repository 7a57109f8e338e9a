"""What a forecast says limits it, for people who do not know the configuration; pure."""

from digest.delivery.pacing.forecast import MORNINGS

PREFIX, GROUPS = "relays.", ".groups."
KINDS = {
    "connections": "the connections that the relay {relay} allows",
    "per_second": "the copies a second that the relay {relay} allows",
    "per_hour": "the copies an hour that the relay {relay} allows",
    "warm_up": "the warm-up of the relay {relay}",
}


def limit_in_words(key: str) -> str:
    """Return what stands for a key that `Forecast.limited_by` may be; one that is not known stays
    as it is. The words go on after “limited by”.
    """
    if key == MORNINGS:
        return "the last readers’ morning"
    scope, _, kind = key.removeprefix(PREFIX).rpartition(".")
    if not key.startswith(PREFIX) or kind not in KINDS:
        return key
    relay, _, group = scope.partition(GROUPS)
    words = KINDS[kind].format(relay=relay)
    return f"{words} to {group}" if group else words
