"""``config.toml`` as typed values; an unknown key is an error, and every error names file and key.

The file owns what an operator decides: store, keys, relays, web, and of each newsletter its slug,
sender, host, relay and default schedule. What editors change lives in the database, seeded once
from ``[newsletters.initial]``. Paths are relative to the folder of the file.
"""

import os
import re
import tomllib
from datetime import date as Date
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from digest.config.hooks import HooksConfig
from digest.config.kinds import (
    DomainGroup,
    HeaderText,
    Host,
    Network,
    PublicUrl,
    Resolver,
    Slug,
    Strict,
)
from digest.config.newsletter import MailboxConfig, NewsletterConfig
from digest.config.watching import WatchingConfig
from digest.errors import ConfigError

M = TypeVar("M", bound=BaseModel)


class DatabaseConfig(Strict):
    """Where the store is: a SQLAlchemy URL, SQLite by default."""

    url: str = "sqlite:///digest.db"


class KeysConfig(Strict):
    """Where the keys are: in a file, or off the disk, asked for at start or read from an open file
    descriptor.
    """

    file: Path = Path("keys.toml")
    source: Annotated[str, Field(pattern=r"^(file|prompt|fd:[0-9]{1,3})$")] = "file"


class WebConfig(Strict):
    """The reader pages: the address readers use and the socket we listen on.

    `trusted_proxies` are the networks whose word (X-Forwarded-For) we take on where a visitor comes
    from.
    """

    public_url: PublicUrl
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    trusted_proxies: list[Network] = []


class DeskConfig(Strict):
    """The editors' pages, at ``/desk`` below `web.public_url`: open or not, after how many hours
    everybody signs in anew, who must have a second factor, and whether a mailed link signs in.
    """

    open: bool = True
    session_hours: float = Field(default=12, gt=0, le=720)
    second_factor: Literal["optional", "publishers", "everyone"] = "optional"
    mailed_links: bool = False


class MediaConfig(Strict):
    """The media room: the folder that its pictures are kept in."""

    folder: Path = Path("media")


class StorageConfig(Strict):
    """The disk. `home`: the file that knows what was sent from here, beside the database by
    default; `silence_hours`: 0 never takes a long silence for a snapshot that was gone back to.
    `ballast_megabytes` are kept free for work on a full disk, 0 for none (SQLite).
    """

    home: Path | None = None
    silence_hours: float = Field(default=24, ge=0, le=8760)
    ballast_megabytes: int = Field(default=16, ge=0, le=4096)


class LimitsConfig(Strict):
    """How much strangers may ask of the public pages: letters to one address, links to the settings
    of one reader, forms from one network (an IPv4 /24, an IPv6 /64), and forms from everywhere
    together.
    """

    letters_per_day: int = Field(default=1, ge=1, le=100)
    letters_per_month: int = Field(default=3, ge=1, le=1000)
    links_per_day: int = Field(default=3, ge=1, le=100)
    network_per_hour: int = Field(default=60, ge=1)
    all_per_hour: int = Field(default=5000, ge=1)


class SchedulerConfig(Strict):
    """The alarm clock. `watch_hours`: 0 leaves picked articles unread."""

    tick_seconds: float = Field(default=30, gt=0, le=600)
    max_lateness_hours: float = Field(default=36, gt=0, le=720)
    intake_minutes: float = Field(default=15, gt=0, le=1440)
    watch_hours: float = Field(default=4, ge=0, le=168)


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
    ledger_days: int = Field(default=90, ge=14, le=3650)


class FeedbackConfig(Strict):
    """What follows when copies come back, counted in issues; an issue that was accepted and did not
    come back begins the count anew. `kept_days`, `kept_most`: messages that nobody understood.
    """

    no_domain_issues: int = Field(default=2, ge=1, le=100)
    disabled_issues: int = Field(default=2, ge=1, le=100)
    soft_issues: int = Field(default=4, ge=1, le=100)
    soft_days: float = Field(default=21, ge=0, le=366)
    probe_days: float = Field(default=30, ge=1, le=366)
    remembered_days: int = Field(default=200, ge=60, le=3650)
    kept_days: int = Field(default=30, ge=1, le=366)
    kept_most: int = Field(default=1000, ge=1, le=100_000)


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


class DoctorConfig(Strict):
    """What ``digest doctor --online`` asks the DNS through; without any, the system's own."""

    resolvers: list[Resolver] = []


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


