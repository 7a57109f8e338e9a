"""Which providers are listened to: those with a table in the configuration, each with its secret
read and looked at, so that an empty one opens nothing.
"""

import re

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
    hooks: list[Hook] = []
    for provider, table in instance.config.hooks.open.items():
        try:
            hooks.append(_open(table, instance))
        except ConfigError as error:
            key = table.secret_name()
            raise ConfigError(f"{instance.path.name}: hooks.{provider}.{key}: {error}") from error
    return hooks


def _open(table: HookConfig, instance: App) -> Hook:
    name = table.secret_name()
    given = [getattr(table, key) for key in (name, f"{name}_file", f"{name}_env")]
    secret = (read_secret(*given) or "").strip()
    if not secret:
        raise ConfigError("it is empty, and then anybody could tell us anything")
    relays = frozenset(table.relays)
    match table:
        case PostmarkHookConfig():
            _not_short(secret, SHORTEST)
            return PostmarkHook(relays, table.username, secret)
        case MailgunHookConfig():
            return MailgunHook(relays, secret)
        case SendgridHookConfig():
            return SendgridHook(relays, read_public_key(secret))
        case SesHookConfig():
            return _open_ses(table, secret, instance)
    raise ConfigError("no provider of that name")


def _open_ses(table: SesHookConfig, secret: str, instance: App) -> SesHook:
    _not_short(secret, SHORTEST_IN_PATH)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", secret):
        raise ConfigError("it stands in a path: letters, digits, - and _ only")

    def fetch(url: str) -> Fetched:  # the fetcher is made with the first use
        return instance.fetcher.get(url)

    certificates = SigningCertificates(fetch, instance.clock)
    relays, topics = frozenset(table.relays), frozenset(table.topics)
    return SesHook(relays, topics, secret, certificates, fetch)


def _not_short(secret: str, least: int) -> None:
    if len(secret) < least:
        raise ConfigError(f"at least {least} characters, made up by a machine")
