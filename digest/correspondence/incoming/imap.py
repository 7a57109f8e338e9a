"""One folder of an IMAP server (RFC 3501), opened for reading and for putting away what is done.

Certificates are verified, and STARTTLS, once configured, is mandatory. Every step has a deadline.
Blocking: to be used from a thread of its own.
"""

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from digest.config import MailboxConfig, read_secret
from digest.correspondence.incoming.letter import HEADER_BYTES
from digest.errors import ConfigError, DigestError

PATIENCE_SECONDS = 30


class MailboxDown(DigestError):
    """The mailbox cannot be read now; what is in it waits."""


class Folder:
    """An opened folder; its errors come out of `open_folder` as MailboxDown."""

    def __init__(self, client: imaplib.IMAP4, name: str) -> None:
        self._client = client
        # What a server offers may change when it knows who is there.
        self._can_expunge_one = b"UIDPLUS" in _answer(client.capability())[0].upper().split()
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        _answer(client.select(f'"{quoted}"'))
        _, validity = client.response("UIDVALIDITY")
        self.uid_validity = int(validity[0] or 0)

    def list_new(self, after: int | None) -> list[int]:
        """Return the UIDs above one, oldest first; without one, of what nobody has read."""
        wanted = "UNSEEN" if after is None else f"UID {after + 1}:*"
        found = _answer(self._client.uid("SEARCH", f"{wanted} UNDELETED"))
        uids = sorted(int(uid) for uid in (found[0] or b"").split())
        return [uid for uid in uids if uid > (after or 0)]  # "*" is the last one, however old

    def read_header(self, uid: int) -> bytes | None:
        """Return a message's header, at most HEADER_BYTES of it, without marking it as read; None
        when it is gone.
        """
        return self._read(uid, f"(BODY.PEEK[HEADER]<0.{HEADER_BYTES}>)")

    def read_message(self, uid: int, most: int) -> bytes | None:
        """Return the first `most` bytes of a whole message, likewise."""
        return self._read(uid, f"(BODY.PEEK[]<0.{most}>)")

    def _read(self, uid: int, asked: str) -> bytes | None:
        for part in _answer(self._client.uid("FETCH", str(uid), asked)):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None

    def mark(self, uid: int, *flags: str) -> None:
        """Set flags of a message."""
        _answer(self._client.uid("STORE", str(uid), "+FLAGS.SILENT", f"({' '.join(flags)})"))

    def remove(self, uid: int) -> None:
        """Delete a message, and no other that somebody else has marked for it (RFC 4315); where the
        server cannot do that, mark it as deleted.
        """
        self.mark(uid, r"\Seen", r"\Deleted")
        if self._can_expunge_one:
            _answer(self._client.uid("EXPUNGE", str(uid)))


@contextmanager
def open_folder(settings: MailboxConfig) -> Iterator[Folder]:
    """Yield a mailbox's folder; MailboxDown, naming server and reason, for whatever goes wrong with
    it, ConfigError for a password or certificates that are not there.
    """
    password = read_secret(settings.password, settings.password_file, settings.password_env) or ""
    context = _tls_context(settings)
    try:
        client = _connect(settings, context)
        try:
            _log_in(client, settings.username, password)
            yield Folder(client, settings.folder)
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                client.logout()
    except (imaplib.IMAP4.error, OSError, ValueError) as error:
        said = str(error)[:200] or type(error).__name__
        raise MailboxDown(f"{settings.host}:{settings.port}: {said}") from error


def _tls_context(settings: MailboxConfig) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.ca_file is not None:
        try:
            context.load_verify_locations(cafile=settings.ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError(f"{settings.ca_file}: not a usable certificate file") from error
    return context


def _connect(settings: MailboxConfig, context: ssl.SSLContext) -> imaplib.IMAP4:
    host, port = settings.host or "", settings.port
    if settings.security == "tls":
        return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=PATIENCE_SECONDS)
    client = imaplib.IMAP4(host, port, timeout=PATIENCE_SECONDS)
    if settings.security == "starttls":
        try:
            _answer(client.starttls(context))
        except BaseException:
            client.shutdown()
            raise
    return client


def _log_in(client: imaplib.IMAP4, username: str, password: str) -> None:
    if "AUTH=PLAIN" in client.capabilities:  # LOGIN has no place for other scripts
        said = f"\0{username}\0{password}".encode()
        _answer(client.authenticate("PLAIN", lambda _: said))
    else:
        _answer(client.login(username, password))


def _answer(reply: tuple[str, Any]) -> Any:
    """Return what a server replied; IMAP4.error for a no."""
    status, data = reply
    if status != "OK":
        said = data[0] if data else status
        raise imaplib.IMAP4.error(
            said.decode(errors="replace") if isinstance(said, bytes) else said
        )
    return data
