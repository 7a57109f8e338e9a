"""Message-IDs: the same for one copy, different for any other, telling nothing."""

import re

from digest.delivery.message_ids import make_message_id
from digest.keys import KeyRing


def test_message_id_is_the_same_at_every_try(keys: KeyRing) -> None:
    one, two = (make_message_id(keys.message[0], "copy 7", "courier.example") for _ in range(2))

    assert one == two
    assert re.fullmatch(r"<[a-f0-9]{32}@courier\.example>", one)


def test_message_ids_differ_by_copy_and_by_key(keys: KeyRing) -> None:
    ids = {
        make_message_id(key, f"copy {number}", "courier.example")
        for key in (keys.message[0], keys.seal[0])
        for number in range(1000)
    }

    assert len(ids) == 2000
