"""``config.toml`` as typed values: `file` is the whole, `newsletter` one publication, `kinds` what
a value may be, `mirrored` where else something is found.
"""

from digest.config.file import (
    Config,
    DatabaseConfig,
    DeliveryConfig,
    DeskConfig,
    FeedbackConfig,
    FetchConfig,
    GroupLimits,
    KeysConfig,
    LimitsConfig,
    MediaConfig,
    RelayConfig,
    WarmUpConfig,
    WebConfig,
    check,
    load_config,
    read_secret,
)
from digest.config.hooks import (
    HookConfig,
    HooksConfig,
    MailgunHookConfig,
    PostmarkHookConfig,
    SendgridHookConfig,
    SesHookConfig,
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
from digest.config.watching import WatchingConfig

__all__ = [
    "Config",
    "DatabaseConfig",
    "DeliveryConfig",
    "DeskConfig",
    "DkimConfig",
    "FeedbackConfig",
    "FetchConfig",
    "GroupLimits",
    "HookConfig",
    "HooksConfig",
    "InitialConfig",
    "KeysConfig",
    "LimitsConfig",
    "MailboxConfig",
    "MailgunHookConfig",
    "MediaConfig",
    "MirrorConfig",
    "NewsletterConfig",
    "PostmarkHookConfig",
    "PublicUrl",
    "RelayConfig",
    "ScheduleConfig",
    "SenderConfig",
    "SendgridHookConfig",
    "SesHookConfig",
    "SignupConfig",
    "Strict",
    "WarmUpConfig",
    "WatchingConfig",
    "WebConfig",
    "check",
    "load_config",
    "mirrors_of",
    "names_it",
    "pages_at",
    "read_secret",
]
