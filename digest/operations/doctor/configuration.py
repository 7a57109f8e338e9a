"""CONFIG: settings that are allowed and unwise, contradict each other, or lead nowhere."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from digest.config import NewsletterConfig, RelayConfig
from digest.delivery.return_paths import plain_return_path
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, how_many, note, warn, well, wrong
from digest.operations.doctor.names import are_related, domain_of, is_here

TO_THE_WORLD = ("smtp", "postmark")  # of our own backends, those that reach readers
METADATA = ipaddress.ip_address("169.254.169.254")  # what a cloud tells its machines, keys too
WEEK_HOURS = 168
PRIVATE_NAMES = (".local", ".internal", ".lan", ".home.arpa", ".localhost")


def check_opening(case: Case) -> Iterator[Said]:
    """CONFIG-1: the configuration can be read, and the keys it names opened."""
    yield well(f"{case.app.path.name} can be read, and the keys opened")


def check_settings(case: Case) -> Iterator[Said]:
    """CONFIG-2: no setting is unsafe, and none contradicts another."""
    found = [*_of_web(case), *_of_fetch(case), *_of_delivery(case)]
    for name, relay in case.app.config.relays.items():
        found += _of_relay(name, relay)
    yield from found or [well("no setting is unsafe or contradicts another")]


def _of_web(case: Case) -> Iterator[Said]:
    web = case.app.config.web
    if not is_here(web.host) and not web.trusted_proxies:
        yield warn(
            f"web.host: the pages listen on {web.host} without TLS, and no proxy is named before "
            "them",
            'listen on "127.0.0.1", put a reverse proxy with TLS before it, and name that in '
            "web.trusted_proxies",
        )
    for network in map(ipaddress.ip_network, web.trusted_proxies):
        if network.prefixlen == 0:
            yield warn(
                f"web.trusted_proxies: {network} lets every visitor say where it comes from",
                "name the proxy's own address, or limits for strangers count for nothing",
            )


def _of_fetch(case: Case) -> Iterator[Said]:
    for network in map(ipaddress.ip_network, case.app.config.fetch.allow_networks):
        if METADATA in network:
            yield warn(
                f"fetch.allow_networks: {network} holds the address at which clouds tell their "
                "machines secrets",
                "open only the networks that sources of yours are in",
            )
        else:
            yield note(
                f"fetch.allow_networks: feeds may make this machine knock at doors in {network}",
                "take it out unless a source of yours is in there",
            )


def _of_delivery(case: Case) -> Iterator[Said]:
    config = case.app.config
    if config.delivery.retry_window_hours >= WEEK_HOURS:
        yield warn(
            f"delivery.retry_window_hours: {config.delivery.retry_window_hours:g} hours reach into "
            "the next issue",
            f"fewer than {WEEK_HOURS}; 48 are usual",
        )
    if config.delivery.uncertain == "resend":
        yield note(
            'delivery.uncertain: "resend" may give a reader the same issue twice',
            '"hold" leaves what nobody knows to an editor',
        )
    if config.logging.level == "debug":
        yield note(
            'logging.level: "debug" writes a lot, about each copy', 'set it to "info" when found'
        )


def _of_relay(name: str, relay: RelayConfig) -> Iterator[Said]:
    host = str(relay.options.get("host", ""))
    if relay.backend == "smtp" and relay.options.get("security") == "none" and not is_here(host):
        yield warn(
            f"relays.{name}.security: copies and addresses go to {host} in clear",
            'set security to "starttls" or "tls"',
        )
    timeouts = relay.options.get("timeouts")
    dot = timeouts.get("dot", 600) if isinstance(timeouts, dict) else 600
    if isinstance(dot, int | float) and dot < 600:
        yield warn(
            f"relays.{name}.timeouts.dot: {dot:g} seconds: a relay that answers later has taken "
            "the copy, and nobody knows",
            "leave it at 600 (RFC 5321, section 4.5.3.2)",
        )


def check_pages(case: Case) -> Iterator[Said]:
    """CONFIG-3: the addresses in readers' links can be reached from outside."""
    config = case.app.config
    earnest = [name for name, relay in config.relays.items() if relay.backend in TO_THE_WORLD]
    for site in config.sites:
        host = urlsplit(site).hostname or ""
        if is_here(host):
            say = wrong if earnest else note
            yield say(
                f"{site} is this machine alone: nobody else can follow a link in a mail",
                "set public_url to the https:// address that the reverse proxy serves",
            )
        elif _is_number(host) or host.endswith(PRIVATE_NAMES) or "." not in host:
            yield warn(
                f"{site}: {host} is no name that readers' machines know",
                "set public_url to a public name with a certificate",
            )
        else:
            yield well(f"{site}: https, under a public name")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def return_address(newsletter: NewsletterConfig) -> str:
    """Return where copies come back to: the envelope's sender."""
    return plain_return_path(newsletter)


def check_hosts(case: Case) -> Iterator[Said]:
    """CONFIG-4: sender, envelope sender and links are of one house, as receivers look at them."""
    for newsletter in case.app.config.newsletters:
        sender = domain_of(newsletter.sender.address)
        found = list(_of_newsletter(newsletter, sender, case.app.config.site_of(newsletter)))
        yield from found or [well(f"{newsletter.slug}: all its names belong to {sender}")]


def _of_newsletter(newsletter: NewsletterConfig, sender: str, site: str) -> Iterator[Said]:
    bounces = domain_of(return_address(newsletter))
    if not are_related(bounces, sender):
        yield warn(
            f"{newsletter.slug}: bounces go to {bounces}, the mail is from {sender}: SPF then "
            "vouches for another domain, and DMARC hangs on the signature alone",
            f"use a bounce_address below {sender}",
        )
    if newsletter.guarded:
        return  # neutral names are what it wants, and the configuration sees to that
    if not are_related(newsletter.host, sender):
        yield note(
            f"{newsletter.slug}: host {newsletter.host} is of another house than {sender}",
            "a neutral host is right for a guarded newsletter; otherwise choose one below the "
            "sender's domain before the first issue leaves",
        )
    pages = urlsplit(site).hostname or ""
    if not are_related(pages, sender) and not is_here(pages):
        yield note(
            f"{newsletter.slug}: its links lead to {pages}, the mail is from {sender}",
            "readers and filters trust links to the sender's own domain more",
        )


def check_alerts(case: Case) -> Iterator[Said]:
    """CONFIG-5: somebody is told when an issue is held, missed or in trouble."""
    for newsletter in case.app.config.newsletters:
        if newsletter.alerts:
            addresses = how_many(len(newsletter.alerts), "address", "addresses")
            yield well(f"{newsletter.slug}: alerts go to {addresses}")
        else:
            yield warn(
                f"{newsletter.slug}: alerts go to nobody",
                "name in alerts who reads mail on the eve of an issue",
            )


def check_bounces(case: Case) -> Iterator[Said]:
    """CONFIG-6: mail that comes back is read by somebody."""
    for newsletter in case.app.config.newsletters:
        if newsletter.bounces is not None:
            how = "fetched by IMAP" if newsletter.bounces.host else "taken in by pipe"
            yield well(f"{newsletter.slug}: mail that comes back is {how}")
            continue
        key = "bounce_address" if newsletter.bounce_address else "sender.address"
        yield note(
            f"{newsletter.slug}: mail that comes back goes to {key}, which this program does not "
            "read",
            "set up [newsletters.bounces]; until then let somebody look there after an issue, and "
            "take out who is gone with digest subscribers suppress",
        )