class Config(Strict):
    """The whole file."""

    database: DatabaseConfig = DatabaseConfig()
    keys: KeysConfig = KeysConfig()
    web: WebConfig
    desk: DeskConfig = DeskConfig()
    media: MediaConfig = MediaConfig()
    storage: StorageConfig = StorageConfig()
    limits: LimitsConfig = LimitsConfig()
    scheduler: SchedulerConfig = SchedulerConfig()
    delivery: DeliveryConfig = DeliveryConfig()
    feedback: FeedbackConfig = FeedbackConfig()
    fetch: FetchConfig = FetchConfig()
    preflight: PreflightConfig = PreflightConfig()
    doctor: DoctorConfig = DoctorConfig()
    logging: LoggingConfig = LoggingConfig()
    hooks: HooksConfig = HooksConfig()
    watching: WatchingConfig = WatchingConfig()
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
        for provider, hook in self.hooks.open.items():
            for name in hook.relays:
                if name not in self.relays:
                    raise ValueError(f"hooks.{provider}: no [relays.{name}]")
        if self.watching.relay is not None and self.watching.relay not in self.relays:
            raise ValueError(f"watching.relay: no [relays.{self.watching.relay}]")
        return self

    @model_validator(mode="after")
    def _mirrors_fit(self) -> "Config":
        # Links on the pages begin with the path, which a mirror therefore cannot change.
        for newsletter in self.newsletters:
            site = self.site_of(newsletter)
            for address in newsletter.page_mirrors:
                if urlsplit(address).path != urlsplit(site).path:
                    raise ValueError(
                        f"newsletter {newsletter.slug!r}: mirrors: {address} of pages must have the"
                        f" same path as {site}"
                    )
        return self

    @model_validator(mode="after")
    def _links_can_be_mailed(self) -> "Config":
        if self.desk.mailed_links and self.desk_sender is None:
            raise ValueError(
                "desk.mailed_links: every newsletter is guarded, so none of them may write to an"
                " editor: set it to false"
            )
        return self

    @property
    def desk_sender(self) -> NewsletterConfig | None:
        """Return the newsletter in whose name editors are written to: the first that is not
        guarded; None where all are, for a letter of the desk would give them away.
        """
        return next((each for each in self.newsletters if not each.guarded), None)

    def site_of(self, newsletter: NewsletterConfig) -> str:
        """Return the address, without a slash, under which its readers find their pages."""
        return newsletter.public_url or self.web.public_url

    @property
    def sites(self) -> list[str]:
        """Return every address, without a slash, under which pages of ours are found, mirrors
        too.
        """
        sites = [self.web.public_url]
        for newsletter in self.newsletters:
            sites += [self.site_of(newsletter), *newsletter.page_mirrors]
        return list(dict.fromkeys(sites))

    @property
    def mailboxes(self) -> list[MailboxConfig]:
        """Return the mailboxes that are fetched from, readers' and those of what comes back, each
        once however many newsletters share it.
        """
        mailboxes = [newsletter.mailbox for newsletter in self.newsletters]
        mailboxes += [newsletter.bounces for newsletter in self.newsletters]
        return list({each.account: each for each in mailboxes if each and each.host}.values())

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
            "keys": config.keys.model_copy(update={"file": folder / config.keys.file}),
            "hooks": config.hooks.in_folder(folder),
            "media": MediaConfig(folder=folder / config.media.folder),
            "watching": config.watching.in_folder(folder),
            "storage": config.storage.model_copy(
                update={"home": folder / config.storage.home if config.storage.home else None}
            ),
            "templates": folder / config.templates if config.templates else None,
            "relays": {name: _relay_paths(relay, folder) for name, relay in config.relays.items()},
            "newsletters": [_newsletter_paths(each, folder) for each in config.newsletters],
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


def _newsletter_paths(newsletter: NewsletterConfig, folder: Path) -> NewsletterConfig:
    keys = [key.model_copy(update={"key_file": folder / key.key_file}) for key in newsletter.dkim]
    changes: dict[str, object] = {"dkim": keys}
    if newsletter.privacy_file:
        changes["privacy_file"] = folder / newsletter.privacy_file
    for key, mailbox in (("mailbox", newsletter.mailbox), ("bounces", newsletter.bounces)):
        if mailbox:
            files = {"password_file": mailbox.password_file, "ca_file": mailbox.ca_file}
            paths = {name: folder / path for name, path in files.items() if path}
            changes[key] = mailbox.model_copy(update=paths)
    return newsletter.model_copy(update=changes)


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
