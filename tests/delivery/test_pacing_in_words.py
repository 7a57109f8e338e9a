"""What limits a departure, in people's words."""

import pytest

from digest.delivery.pacing.in_words import limit_in_words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("relays.main.connections", "the connections that the relay main allows"),
        ("relays.main.per_second", "the copies a second that the relay main allows"),
        ("relays.my.relay.per_hour", "the copies an hour that the relay my.relay allows"),
        ("relays.main.warm_up", "the warm-up of the relay main"),
        (
            "relays.main.groups.gmail.per_hour",
            "the copies an hour that the relay main allows to gmail",
        ),
        ("schedule.readers_morning", "the last readers’ morning"),
        ("relays.main.moon", "relays.main.moon"),
        ("", ""),
    ],
)
def test_limit_is_said_in_words(key: str, words: str) -> None:
    assert limit_in_words(key) == words
