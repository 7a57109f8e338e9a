"""The claims every delivery backend must pass; docs/adding-a-backend.md shows how to run them over
yours.

Subclass `BackendContract`, name the class ``Test…``, and give it two fixtures: `backend` (a fresh
one) and `arrived` (a function that returns the messages the other side has accepted so far, oldest
first).
"""

# ruff: noqa: S101 - asserting is what these methods are for

import asyncio
from collections.abc import Callable

import pytest
from pydantic import BaseModel, ValidationError

from digest.delivery.backends.base import Backend, Channel, Envelope
from digest.delivery.outcome import Accepted
from digest.errors import BackendDown

Arrived = Callable[[], list[bytes]]

MESSAGE = b"Subject: This week\r\nMIME-Version: 1.0\r\n\r\nThe week in six articles.\r\n"
# The longest line SMTP allows (998 octets and CRLF), lines that begin with dots, and one that is
# only a dot.
AWKWARD = MESSAGE + b"x" * 998 + b"\r\n.\r\n..\r\n.hidden\r\n\r\n.\r\nend\r\n"


def envelope(number: int) -> Envelope:
    """Return the envelope of the copy of that number; references are the numbers."""
    return Envelope(
        mail_from=f"b+{number}@news.example",
        rcpt_to=f"reader{number}@readers.example",
        reference=str(number),
    )


def message(number: int) -> bytes:
    """Return a message that no other number has, and that no other contains."""
    return MESSAGE.replace(b"\r\n\r\n", b"\r\nX-Copy: <%d>\r\n\r\n" % number, 1)


async def accepted_copy(channel: Channel, number: int) -> None:
    """Stage and release one copy; AssertionError unless it is accepted."""
    assert await channel.stage(envelope(number), message(number)) is None
    outcome = await channel.release()
    assert isinstance(outcome, Accepted), outcome


