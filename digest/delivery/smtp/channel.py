"""One SMTP connection used in phases: everything but the final dot, then the dot.

Owns the order of commands and what state the connection is left in; verdicts.py says what each
reply means. A conversation that breaks before the dot is written raises BackendDown, for nothing
can have been accepted (RFC 5321 section 4.1.1.10); one that breaks after it is Uncertain (RFC
1047).
"""

import re

from digest.delivery.backends.base import Ahead, Envelope
from digest.delivery.crash import crash_point
from digest.delivery.outcome import Deferred, Outcome, Rejected, Uncertain
from digest.delivery.smtp.envelopes import Extensions, envelope_commands
from digest.delivery.smtp.options import Timeouts
from digest.delivery.smtp.replies import Reply
from digest.delivery.smtp.verdicts import CLOSING, GO_AHEAD, of_data, of_dot, of_mail, of_rcpt
from digest.delivery.smtp.wire import Wire
from digest.errors import BackendDown

DOT = b".\r\n"
RSET = b"RSET\r\n"
SAID = (b"MAIL", b"RCPT", b"DATA")  # in place of commands that went out with the dot before
# Both begin with a literal, which the engine seeks by memchr: a tenth of an alternation's time.
_LF_ALONE_OR_DOT = re.compile(rb"\n(?:\.|(?<!\r\n))")
_CR_ALONE = re.compile(rb"\r(?!\n)")
_LF_ALONE = re.compile(rb"(?<!\r)\n")
_LEADING_DOT = re.compile(rb"(?:(?<=\n)|\A)\.")


