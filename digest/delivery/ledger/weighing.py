"""What evidence is worth to a row in doubt: values and one pure judgement."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.models import DeliveryState

# A relay may read the dot this long after its commit: ten minutes we wait for an answer, and bytes
# that a broken network still holds. What it does not know before that proves nothing.
SETTLING = timedelta(minutes=30)


class EvidenceKind(enum.StrEnum):
    """What a witness says of a copy."""

    ACCEPTED = "accepted"  # the relay took it: provider webhook or API, its log, a DSN
    REFUSED = "refused"  # it came back: a bounce
    UNKNOWN_TO_RELAY = "unknown_to_relay"  # and the witness would know, says the operator


@dataclass(frozen=True, slots=True)
class Evidence:
    """What somebody who can know says of one copy.

    `source` names the witness for the row's story and holds no address. `at` is when it was said;
    of a negative, the moment until which the witness saw everything.
    """

    delivery_id: int
    kind: EvidenceKind
    source: str
    at: datetime
    queue_id: str = ""


def weigh(
    evidence: Evidence, state: DeliveryState, dotted_at: datetime | None
) -> DeliveryState | None:
    """Return the state that evidence gives a row, or None when it changes nothing.

    Only a row in doubt is open to evidence. That the relay does not know a copy counts when the
    relay was watched for long enough after the dot.
    """
    if state is not DeliveryState.UNCERTAIN:
        return None
    if evidence.kind is EvidenceKind.ACCEPTED:
        return DeliveryState.ACCEPTED
    if evidence.kind is EvidenceKind.REFUSED:
        return DeliveryState.REJECTED
    watched = dotted_at is not None and evidence.at >= dotted_at + SETTLING
    return DeliveryState.PENDING if watched else None
