"""The signed sums that are left of an issue: their form, and whether nobody has changed them.

The signature is HMAC-SHA-256 with a message key over the issue's public id and the sums as
canonical JSON: keys sorted, no blanks, ASCII only.
"""

import hmac
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from digest.keyed import KeyedHash
from digest.keys import Key, KeyRing
from digest.models import DeliveryState, LedgerSum, Origin

StateCounts = Counter[tuple[DeliveryState, Origin]]


def sign_sums(key: Key, public_id: str, sums: Mapping[str, Any]) -> bytes:
    """Return the signature (32 bytes) of an issue's sums."""
    said = json.dumps([public_id, sums], sort_keys=True, separators=(",", ":"))
    return KeyedHash(key.secret, b"ledger sums\0").digest(said.encode())


def is_genuine(keys: KeyRing, public_id: str, row: LedgerSum) -> bool:
    """Tell whether sums are as they were signed; False too when their key is not in the ring."""
    return any(
        key.id == row.key_id and hmac.compare_digest(sign_sums(key, public_id, row.sums), row.mac)
        for key in keys.message
    )


def counts_as_json(counts: StateCounts) -> dict[str, dict[str, int]]:
    """Return counts by state and origin as they are kept."""
    return {
        origin.value: {
            state.value: counts[state, origin] for state in DeliveryState if counts[state, origin]
        }
        for origin in Origin
    }


def counts_from_json(kept: Mapping[str, Mapping[str, int]]) -> StateCounts:
    """Return the counts that `counts_as_json` kept."""
    return Counter(
        {
            (DeliveryState(state), Origin(origin)): count
            for origin, states in kept.items()
            for state, count in states.items()
        }
    )
