"""``config.toml`` as typed values: `file` is the whole, `newsletter` one publication, `kinds` what
a value may be, `mirrored` where else something is found.
"""

from digest.config.file import (
    Config,
    DatabaseConfig,
    DeliveryConfig,
    DeskConfig,
    FetchConfig,
    GroupLimits,
    KeysConfig,
    LimitsConfig,
    MediaConfig,
    RelayConfig,
    StorageConfig,
    WarmUpConfig,
    WebConfig,
    check,
    load_config,
    read_secret,
)
from digest.config.kinds import PublicUrl, Strict
from digest.config.mirrored import mirrors_of, pages_at
from digest.config.newsletter import (
    DkimConfig,
    InitialConfig,
    MailboxConfig,
    MirrorConfig,
    NewsletterConfig,
    ScheduleConfig,
    SenderConfig,
    SignupConfig,
    names_it,
)

__all__ = [
    "Config",
    "DatabaseConfig",
    "DeliveryConfig",
    "DeskConfig",
    "DkimConfig",
    "FetchConfig",
    "GroupLimits",
    "InitialConfig",
    "KeysConfig",
    "LimitsConfig",
    "MailboxConfig",
    "MediaConfig",
    "MirrorConfig",
    "NewsletterConfig",
    "PublicUrl",
    "RelayConfig",
    "ScheduleConfig",
    "SenderConfig",
    "SignupConfig",
    "StorageConfig",
    "Strict",
    "WarmUpConfig",
    "WebConfig",
    "check",
    "load_config",
    "mirrors_of",
    "names_it",
    "pages_at",
    "read_secret",
]
