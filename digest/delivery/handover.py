"""Hands single messages to a backend, outside any ledger: proofs."""

from digest.delivery.backends.base import Backend, Envelope
from digest.delivery.outcome import Deferred, Outcome
from digest.errors import BackendDown


async def hand_over(backend: Backend, envelope: Envelope, message: bytes) -> Outcome:
    """Stage and release one message on a channel of its own; a backend that is down is a
    Deferred.
    """
    try:
        channel = await backend.open()
    except BackendDown as error:
        return Deferred(0, str(error))
    try:
        return await channel.stage(envelope, message) or await channel.release()
    except BackendDown as error:
        return Deferred(0, str(error))
    finally:
        await channel.close()
