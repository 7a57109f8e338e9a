"""Backend ``postmark``: Postmark's HTTP API, one request a copy; the worked example of an HTTP
backend in docs/adding-a-backend.md.

`stage` makes the request's body and writes nothing; `release` writes the request, so that the row
counts as dotted before a byte of it is out. Postmark has no idempotency key: a request without an
answer is Uncertain and never repeated. What an answer means is in digest/delivery/postmark.
"""

import logging
import re
import ssl
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from digest.clock import Clock, SystemClock
from digest.config import PublicUrl, Strict, read_secret
from digest.delivery.backends.base import Ahead, Envelope
from digest.delivery.http_wire import HttpWire, NoAnswer, NotSent
from digest.delivery.outcome import Deferred, Outcome, Rejected, Uncertain, short_reply
from digest.delivery.postmark.letter import as_json
from digest.delivery.postmark.verdicts import manages_unsubscribes, of_email, of_stream
from digest.delivery.smtp.envelopes import path as address_path
from digest.errors import BackendDown, ConfigError

log = logging.getLogger(__name__)

LARGEST_REQUEST = 10_000_000  # bytes, what Postmark takes as one message
_TOKEN = re.compile(r"[\x21-\x7e]{1,200}")


class PostmarkOptions(Strict):
    """One Postmark server: its token, and the message stream that copies go through.

    `timeout` is the patience in seconds for one answer: giving up earlier makes copies Postmark has
    taken into copies of which nobody knows. `ca_file` names certificates trusted besides the
    system's.
    """

    server_token: SecretStr | None = None
    server_token_file: Path | None = None
    server_token_env: str | None = None
    message_stream: str = Field("broadcast", pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")
    api_url: PublicUrl = "https://api.postmarkapp.com"
    ca_file: Path | None = None
    timeout: float = Field(default=60, gt=0, le=600)

    @field_validator("api_url")
    @classmethod
    def _plain(cls, value: str) -> str:
        parts = urlsplit(value)
        if not value.isascii() or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be plain ASCII without a user name, a query or a fragment")
        return value

    @model_validator(mode="after")
    def _one_token(self) -> "PostmarkOptions":
        if [self.server_token, self.server_token_file, self.server_token_env].count(None) != 2:
            raise ValueError("give one of server_token, server_token_file, server_token_env")
        return self

    def read_server_token(self) -> str:
        """Return the token from wherever it is kept; ConfigError when it is not there or none."""
        here = self.server_token.get_secret_value() if self.server_token else None
        token = (read_secret(here, self.server_token_file, self.server_token_env) or "").strip()
        if not _TOKEN.fullmatch(token):
            raise ConfigError("server_token: this cannot be a token")
        return token


class PostmarkBackend:
    """Opens channels to Postmark, and remembers when Postmark refused us and not a copy."""

    Options: ClassVar[type[PostmarkOptions]] = PostmarkOptions
    idempotent: ClassVar[bool] = False

    def __init__(self, options: PostmarkOptions, clock: Clock | None = None) -> None:
        """Read token and certificates now: a wrong file is a ConfigError at start, not on Friday.

        `clock` times how long a refusal of us is remembered.
        """
        self._options = options
        self._clock = clock or SystemClock()
        self._tls = _tls_context(options.ca_file)
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "X-Postmark-Server-Token": options.read_server_token(),
        }
        self._refusal: Deferred | None = None
        self._refused_until = 0.0
        self._warned = False

    async def open(self) -> "PostmarkChannel":
        """Return a channel on a connection over which Postmark has shown us our message stream.

        So a wrong token, a wrong address or an outage is BackendDown here, where no copy is at
        stake yet.
        """
        self.refuse_while_refused()
        wire = HttpWire(
            self._options.api_url,
            headers=self._headers,
            tls=self._tls,
            timeout=self._options.timeout,
        )
        try:
            await self._ask_for_stream(wire)
        except BaseException:
            await wire.close()
            raise
        return PostmarkChannel(self, wire, self._options.message_stream)

    async def _ask_for_stream(self, wire: HttpWire) -> None:
        stream = self._options.message_stream
        try:
            answer = await wire.ask("GET", f"/message-streams/{stream}")
        except (NotSent, NoAnswer) as error:
            raise BackendDown(str(error)) from error
        of_stream(answer, stream, wire.name)
        if manages_unsubscribes(answer) and not self._warned:
            self._warned = True
            log.warning(
                "Postmark adds its own unsubscribe link to every copy: have it switched to"
                " managing unsubscribes on your own",
                extra={"fields": {"message_stream": stream}},
            )

    def note_refusal(self, refusal: Deferred, seconds: float) -> None:
        """Remember for so long that Postmark refused us: no channel may stage anything then."""
        self._refusal = refusal
        self._refused_until = self._clock.monotonic() + seconds

    def refuse_while_refused(self) -> None:
        """Raise BackendDown while a refusal is remembered."""
        if self._refusal is None:
            return
        if self._clock.monotonic() < self._refused_until:
            text = f"postmark refuses us for now: {self._refusal.text}"
            raise BackendDown(text, code=self._refusal.code)
        self._refusal = None

    async def close(self) -> None:
        """Do nothing: channels hold the connections and are closed by who opened them."""


