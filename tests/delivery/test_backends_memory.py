"""The test double plays what it is told, exactly as often as it is told."""

import asyncio

import pytest

from digest.delivery.backends.base import Envelope
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected, Uncertain
from digest.errors import BackendDown

MESSAGE = b"Subject: x\r\n\r\nbody\r\n"


def send(backend: MemoryBackend, *references: str) -> list[type]:
    """Try one copy a reference over one channel; return how each ended."""

    async def one(reference: str) -> Outcome:
        channel = await backend.open()
        envelope = Envelope("b@news.example", "reader@readers.example", reference)
        return await channel.stage(envelope, MESSAGE) or await channel.release()

    async def scenario() -> list[type]:
        return [type(await one(reference)) for reference in references]

    return asyncio.run(scenario())


def test_without_a_script_every_copy_is_accepted() -> None:
    backend = MemoryBackend()

    assert send(backend, "1", "2") == [Accepted, Accepted]
    assert [envelope.reference for envelope, _ in backend.accepted] == ["1", "2"]


def test_script_is_played_once_for_the_named_copy() -> None:
    backend = MemoryBackend()
    backend.script("2", Deferred(450, "later"))

    assert send(backend, "1", "2", "2") == [Accepted, Deferred, Accepted]


def test_script_without_a_number_of_times_is_played_for_ever() -> None:
    backend = MemoryBackend()
    backend.script(lambda envelope: True, Rejected(550), at="stage", times=None)

    assert send(backend, "1", "2") == [Rejected, Rejected]
    assert backend.staged == 0


@pytest.mark.parametrize("arrives", [False, True])
def test_uncertain_copy_arrives_only_when_told_so(arrives: bool) -> None:
    backend = MemoryBackend()
    backend.script("1", Uncertain("no reply"), arrives=arrives)

    assert send(backend, "1") == [Uncertain]
    assert len(backend.accepted) == arrives


def test_exception_is_raised_and_spends_the_channel() -> None:
    backend = MemoryBackend()
    backend.script("1", BackendDown("the relay went away"), at="stage")

    async def scenario() -> bool:
        channel = await backend.open()
        with pytest.raises(BackendDown, match="went away"):
            await channel.stage(Envelope("b@x.example", "r@x.example", "1"), MESSAGE)
        return channel.usable

    assert not asyncio.run(scenario())


def test_dead_backend_opens_nothing() -> None:
    backend = MemoryBackend()
    backend.down = "maintenance"

    with pytest.raises(BackendDown, match="maintenance"):
        send(backend, "1")


def test_stage_cannot_be_scripted_to_accept() -> None:
    with pytest.raises(ValueError, match="cannot accept"):
        MemoryBackend().script("1", Accepted(), at="stage")
