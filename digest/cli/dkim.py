"""``digest dkim``: keys that sign the copies, and the DNS records that publish them."""

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.terminal import say
from digest.config import Config, DkimConfig, NewsletterConfig, check, load_config
from digest.delivery.dkim.keys import (
    DkimKey,
    KeyType,
    load_keys,
    new_private_key,
    signing_domain,
    write_private_key,
)
from digest.errors import ConfigError
from digest.logs import set_up_logging

app = typer.Typer(help="Keys that sign the copies (DKIM).", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="dkim")


NO_KEYS = "No newsletter has a key: the relay signs, if anyone does. digest dkim new makes one."


@app.command("new")
def new(
    context: typer.Context,
    selector: Annotated[
        str, typer.Option(help="The key's name in the DNS, such as friday2026; never used before.")
    ],
    kind: Annotated[
        KeyType, typer.Option("--type", help="rsa is understood everywhere.")
    ] = KeyType.RSA,
    newsletter: Annotated[
        str, typer.Option(help="Slug; may be left out when there is only one.")
    ] = "",
) -> None:
    """Make a key and show what to publish in the DNS. Overwrites no key.

    The file is <selector>.pem beside the configuration, or what is configured for the selector.
    """
    path: Path = context.obj
    chosen = _chosen(load_config(path), newsletter)
    configured = _configured(chosen, selector)
    key_file = path.resolve().parent / f"{selector}.pem"
    values = {"selector": selector, "key_file": key_file}
    dkim = configured or check(DkimConfig, values, where="--selector")
    domain = signing_domain(dkim, chosen.sender.address)
    key = DkimKey(domain, selector, new_private_key(kind))
    write_private_key(dkim.key_file, key.private)
    say(f"Wrote {dkim.key_file}. Only the user that runs Friday may read it.")
    _say_record(key)
    if not configured:
        say(
            f"When the record can be seen, add this to {path}, under {chosen.slug}:\n\n"
            f'[[newsletters.dkim]]\nselector = "{selector}"\nkey_file = "{dkim.key_file.name}"'
        )


@app.command("show")
def show(context: typer.Context) -> None:
    """Show the DNS records of the configured keys."""
    set_up_logging("text", "warning")
    config = load_config(context.obj)
    for newsletter in config.newsletters:
        for key in load_keys(newsletter.dkim, newsletter.sender.address):
            say(f"{newsletter.slug}, {key.type}:")
            _say_record(key)
    if not any(newsletter.dkim for newsletter in config.newsletters):
        say(NO_KEYS)


def _chosen(config: Config, slug: str) -> NewsletterConfig:
    if slug or len(config.newsletters) == 1:
        return config.newsletter(slug or config.newsletters[0].slug)
    known = ", ".join(newsletter.slug for newsletter in config.newsletters)
    raise ConfigError(f"--newsletter must say which one it is for (there are: {known})")


def _configured(newsletter: NewsletterConfig, selector: str) -> DkimConfig | None:
    """Return the key of that selector if the configuration names it already."""
    return next((dkim for dkim in newsletter.dkim if dkim.selector == selector), None)


def _say_record(key: DkimKey) -> None:
    record = key.dns_record()
    say(
        f"\nTXT record:  {record.name}\nits value:   {record.value}\n"
        f"in a zone file, where a string has 255 characters at most:\n{record.zone_line()}\n"
    )