class BackendContract:
    """Eleven claims about one backend. All its methods are tests."""

    # : False where what arrived cannot be read back byte by byte (a console, a provider's API);
    # counts still hold.
    keeps_bytes = True

    @pytest.fixture
    def backend(self) -> Backend:
        """Return a fresh backend whose other side is willing; each subclass gives its own."""
        raise NotImplementedError

    @pytest.fixture
    def arrived(self, backend: Backend) -> Arrived:
        """Return what lists the messages accepted so far; each subclass gives its own."""
        raise NotImplementedError

    def test_opened_channel_is_usable(self, backend: Backend) -> None:
        """A fresh channel takes a copy at once."""

        async def scenario() -> bool:
            channel = await backend.open()
            usable = channel.usable
            await channel.close()
            return usable

        assert asyncio.run(scenario())

    def test_staged_copy_is_not_accepted(self, backend: Backend, arrived: Arrived) -> None:
        """Before release nothing has arrived, and closing instead of releasing keeps it so."""

        async def scenario() -> None:
            channel = await backend.open()
            assert await channel.stage(envelope(1), message(1)) is None
            assert arrived() == []
            await channel.close()
            await self._marker(backend)

        asyncio.run(scenario())

        self._assert_arrived(arrived(), [99])

    def test_release_accepts_exactly_once(self, backend: Backend, arrived: Arrived) -> None:
        """One release, one copy, the same bytes behind whatever trace headers were put in front."""

        async def scenario() -> None:
            channel = await backend.open()
            await accepted_copy(channel, 1)
            await channel.close()

        asyncio.run(scenario())

        self._assert_arrived(arrived(), [1])

    def test_discarded_copy_never_arrives(self, backend: Backend, arrived: Arrived) -> None:
        """Discard after stage leaves nothing behind."""

        async def scenario() -> None:
            channel = await backend.open()
            assert await channel.stage(envelope(1), message(1)) is None
            await channel.discard()
            await channel.close()
            await self._marker(backend)

        asyncio.run(scenario())

        self._assert_arrived(arrived(), [99])

    def test_channel_after_discard_keeps_its_word(self, backend: Backend, arrived: Arrived) -> None:
        """Usable after discard means the next copy works; not usable means stage raises
        BackendDown.
        """

        async def scenario() -> bool:
            channel = await backend.open()
            assert await channel.stage(envelope(1), message(1)) is None
            await channel.discard()
            usable = channel.usable
            if usable:
                await accepted_copy(channel, 2)
            else:
                with pytest.raises(BackendDown):
                    await channel.stage(envelope(2), message(2))
            await channel.close()
            return usable

        usable = asyncio.run(scenario())

        self._assert_arrived(arrived(), [2] if usable else [])

    def test_channel_is_not_usable_while_staged(self, backend: Backend) -> None:
        """Strictly one copy at a time."""

        async def scenario() -> bool:
            channel = await backend.open()
            assert await channel.stage(envelope(1), message(1)) is None
            usable = channel.usable
            await channel.close()
            return usable

        assert not asyncio.run(scenario())

    def test_channels_are_independent(self, backend: Backend, arrived: Arrived) -> None:
        """Discarding on one channel does not touch what another has staged."""

        async def scenario() -> None:
            one, other = await backend.open(), await backend.open()
            assert await one.stage(envelope(1), message(1)) is None
            assert await other.stage(envelope(2), message(2)) is None
            await one.discard()
            assert isinstance(await other.release(), Accepted)
            await one.close()
            await other.close()

        asyncio.run(scenario())

        self._assert_arrived(arrived(), [2])

    def test_closing_twice_is_harmless(self, backend: Backend) -> None:
        """Channel and backend may each be closed twice, and the channel is not usable then."""

        async def scenario() -> bool:
            channel = await backend.open()
            for _ in range(2):
                await channel.close()
            for _ in range(2):
                await backend.close()
            return channel.usable

        assert not asyncio.run(scenario())

    def test_hundred_copies_over_five_channels_arrive_once(
        self, backend: Backend, arrived: Arrived
    ) -> None:
        """Five channels at once, twenty copies each, reopened where a channel says it is spent."""

        async def twenty(first: int) -> None:
            channel = await backend.open()
            for number in range(first, first + 20):
                if not channel.usable:
                    await channel.close()
                    channel = await backend.open()
                await accepted_copy(channel, number)
            await channel.close()

        async def scenario() -> None:
            await asyncio.gather(*(twenty(100 + 20 * part) for part in range(5)))

        asyncio.run(scenario())

        self._assert_arrived(arrived(), range(100, 200))

    def test_long_lines_and_leading_dots_survive(self, backend: Backend, arrived: Arrived) -> None:
        """The body arrives as it was handed over, dots and all (RFC 5321 section 4.5.2)."""

        async def scenario() -> None:
            channel = await backend.open()
            assert await channel.stage(envelope(1), AWKWARD) is None
            assert isinstance(await channel.release(), Accepted)
            await channel.close()

        asyncio.run(scenario())

        assert len(arrived()) == 1
        assert not self.keeps_bytes or arrived()[0].endswith(AWKWARD)

    def test_options_forbid_unknown_keys(self, backend: Backend) -> None:
        """A misspelt key in the configuration is an error, never ignored; so is no answer on
        idempotence.
        """
        assert issubclass(backend.Options, BaseModel)
        assert isinstance(backend.idempotent, bool)
        with pytest.raises(ValidationError, match="extra_forbidden"):
            backend.Options.model_validate({"no_such_key": 1})

    async def _marker(self, backend: Backend) -> None:
        """Send copy 99 after one that must not arrive: once it is there, the other would be too."""
        channel = await backend.open()
        await accepted_copy(channel, 99)
        await channel.close()

    def _assert_arrived(self, arrived: list[bytes], numbers: range | list[int]) -> None:
        assert len(arrived) == len(numbers)
        if self.keeps_bytes:
            for number in numbers:
                assert sum(copy.endswith(message(number)) for copy in arrived) == 1, number
