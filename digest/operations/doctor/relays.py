"""RELAY and MAILBOX over the network: the way in is open, secured and believed; no mail is sent."""

import asyncio
from collections.abc import Iterator
from datetime import datetime

from digest.config import MailboxConfig
from digest.delivery.backends.smtp import SmtpBackend
from digest.delivery.smtp.survey import Survey
from digest.errors import BackendDown, ConfigError, DigestError
from digest.operations.doctor.case import STEP_SECONDS, Case, side_by_side
from digest.operations.doctor.findings import Said, how_many, note, warn, well, wrong
from digest.operations.doctor.names import is_here

SOON_DAYS = 14  # until a certificate ends; most are renewed a month before
VERY_SOON_DAYS = 3
LEAST_SIZE = 500_000  # octets of a message with embedded pictures


def survey_relay(case: Case, name: str) -> Survey | None:
    """Return what a relay says of itself, asked once; None for a backend that speaks no SMTP.
    BackendDown or ConfigError where it cannot be used.
    """

    def ask() -> Survey | None:
        backend: object = case.app.relay(name).backend
        if not isinstance(backend, SmtpBackend):
            return None
        try:
            return asyncio.run(asyncio.wait_for(backend.survey(), STEP_SECONDS))
        except TimeoutError as error:
            host = case.app.config.relays[name].options.get("host")
            raise BackendDown(f"{host}: no answer within {STEP_SECONDS:g} seconds") from error

    return case.once(("survey", name), ask)


def check_entry(case: Case) -> Iterator[Said]:
    """RELAY-2: every SMTP relay can be reached, shows a certificate that verifies, and lets us
    in.
    """
    names = list(case.app.config.relays)
    for said in side_by_side(lambda name: list(_entry(case, name)), names):
        yield from said


def _entry(case: Case, name: str) -> Iterator[Said]:
    try:
        found = survey_relay(case, name)
    except BackendDown as error:
        yield wrong(f"relays.{name}: {error}", _advice(str(error)))
        return
    except ConfigError:
        return  # RELAY-1 says it
    if found is None:
        return
    way = "logged in" if found.logged_in else "no log-in needed"
    yield well(f"relays.{name}: {found.relay} answers as {found.calls_itself}, {way}")
    yield from judge_security(f"relays.{name}", found, case.app.clock.now())


def _advice(problem: str) -> str:
    """Return what to do about a relay that cannot be used, by what was said."""
    said = problem.lower()
    if "certificate" in said:
        return (
            "have the relay's certificate put right, or correct host to the name that is in it; "
            "ca_file trusts a certificate of your own"
        )
    if "auth" in said or " 535 " in said or " 530 " in said or "credential" in said:
        return "correct username and password, or ask the provider whether the account is open"
    if "tls not available" in said:
        return "the relay cannot do TLS now: its own log says why"
    if "starttls" in said or "extension" in said:
        return 'the relay offers no STARTTLS on this port: another port, or security = "tls"'
    return "correct host and port, and see that a firewall lets this machine out"


def judge_security(key: str, found: Survey, now: datetime) -> Iterator[Said]:
    """Judge how a relay that answers is secured."""
    if not found.tls:
        if not is_here(found.relay.rpartition(":")[0]) and "STARTTLS" in found.keywords:
            yield warn(
                f"{key}: copies go to it in clear, and it offers STARTTLS",
                'set security to "starttls"',
            )
        return
    yield well(f"{key}: {found.tls}, its certificate verifies")
    if found.certificate_ends is not None:
        yield judge_certificate(key, found.certificate_ends, now)


def judge_certificate(of: str, ends: datetime, now: datetime) -> Said:
    """Judge how long a certificate that verifies still will."""
    days = (ends - now).days
    text = f"{of}: the certificate ends in {how_many(days, 'day')}, on {ends:%Y-%m-%d}"
    if days < VERY_SOON_DAYS:
        return wrong(text, "renew it now: nobody is let in with one that has ended")
    if days < SOON_DAYS:
        return warn(text, "renew it, and see why that did not happen by itself")
    return well(text)


def check_offers(case: Case) -> Iterator[Said]:
    """RELAY-3: what each relay offers is enough for copies."""
    for name, relay in case.app.config.relays.items():
        try:
            found = survey_relay(case, name)
        except DigestError:
            continue  # RELAY-2 says it
        if found is not None:
            most = relay.options.get("messages_per_connection", 100)
            yield from judge_offers(f"relays.{name}", found, int(most))


def judge_offers(key: str, found: Survey, messages_per_connection: int) -> Iterator[Said]:
    """Judge what a relay says it can do."""
    offered = found.offered
    yield well(f"{key}: it offers {', '.join(found.keywords) or 'nothing beyond plain SMTP'}")
    if not offered.pipelining:
        yield note(
            f"{key}: no PIPELINING: each copy takes more round trips",
            "nothing, for a few thousand readers; otherwise ask for it",
        )
    if offered.size and offered.size < LEAST_SIZE:
        yield warn(
            f"{key}: it takes messages of at most {offered.size:,} octets",
            "have the limit raised, or link pictures and do not embed them",
        )
    if not offered.smtputf8:
        yield note(
            f"{key}: no SMTPUTF8: readers whose address is not ASCII before the @ get nothing",
            "nothing, if there are none of them",
        )
    if not offered.dsn:
        yield note(
            f"{key}: no DSN: failures are reported as the relay likes",
            "nothing; bounces still come to bounce_address",
        )
    most = found.limits.get("MAILMAX")
    if most is not None and most < messages_per_connection:
        yield warn(
            f"{key}: it takes {how_many(most, 'message')} on one connection",
            f"set messages_per_connection to {most}",
        )


def check_mailboxes(case: Case) -> Iterator[Said]:
    """MAILBOX-1: every mailbox that readers write to can be opened."""
    yield from side_by_side(lambda one: _open(one), case.app.config.mailboxes)


def _open(settings: MailboxConfig) -> Said:
    from digest.correspondence.incoming.imap import open_folder

    try:
        with open_folder(settings):
            return well(f"mailbox at {settings.host}: {settings.folder} can be opened")
    except DigestError as error:
        return wrong(
            f"mailbox: {error}",
            "correct [newsletters.mailbox]: letters of readers wait there meanwhile",
        )