class SmtpChannel:
    """A `Channel` over one connection that somebody opened, secured and authenticated."""

    def __init__(
        self, wire: Wire, offered: Extensions, *, timeouts: Timeouts, messages: int = 100
    ) -> None:
        """Use `wire` for at most `messages` copies."""
        self._wire = wire
        self._offered = offered
        self._timeouts = timeouts
        self._left = messages
        self._staged = False
        # The envelope that went out with the last dot, whose replies nobody has read yet.
        self._ahead: Ahead | None = None
        # Whether RSET must clear an envelope of ours before the next MAIL.
        self._half_open = False

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here: whole, silent, nothing staged, messages left."""
        if self._staged or self._wire.broken:
            return False
        return self._ahead is not None or not (self._wire.unread or self._left < 1)

    async def stage(self, envelope: Envelope, message: bytes) -> Deferred | Rejected | None:
        """Say envelope and body, and withhold the dot.

        MAIL, RCPT and DATA go out in one write where the server offers PIPELINING (RFC 2920), or
        went out with the dot before. Raises BackendDown by the table in verdicts.py, and ValueError
        when `message` is not 7-bit CRLF lines, the sender is no address or the envelope is not the
        one told ahead (nothing is written then).
        """
        if not self.usable:
            raise BackendDown(f"{self._wire.name}: {self._wire.trouble or 'the channel is spent'}")
        if not envelope.wire_ready:
            message = stuffed(message, envelope.reference)
        ahead, self._ahead = self._ahead, None
        if ahead is not None and (ahead.envelope != envelope or ahead.size != len(message)):
            self._wire.cut("another copy was told ahead")
            raise ValueError(f"copy {envelope.reference}: another one was told ahead")
        commands = SAID
        if ahead is None:
            said = envelope_commands(envelope, len(message), self._offered)
            if isinstance(said, Rejected):
                return said
            commands = said
        try:
            refusal = await self._say_envelope(commands)
            if refusal is None:
                refusal = await self._say_body(message)
        except BaseException:
            self._wire.cut("given up before the dot")
            raise
        self._staged = refusal is None
        return refusal

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Write the dot, and the next copy's envelope behind it in the same write; return what the
        server made of the dot.

        RFC 2920 section 3.1 lets a group begin with the end of a body. Nothing else is ever written
        between body and dot. Raises RuntimeError when nothing is staged.
        """
        if not self._staged:
            raise RuntimeError("release without a staged copy")
        self._staged = False
        if self._wire.broken or self._wire.unread:
            return self._unreleased()
        try:
            self._wire.write(DOT + self._envelope_ahead(ahead))
            crash_point("after_dot")
            reply = await self._wire.reply("the final dot", self._timeouts.dot)
        except BackendDown as error:
            self._wire.cut("no reply to the dot")
            return Uncertain(str(error))
        except BaseException:
            self._wire.cut("given up after the dot")
            raise
        return self._settled(reply)

    def _envelope_ahead(self, ahead: Ahead | None) -> bytes:
        """Return the commands to say with the dot; none where the server has no PIPELINING."""
        if ahead is None or not self._offered.pipelining or self._left < 1:
            return b""
        commands = envelope_commands(ahead.envelope, ahead.size, self._offered)
        if isinstance(commands, Rejected):
            return b""  # staging it will say so
        self._ahead = ahead
        self._left -= 1
        return b"".join(commands)

    async def discard(self) -> None:
        """Cut the connection of a copy staged or told ahead, so that the server must drop it;
        without one, do nothing.
        """
        if self._staged or self._ahead is not None:
            self._staged, self._ahead = False, None
            self._wire.cut("the staged copy was discarded")
            await self._wire.gone()

    async def close(self) -> None:
        """Say QUIT where that is safe, then close; a staged copy is dropped, never completed."""
        try:
            if not self._staged and self._ahead is None and not self._wire.broken:
                self._wire.write(b"QUIT\r\n")
                await self._wire.reply("QUIT", self._timeouts.quit)
        except BackendDown:
            pass  # It was going anyway.
        finally:
            self._staged, self._ahead = False, None
            self._wire.cut("closed")
        await self._wire.gone()

    async def _say_envelope(
        self, commands: tuple[bytes, bytes, bytes]
    ) -> Deferred | Rejected | None:
        """Get to 354 and return None, or return the refusal; of SAID only the replies are due."""
        mail, rcpt, data = commands
        if commands is not SAID:
            await self._begin(commands)
        self._half_open = True
        if refusal := of_mail(await self._ask(mail, self._timeouts.mail), self._wire.name):
            return await self._refused(refusal, unread=(rcpt, data))
        if refusal := of_rcpt(await self._ask(rcpt, self._timeouts.rcpt), self._wire.name):
            return await self._refused(refusal, unread=(data,))
        if refusal := of_data(await self._ask(data, self._timeouts.data), self._wire.name):
            return await self._refused(refusal, unread=())
        return None

    async def _begin(self, commands: tuple[bytes, bytes, bytes]) -> None:
        reset = self._half_open
        self._left -= 1
        if self._offered.pipelining:
            self._wire.write(b"".join((RSET if reset else b"", *commands)))
        if reset:
            reply = await self._ask(RSET, self._timeouts.reply)
            if not reply.good:
                raise BackendDown(f"{self._wire.name}: refused RSET: {reply.code} {reply.text}")

    async def _ask(self, command: bytes, within: float) -> Reply:
        """Return the reply to `command`, writing it first unless it went out with its group."""
        if not self._offered.pipelining:
            self._wire.write(command)
        return await self._wire.reply(command[:4].decode(), within)

    async def _refused(
        self, refusal: Deferred | Rejected, *, unread: tuple[bytes, ...]
    ) -> Deferred | Rejected:
        """Leave the connection in step after a refusal, or cut it."""
        if refusal.code == CLOSING or not await self._in_step(unread):
            self._wire.cut("refused, and of no more use")
        return refusal

    async def _in_step(self, unread: tuple[bytes, ...]) -> bool:
        """Read what the group's other commands got; False when the connection is of no more use.

        A server that asks for the body all the same (354) would take a dot for an empty message.
        """
        if not self._offered.pipelining:
            return True
        try:
            replies = [await self._ask(command, self._timeouts.data) for command in unread]
        except BackendDown:
            return False
        return all(reply.code not in {GO_AHEAD, CLOSING} for reply in replies)

    async def _say_body(self, body: bytes) -> Deferred | None:
        """Write the body and return None; a server that speaks or hangs up before the dot has not
        accepted.
        """
        try:
            await self._wire.write_body(body, self._timeouts.block)
        except BackendDown:
            if not self._wire.unread:
                raise
        if not (self._wire.unread or self._wire.broken):
            return None
        reply = self._wire.early_reply()
        if reply is None:
            raise BackendDown(f"{self._wire.name}: {self._wire.trouble or 'it spoke out of turn'}")
        self._wire.cut("it spoke before the dot")
        return Deferred(reply.code, reply.text)

    def _unreleased(self) -> Deferred:
        """Give up a staged copy whose dot was not written: whatever the server said, it cannot have
        accepted.
        """
        reply = self._wire.early_reply()
        self._wire.cut("it spoke before the dot")
        return Deferred(reply.code, reply.text) if reply else Deferred(0, self._wire.trouble)

    def _settled(self, reply: Reply) -> Outcome:
        outcome = of_dot(reply)
        self._half_open = False  # whatever it says, a dot ends its transaction (RFC 5321, 4.1.1.4)
        if isinstance(outcome, Uncertain) or reply.code == CLOSING:
            self._ahead = None
            self._wire.cut("of no more use after the dot")
        return outcome


def stuffed(message: bytes, reference: str) -> bytes:
    """Return `message` with a dot put before every line that begins with one (RFC 5321 section
    4.5.2).

    Ours never do, so mostly this is the same object. Raises ValueError for anything but 7-bit lines
    ending in CRLF: a bare CR or LF lets a server see the end of the message elsewhere than we do.
    """
    if not message.isascii():
        raise ValueError(f"copy {reference}: the message is not 7-bit")
    if not message.endswith(b"\r\n"):
        raise ValueError(f"copy {reference}: the message does not end in CRLF")
    if _CR_ALONE.search(message):
        raise ValueError(f"copy {reference}: the message has a bare CR")
    if not (message.startswith(b".") or _LF_ALONE_OR_DOT.search(message)):
        return message
    if _LF_ALONE.search(message):
        raise ValueError(f"copy {reference}: the message has a bare LF")
    return _LEADING_DOT.sub(b"..", message)
