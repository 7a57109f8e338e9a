"""One ``[[newsletters]]`` table: the publication as its operator sets it up."""

import re
import unicodedata
from datetime import time as TimeOfDay
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from digest.clock import WEEKDAYS, Schedule
from digest.config.kinds import (
    Address,
    Colour,
    HeaderText,
    Host,
    MirrorUrl,
    PublicUrl,
    Slug,
    Strict,
    ZoneName,
)
from digest.mirrors import PAGES

LONGEST_LOCAL = 64  # characters before the @ (RFC 5321 section 4.5.3.1.1)
LONGEST_SIGNED = len("confirm.") + 37  # tokens.sign_address
LONGEST_RETURN = 36  # delivery.return_paths: a letter, 14 digits of base 32, a dot and the MAC
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# Places of the desk: an issue is at /desk/<slug>/<number> there.
DESK_PLACES = frozenset(
    {"audit", "inbox", "invitation", "issues", "me", "media", "people", "readers"}
    | {"settings", "sign-in", "sign-out", "sources", "static"}
)


class SenderConfig(Strict):
    """Who the newsletter comes from."""

    name: HeaderText
    address: Address


class ScheduleConfig(Strict):
    """When an issue is due each week, on the wall clock of `timezone`; its content should be there
    `cutoff_hours` before. Afterwards the desk warns, and forbids nothing.
    """

    weekday: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "friday"
    time: TimeOfDay = TimeOfDay(7, 0)
    timezone: ZoneName = "UTC"
    readers_morning: bool = False
    cutoff_hours: float = Field(default=16, ge=0, le=144)

    def as_schedule(self) -> Schedule:
        """Return the same as a value the clock can compute with."""
        return Schedule(
            WEEKDAYS.index(self.weekday), self.time, ZoneInfo(self.timezone), self.readers_morning
        )


class AppealConfig(Strict):
    """The publisher's message: three links with their labels, and a line on how one may pay.

    `thanks` is what members read in its place.
    """

    heading: str
    text: str
    once: tuple[str, PublicUrl]
    monthly: tuple[str, PublicUrl]
    annual: tuple[str, PublicUrl]
    payment_line: str = ""
    signed: str = ""
    thanks: str = ""


class LogoConfig(Strict):
    """The picture that stands for the name; `width` and `height` in pixels, as it is shown."""

    url: PublicUrl
    width: int = Field(ge=40, le=552)
    height: int = Field(ge=10, le=200)


class DkimConfig(Strict):
    """One key that signs: `key_file` (PEM) is published at ``<selector>._domainkey.<domain>``."""

    selector: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    key_file: Path
    domain: Host | None = None


class SignupConfig(Strict):
    """The sign-up page. `consent` is the newsroom's own sentence in place of ours; at
    `watched_providers` (domains of addresses) visitors are advised to use another mailbox, in the
    words of `advice` where they are given.
    """

    open: bool = True
    consent: str = Field(default="", max_length=1000)
    watched_providers: list[Host] = []
    advice: str = Field(default="", max_length=1000)