class PostmarkChannel:
    """Hands over one copy a request, all on one connection."""

    def __init__(self, backend: PostmarkBackend, wire: HttpWire, stream: str) -> None:
        """Use `wire`, which has been tried, for copies through `stream`."""
        self._backend = backend
        self._wire = wire
        self._stream = stream
        self._staged: bytes | None = None

    @property
    def usable(self) -> bool:
        """Whether another copy may be staged here: nothing staged, and the connection is whole."""
        return self._staged is None and self._wire.usable

    async def stage(self, envelope: Envelope, message: bytes) -> Rejected | None:
        """Make the request's body; nothing is written. Rejected where Postmark cannot be told:
        reason ``address``, ``smtputf8`` or ``size``.

        Raises BackendDown when the channel is spent or Postmark refuses us for now, ValueError for
        a message to several readers.
        """
        if not self.usable:
            raise BackendDown(f"{self._wire.name}: the channel is spent")
        self._backend.refuse_while_refused()
        recipient = address_path(envelope.rcpt_to)
        if recipient is None:
            return Rejected(553, "not an e-mail address", reason="address")
        if not recipient.isascii():
            return Rejected(553, "Postmark takes no SMTPUTF8 (5.6.7)", reason="smtputf8")
        body = as_json(envelope, recipient, message, self._stream)
        if len(body) > LARGEST_REQUEST:
            return Rejected(552, f"{len(body)} octets are more than Postmark takes", reason="size")
        self._staged = body
        return None

    async def release(self, ahead: Ahead | None = None) -> Outcome:
        """Write the request and return what the answer says. Raises RuntimeError when nothing is
        staged.
        """
        if self._staged is None:
            raise RuntimeError("release without a staged copy")
        body, self._staged = self._staged, None
        try:
            answer = await self._wire.ask("POST", "/email", body)
        except NotSent as error:
            return Deferred(0, short_reply(str(error)))
        except NoAnswer as error:
            return Uncertain(short_reply(str(error)))
        verdict = of_email(answer)
        if isinstance(verdict.outcome, Deferred) and verdict.pause:
            self._backend.note_refusal(verdict.outcome, verdict.pause)
        if isinstance(verdict.outcome, Uncertain):
            # The next channel asks for the stream first, and finds out whether it is an outage.
            await self._wire.close()
        return verdict.outcome

    async def discard(self) -> None:
        """Forget the staged copy; the channel goes on."""
        self._staged = None

    async def close(self) -> None:
        """Forget the staged copy and close the connection."""
        self._staged = None
        await self._wire.close()


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError(f"{ca_file}: not a usable certificate file: {error}") from error
    return context
