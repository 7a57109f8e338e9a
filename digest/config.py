"""``config.toml`` as typed values; an unknown key is an error, and every error names file and key.

The file owns what an operator decides: store, keys, relays, web, and of each newsletter its slug,
sender, host, relay and default schedule. What editors change lives in the database, seeded once
from ``[newsletters.initial]``. Paths are relative to the folder of the file.
"""

import ipaddress
import os
import re
import tomllib
import unicodedata
from datetime import date as Date
from datetime import time as TimeOfDay
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from digest.clock import WEEKDAYS, Schedule
from digest.errors import ConfigError


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ValueError(f"no time zone is called {name!r}") from error
    return name


def _header_text(value: str) -> str:
    if not value.strip() or any(
        ord(c) < 32 or ord(c) in {0x7F, 0x85, 0x2028, 0x2029} for c in value
    ):
        raise ValueError("must be one line of text without control characters")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value
    ):
        raise ValueError(f"{value!r} is not a plain e-mail address")
    return value


def _public_url(value: str) -> str:
    """Accept https, and http only on loopback, where the demo and the tests live; fit for a header
    and a link.
    """
    if re.search(r"[\s\x00-\x20\x7f<>\"\\]", value):
        raise ValueError("must be one address without spaces, quotes or control characters")
    if not re.match(r"https://[^/\s]+|http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?(/|$)", value):
        raise ValueError("must be an https:// address (http:// only on loopback)")
    return value.rstrip("/")


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


M = TypeVar("M", bound=BaseModel)