class MailboxConfig(Strict):
    """Where mail arrives that is for the program: readers' own, to join, confirm, pause and leave
    without any page, or what comes back.

    `address` receives everything sent to ``local+anything@domain``. Without `host` the mails come
    by pipe (``digest letters receive``, ``digest feedback receive``), otherwise they are fetched
    over IMAP.
    """

    address: Address
    separator: Literal["+", "-"] = "+"
    host: str | None = None
    port: int = Field(default=993, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str = ""
    password: str | None = None
    password_file: Path | None = None
    password_env: str | None = None
    folder: HeaderText = "INBOX"
    ca_file: Path | None = None
    every_minutes: float = Field(default=2, gt=0, le=1440)

    @property
    def local_part(self) -> str:
        """Return what is before the @."""
        return self.address.partition("@")[0]

    @property
    def account(self) -> tuple[str | None, int, str, str]:
        """Return what tells the folder it is read from, the same for mailboxes that share one."""
        return self.host, self.port, self.username, self.folder

    def with_extension(self, extension: str) -> str:
        """Return the address that carries `extension`, such as
        ``friday+join.weekly@courier.example``.
        """
        local, at, domain = self.address.partition("@")
        return f"{local}{self.separator}{extension}{at}{domain}"

    @model_validator(mode="after")
    def _can_be_used(self) -> "MailboxConfig":
        if not re.fullmatch(r"[a-z0-9._+-]+@[a-z0-9.-]+", self.address):
            raise ValueError("address: small letters, digits, dots and dashes only")
        if self.separator in self.local_part:
            raise ValueError(
                f"address: the separator {self.separator!r} must not be in the address itself"
            )
        self._check_server()
        return self

    def _check_server(self) -> None:
        """Refuse a server without a way in, and a password that would go over a network in
        clear.
        """
        given = any((self.password, self.password_file, self.password_env))
        if self.host is None:
            if self.username or given:
                raise ValueError("a user name or password is given and no host")
            return
        if not self.username or not given:
            raise ValueError("host needs username and one of password, password_file, password_env")
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError(
                'a password is never sent in clear: set security to "tls" or "starttls"'
            )


class MirrorConfig(Strict):
    """Other places where the same is found: `of` is a host of articles, or "pages" for this
    newsletter's own reader pages; `at` lists addresses in the order they are preferred.
    """

    of: Literal["pages"] | Host
    at: list[MirrorUrl] = Field(min_length=1, max_length=20)


class InitialConfig(Strict):
    """What the database starts with; later edits happen there and this table is not read again."""

    sections: list[HeaderText] = ["News", "Features", "Analysis", "Opinion"]
    tagline: str = ""
    about: str = ""
    corrections_address: Address | None = None
    accent: Colour = "#a4161a"
    look: Literal["front-page", "quiet-letter", "text-first"] = "front-page"
    typeface: Literal["serif", "sans"] = "serif"
    logo: LogoConfig | None = None
    appeal: AppealConfig | None = None


class NewsletterConfig(Strict):
    """One publication."""

    slug: Slug
    name: HeaderText
    host: Host
    sender: SenderConfig
    reply_to: Address | None = None
    bounce_address: Address | None = None
    alerts: list[Address] = []
    relay: str
    spare_relays: list[str] = []
    dkim: list[DkimConfig] = Field(default=[], max_length=2)
    language: str = Field(default="en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$")
    postal_address: str = Field(min_length=5)
    privacy_url: PublicUrl | None = None
    privacy_file: Path | None = None
    pictures: Literal["linked", "embedded", "none"] | None = None
    public_url: PublicUrl | None = None
    guarded: bool = False
    guarded_names: list[Annotated[str, Field(min_length=3)]] = []
    archive: bool | None = None
    second_person: bool = False
    signup: SignupConfig = SignupConfig()
    mailbox: MailboxConfig | None = None
    bounces: MailboxConfig | None = None
    mirrors: list[MirrorConfig] = Field(default=[], max_length=50)
    schedule: ScheduleConfig = ScheduleConfig()
    initial: InitialConfig = InitialConfig()

    @property
    def shown_pictures(self) -> Literal["linked", "embedded", "none"]:
        """Return how pictures come to the reader; a guarded newsletter never links them."""
        return self.pictures or ("none" if self.guarded else "linked")

    @property
    def has_archive(self) -> bool:
        """Return whether past issues are public; those of a guarded newsletter only when it says
        so.
        """
        return not self.guarded if self.archive is None else self.archive

    @property
    def page_mirrors(self) -> list[str]:
        """Return where the reader pages are as well, in the operator's order."""
        return [address for mirror in self.mirrors if mirror.of == PAGES for address in mirror.at]

    @field_validator("slug")
    @classmethod
    def _is_no_place(cls, slug: str) -> str:
        if slug in DESK_PLACES:
            raise ValueError(f"{slug} is a place of the desk: call the newsletter otherwise")
        return slug

    @field_validator("mirrors")
    @classmethod
    def _mirrored_once(cls, mirrors: list[MirrorConfig]) -> list[MirrorConfig]:
        known = [mirror.of for mirror in mirrors]
        for of in known:
            if known.count(of) > 1:
                raise ValueError(f"{of} is there twice: list all its addresses in one at")
        return mirrors

    @model_validator(mode="after")
    def _mailbox_has_room(self) -> "NewsletterConfig":
        """Refuse a mailbox whose addresses would be longer than a local part may be."""
        if self.mailbox is None:
            return self
        room = LONGEST_LOCAL - 1 - max(LONGEST_SIGNED, len(f"leave.{self.slug}"))
        if len(self.mailbox.local_part) > room:
            raise ValueError(
                f"mailbox.address: at most {room} characters before the @, for what goes behind "
                f"the separator makes {LONGEST_LOCAL} of them"
            )
        return self

    @model_validator(mode="after")
    def _bounces_have_room(self) -> "NewsletterConfig":
        """Refuse return paths that would be longer than a local part may be."""
        if self.bounces is None:
            return self
        room = LONGEST_LOCAL - 1 - LONGEST_RETURN
        if len(self.bounces.local_part) > room:
            raise ValueError(f"bounces.address: at most {room} characters before the @")
        return self

    @model_validator(mode="after")
    def _is_neutral(self) -> "NewsletterConfig":
        """Refuse a guarded newsletter whose copies would say at a glance what they are."""
        if not self.guarded:
            return self
        if self.pictures == "linked":
            raise ValueError('guarded: pictures must be "embedded" or "none"')
        if not self.guarded_names or self.public_url is None:
            raise ValueError(
                "guarded: say in guarded_names what must not be seen, and in public_url where the"
                " reader pages are under a neutral name"
            )
        for key, value in self._seen_from_outside().items():
            for name in self.guarded_names:
                if names_it(value, name):
                    raise ValueError(f"guarded: {key} holds {name!r}, one of guarded_names")
        return self

    def _seen_from_outside(self) -> dict[str, str]:
        """Return, by key, what stands in headers and links of every copy."""
        seen = {
            "slug": self.slug,
            "host": self.host,
            "sender.name": self.sender.name,
            "sender.address": self.sender.address,
            "reply_to": self.reply_to or "",
            "bounce_address": self.bounce_address or "",
            "public_url": self.public_url or "",
            "privacy_url": self.privacy_url or "",
            "initial.corrections_address": self.initial.corrections_address or "",
            "initial.logo": self.initial.logo.url if self.initial.logo else "",
        }
        if self.mailbox:
            seen["mailbox.address"] = self.mailbox.address
        if self.bounces:
            seen["bounces.address"] = self.bounces.address
        for mirror in self.mirrors:
            seen |= {f"mirrors.{mirror.of}": " ".join(mirror.at)}
        return seen | {f"dkim.{key.selector}": key.domain or "" for key in self.dkim}


def names_it(text: str, name: str) -> bool:
    """Return whether a text holds a name, however it is cut, spelled or capitalised."""
    return _letters(name) in _letters(text)


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
