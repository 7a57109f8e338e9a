"""A read-only look at a Maildir: the list, and one mail opened; moves and deletes nothing."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import DateHeader
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from digest.errors import NotFound

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._,=:+-]{0,250}")
_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One line of the list; `to` is whom the envelope named, `size` is in bytes."""

    name: str
    to: str
    sender: str
    subject: str
    date: datetime | None
    size: int


@dataclass(frozen=True, slots=True)
class OpenedMail:
    """One mail: decoded headers in order, its HTML and its plain text ('' when absent)."""

    headers: tuple[tuple[str, str], ...]
    html: str
    text: str

    def header(self, name: str) -> str:
        """Return the first header of that name, or ''."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def list_mails(folder: Path) -> list[CaughtMail]:
    """Return what lies in the Maildir, stored last first; an absent folder holds nothing."""
    paths = [
        path for part in ("new", "cur") for path in (folder / part).glob("*") if path.is_file()
    ]
    stored = sorted(((path.stat().st_mtime_ns, path.name, path) for path in paths), reverse=True)
    return [_line(path) for _, _, path in stored]


def open_mail(folder: Path, name: str) -> OpenedMail:
    """Return one mail by its file name; NotFound for what is no plain file of this Maildir."""
    path = _find(folder, name)
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    headers = tuple((key, str(value)) for key, value in message.items())
    return OpenedMail(headers, _part(message, "html"), _part(message, "plain"))


def _line(path: Path) -> CaughtMail:
    with path.open("rb") as file:
        head = BytesParser(EmailMessage, policy=policy.default).parsebytes(
            file.read(_HEAD_BYTES), headersonly=True
        )
    return CaughtMail(
        name=path.name,
        to=str(head.get("X-RcptTo") or head.get("To", "")),
        sender=str(head.get("From", "")),
        subject=str(head.get("Subject", "")),
        date=_date(head),
        size=path.stat().st_size,
    )


def _date(head: EmailMessage) -> datetime | None:
    date = head.get("Date")
    if not isinstance(date, DateHeader) or date.datetime is None:
        return None
    # A zone of "-0000" (RFC 5322, 3.3) parses to a naive time that is UTC.
    return date.datetime if date.datetime.tzinfo else date.datetime.replace(tzinfo=UTC)


def _find(folder: Path, name: str) -> Path:
    if _NAME.fullmatch(name):
        for part in ("new", "cur"):
            path = folder / part / name
            if path.is_file() and not path.is_symlink():
                return path
    raise NotFound("no such mail was caught")


def _part(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    if part is None:
        return ""
    content = part.get_content()
    return content if isinstance(content, str) else ""