ZoneName = Annotated[str, AfterValidator(_zone)]
HeaderText = Annotated[str, Field(max_length=200), AfterValidator(_header_text)]
Address = Annotated[str, AfterValidator(_address)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Network = Annotated[str, AfterValidator(_network)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
Host = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
DomainGroup = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,20}$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class Strict(BaseModel):
    """A table in the file: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DatabaseConfig(Strict):
    """Where the store is: a SQLAlchemy URL, SQLite by default."""

    url: str = "sqlite:///digest.db"


class KeysConfig(Strict):
    """Where the key file is."""

    file: Path = Path("keys.toml")


class WebConfig(Strict):
    """The reader pages: the address readers use and the socket we listen on."""

    public_url: PublicUrl
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)


class SchedulerConfig(Strict):
    """The alarm clock."""

    tick_seconds: float = Field(default=30, gt=0, le=600)
    max_lateness_hours: float = Field(default=36, gt=0, le=720)
    intake_minutes: float = Field(default=15, gt=0, le=1440)


class DeliveryConfig(Strict):
    """The ledger and its patience."""

    retry_window_hours: float = Field(default=48, gt=0, le=720)
    uncertain: Literal["hold", "assume_accepted", "resend"] = "hold"
    uncertain_hours: float = Field(default=6, ge=0, le=720)
    chunk_rows: int = Field(default=1000, ge=1, le=10_000)
    lease_seconds: float = Field(default=60, ge=1, le=3600)
    breaker_refusals: int = Field(default=5, ge=1, le=1000)
    breaker_minutes: float = Field(default=10, gt=0, le=1440)
    fail_over_minutes: float = Field(default=5, ge=0, le=1440)


class FetchConfig(Strict):
    """The only outgoing HTTP. `allow_networks` opens private ranges that are refused otherwise."""

    timeout_seconds: float = Field(default=10, gt=0, le=300)
    max_bytes: int = Field(default=5_000_000, gt=0)
    allow_networks: list[Network] = []
    user_agent: HeaderText = "Friday (newsletter intake)"


class PreflightConfig(Strict):
    """What an issue is checked for before it is approved. `levels` by check id (docs/preflight.md);
    `allowed_hosts` are hosts, and all below them, whose articles need no second look.
    """

    levels: dict[str, Literal["block", "warn", "note", "off"]] = {}
    allowed_hosts: list[Host] = []
    oldest_days: int = Field(default=14, ge=1, le=36_500)
    spamassassin: bool = True


class LoggingConfig(Strict):
    """What log lines look like."""

    form: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class GroupLimits(Strict):
    """What one domain group takes through one relay; None: no limit of its own."""

    per_second: float | None = Field(default=None, gt=0)
    per_hour: int | None = Field(default=None, ge=1)
    connections: int | None = Field(default=None, ge=1, le=500)


class WarmUpConfig(Strict):
    """How many copies a day a new relay is given: `per_day` from `start` on, day by day (UTC)."""

    start: Date
    per_day: list[Annotated[int, Field(ge=1)]] = Field(min_length=1, max_length=90)


class RelayConfig(BaseModel):
    """One way out. Keys other than these belong to the backend, which checks them itself."""

    model_config = ConfigDict(extra="allow", frozen=True)

    backend: str
    connections: int = Field(default=8, ge=1, le=500)
    per_second: float | None = Field(default=None, gt=0)
    per_hour: int | None = Field(default=None, ge=1)
    groups: dict[DomainGroup, GroupLimits] = {}
    warm_up: WarmUpConfig | None = None

    @property
    def options(self) -> dict[str, Any]:
        """Return the keys that are the backend's own."""
        return dict(self.model_extra or {})


class SenderConfig(Strict):
    """Who the newsletter comes from."""

    name: HeaderText
    address: Address


class ScheduleConfig(Strict):
    """When an issue is due each week, on the wall clock of `timezone`."""

    weekday: Literal[
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
    ] = "friday"
    time: TimeOfDay = TimeOfDay(7, 0)
    timezone: ZoneName = "UTC"
    readers_morning: bool = False

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
    pictures: Literal["linked", "embedded", "none"] | None = None
    public_url: PublicUrl | None = None
    guarded: bool = False
    guarded_names: list[Annotated[str, Field(min_length=3)]] = []
    schedule: ScheduleConfig = ScheduleConfig()
    initial: InitialConfig = InitialConfig()

    @property
    def shown_pictures(self) -> Literal["linked", "embedded", "none"]:
        """Return how pictures come to the reader; a guarded newsletter never links them."""
        return self.pictures or ("none" if self.guarded else "linked")

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
        return seen | {f"dkim.{key.selector}": key.domain or "" for key in self.dkim}


def names_it(text: str, name: str) -> bool:
    """Return whether a text holds a name, however it is cut, spelled or capitalised."""
    return _letters(name) in _letters(text)


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


class Config(Strict):
    """The whole file."""

    database: DatabaseConfig = DatabaseConfig()
    keys: KeysConfig = KeysConfig()
    web: WebConfig
    scheduler: SchedulerConfig = SchedulerConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    fetch: FetchConfig = FetchConfig()
    preflight: PreflightConfig = PreflightConfig()
    logging: LoggingConfig = LoggingConfig()
    templates: Path | None = None
    relays: dict[Slug, RelayConfig] = Field(min_length=1)
    newsletters: list[NewsletterConfig] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_fit(self) -> "Config":
        slugs = [newsletter.slug for newsletter in self.newsletters]
        for slug in slugs:
            if slugs.count(slug) > 1:
                raise ValueError(f"two newsletters have the slug {slug!r}")
        for newsletter in self.newsletters:
            for name in (newsletter.relay, *newsletter.spare_relays):
                if name not in self.relays:
                    raise ValueError(f"newsletter {newsletter.slug!r}: no [relays.{name}]")
        return self

    def site_of(self, newsletter: NewsletterConfig) -> str:
        """Return the address, without a slash, under which its readers find their pages."""
        return newsletter.public_url or self.web.public_url

    def newsletter(self, slug: str) -> NewsletterConfig:
        """Return the newsletter of that slug; ConfigError lists those there are."""
        for newsletter in self.newsletters:
            if newsletter.slug == slug:
                return newsletter
        known = ", ".join(newsletter.slug for newsletter in self.newsletters)
        raise ConfigError(f"no newsletter has the slug {slug!r} (there are: {known})")


def load_config(path: Path) -> Config:
    """Read and check a configuration file; ConfigError names the file and each wrong key."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror} (digest init makes one)"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    config = check(Config, tables, where=str(path))
    return _with_absolute_paths(config, path.resolve().parent)


def check(model: type[M], values: Any, *, where: str) -> M:
    """Return `values` as `model`; ConfigError with one line per wrong key, each led by `where` and
    the key.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"])
            lines.append(f"{where}: {key or 'the file'}: {_in_words(problem)}")
        # Not chained: the cause repeats the values it was given, a password among them.
        raise ConfigError("\n".join(lines)) from None


def _in_words(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "this key is unknown"
    if problem["type"] == "missing":
        return "this key is missing"
    return str(problem["msg"]).removeprefix("Value error, ")


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    url = config.database.url
    if match := re.fullmatch(r"sqlite:///([^/].*)", url):
        url = f"sqlite:///{folder / match[1]}"
    return config.model_copy(
        update={
            "database": DatabaseConfig(url=url),
            "keys": KeysConfig(file=folder / config.keys.file),
            "templates": folder / config.templates if config.templates else None,
            "relays": {name: _relay_paths(relay, folder) for name, relay in config.relays.items()},
            "newsletters": [_dkim_paths(newsletter, folder) for newsletter in config.newsletters],
        }
    )


def _relay_paths(relay: RelayConfig, folder: Path) -> RelayConfig:
    """Backends write paths as ``folder``, ``*_file`` or ``*_folder``; make those absolute too."""
    paths = {
        key: str(folder / value)
        for key, value in relay.options.items()
        if isinstance(value, str) and (key == "folder" or key.endswith(("_file", "_folder")))
    }
    return RelayConfig(**{**relay.model_dump(), **paths})


def _dkim_paths(newsletter: NewsletterConfig, folder: Path) -> NewsletterConfig:
    keys = [key.model_copy(update={"key_file": folder / key.key_file}) for key in newsletter.dkim]
    return newsletter.model_copy(update={"dkim": keys})


def read_secret(value: str | None, file: Path | None, variable: str | None) -> str | None:
    """Return a secret given in place, in a file or in an environment variable; ConfigError when it
    is not there.
    """
    if file is not None:
        try:
            return file.read_text().strip()
        except OSError as error:
            raise ConfigError(f"{file}: the secret cannot be read: {error.strerror}") from error
    if variable is not None:
        if variable not in os.environ:
            raise ConfigError(f"the environment variable {variable} is not set")
        return os.environ[variable]
    return value
