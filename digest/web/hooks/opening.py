"""Which providers are listened to: those with a table in the configuration, each with its secret
read and looked at, so that an empty one opens nothing.
"""

import re
from collections.abc import Callable

from digest.app import App
from digest.config import (
    HookConfig,
    MailgunHookConfig,
    PostmarkHookConfig,
    SendgridHookConfig,
    SesHookConfig,
    read_secret,
)
from digest.delivery.feedback.sendgrid import read_public_key
from digest.delivery.feedback.sns_certificates import SigningCertificates
from digest.errors import ConfigError
from digest.fetch import Fetched
from digest.web.hooks.hearing import Hook
from digest.web.hooks.providers import MailgunHook, PostmarkHook, SendgridHook, SesHook

SHORTEST = 16  # characters, of what our side makes up
SHORTEST_IN_PATH = 20


def open_hooks(instance: App) -> list[Hook]:
    """Return the providers that the configuration has a table for; ConfigError names the table
    whose secret is missing, empty or too short to be one.
    """
    return [_open(provider, table, instance) for provider, table in _tables(instance)]


def _tables(instance: App) -> list[tuple[str, HookConfig]]:
    return list(instance.config.hooks.open.items())


def _open(provider: str, table: HookConfig, instance: App) -> Hook:
    name = table.secret_name()
    where = f"{instance.path.name}: hooks.{provider}.{name}"
    given = [getattr(table, key) for key in (name, f"{name}_file", f"{name}_env")]
    secret = (read_secret(*given) or "").strip()
    if not secret:
        raise ConfigError(f"{where}: it is empty, and then anybody could tell us anything")
    relays = frozenset(table.relays)
    match table:
        case PostmarkHookConfig():
            _not_short(secret, where, SHORTEST)
            return PostmarkHook(relays, table.username, secret)
        case MailgunHookConfig():
            return MailgunHook(relays, secret)
        case SendgridHookConfig():
            return SendgridHook(relays, read_public_key(secret))
        case SesHookConfig():
            return _open_ses(table, secret, where, instance)
    raise ConfigError(f"{where}: no provider of that name")


def _open_ses(table: SesHookConfig, secret: str, where: str, instance: App) -> SesHook:
    _not_short(secret, where, SHORTEST_IN_PATH)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise ConfigError(f"{where}: it stands in a path: letters, digits, - and _ only")
    fetch: Callable[[str], Fetched] = lambda url: instance.fetcher.get(url)  # noqa: E731
    certificates = SigningCertificates(fetch, instance.clock)
    relays, topics = frozenset(table.relays), frozenset(table.topics)
    return SesHook(relays, topics, secret, certificates, fetch)


def _not_short(secret: str, where: str, least: int) -> None:
    if len(secret) < least:
        raise ConfigError(f"{where}: at least {least} characters, made up by a machine")
