"""Every expected failure that is an exception; ``str(error)`` is always fit to print to a person.

A refused address is not here: that is an `Outcome` (delivery/outcome.py), a value. Exceptions are
for what the caller cannot go on after.
"""


class DigestError(Exception):
    """The root of all failures Friday expects; the command line prints it and exits 1."""


class ConfigError(DigestError):
    """The configuration, a key file or an option is wrong; the message names file and key."""


class Refused(DigestError):
    """The request is understood and not allowed in this state."""


class Conflict(Refused):
    """Someone else changed the same thing first; nothing was written."""


class NotFound(DigestError):
    """Nothing of that name or number exists."""


class BadInput(DigestError):
    """Data from outside (a CSV, a feed, a page, a token) cannot be used; the message names
    where.
    """


class DatabaseUnfit(DigestError):
    """The store is unreachable, older or newer than this code, or not durable enough to send
    from.
    """


class SchemaUnfit(DatabaseUnfit):
    """The store's tables are those of an older or a newer program; the message says what to do."""


class FetchFailed(DigestError):
    """An outgoing HTTP request was refused, failed or came back unusable."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RenderingFailed(DigestError):
    """A template or the MJML compiler refused; the message names template, block and line where
    known.
    """


class BackendDown(DigestError):
    """A delivery backend cannot be used at all right now; rows stay pending and nobody is to
    blame. `code` is what the server replied with, 0 where it gave no reply. `in_doubt`: it takes
    copies and answers no dot, so that each try would put another reader in doubt.
    """

    def __init__(self, message: str, *, code: int = 0, in_doubt: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.in_doubt = in_doubt
