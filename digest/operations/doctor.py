"""Looks an instance over and says what is wrong with it, and what to do; changes nothing.

A check is a function in `CHECKS` under an id that never changes meaning, so that it can be looked
up and silenced elsewhere. It yields one `Said` for each thing it looked at, the good ones too; what
it cannot look at because of a failure we expect is an error of its own.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.app import App
from digest.clock import Due
from digest.config import NewsletterConfig, WarmUpConfig
from digest.correspondence.terms import policy_of
from digest.curation.newsletters import find_newsletter, next_issue_slot
from digest.delivery.pacing.forecast import HORIZON, overruns
from digest.delivery.pacing.limits import allowed_on, day_of
from digest.delivery.pacing.plan import audience_by_group, forecast_issue
from digest.delivery.slots import find_next_slot
from digest.errors import ConfigError, DigestError
from digest.models import Newsletter, Subscription
from digest.operations.findings import Check, Finding, Level, Said
from digest.operations.keys.health import check_backup, check_place
from digest.press.preflight.verdict import rules_of
from digest.rendering.furniture import Furniture, untranslated
from digest.subscribers.audience import audience_count


def examine(app: App, checks: Mapping[str, Check] | None = None) -> list[Finding]:
    """Return what all of `CHECKS` say, or those given instead, in their order."""
    return [
        Finding(id, said.level, said.text, said.hint)
        for id, check in (CHECKS if checks is None else checks).items()
        for said in _run(check, app)
    ]


def _run(check: Check, app: App) -> Iterator[Said]:
    try:
        yield from check(app)
    except DigestError as error:
        yield Said(Level.ERROR, str(error), "put this right first; the check could not be done")


def check_relays(app: App) -> Iterator[Said]:
    """RELAY-1: every relay can be made from its options; nothing is connected to."""
    for name in app.config.relays:
        try:
            app.relay(name)
        except ConfigError as error:
            yield Said(Level.ERROR, str(error), f"correct [relays.{name}]")
        else:
            yield Said(Level.OK, f"relays.{name}: its options can be used")


def check_words(app: App) -> Iterator[Said]:
    """WORDS-1: the catalogues of each newsletter's language can be read, and lack nothing."""
    for newsletter in app.config.newsletters:
        language = newsletter.language
        words = Furniture(app.templates.catalogues.words(language), language)
        if lacking := untranslated(words):
            yield Said(
                Level.NOTE,
                f"{newsletter.slug}: {len(lacking)} phrases have no words in {language!r}; readers "
                "see English ones",
                f"write them into translations/{language}.po in a templates folder of your own",
            )
        else:
            yield Said(Level.OK, f"{newsletter.slug}: every phrase has its words in {language!r}")


def check_plans(app: App) -> Iterator[Said]:
    """PLAN-1: of each newsletter, the next issue has left before the one after it is due."""
    now = app.clock.now()
    for configured in app.config.newsletters:
        with app.db.read() as session:
            newsletter = find_newsletter(session, configured.slug)
            readers = audience_by_group(session, newsletter.id, now)
            due, following = _next_two(session, newsletter, configured, now)
            plan = forecast_issue(
                session,
                app.config,
                configured,
                readers,
                start=due.due_at,
                local_date=due.local_date,
            )
        zone = configured.schedule.timezone
        if not overruns(plan, following.due_at):
            yield Said(
                Level.OK,
                f"the next issue of {configured.slug} has left by {_when(plan.last_at, zone)}",
            )
            continue
        yield Said(
            Level.ERROR,
            f"the plan of {configured.slug} overruns the next "
            f"{configured.schedule.weekday.capitalize()}: the last copy leaves "
            f"{_when(plan.last_at, zone)}, the next issue is due {_when(following.due_at, zone)}",
            f"it is limited by {plan.limited_by}: allow more there, or use another relay",
        )


def _next_two(
    session: Session, newsletter: Newsletter, configured: NewsletterConfig, now: datetime
) -> tuple[Due, Due]:
    """Return the next slot, wherever an editor put it, and the one after it."""
    schedule = configured.schedule.as_schedule()
    planned = find_next_slot(session, newsletter.id, now)
    if planned is None:
        due = next_issue_slot(newsletter, schedule, now)
    else:
        due = Due(planned.local_date, planned.due_at)
    following = next_issue_slot(newsletter, schedule, due.due_at)
    if following.local_date <= due.local_date:  # it was brought forward
        following = next_issue_slot(newsletter, schedule, following.due_at)
    return due, following


def _when(at: datetime | None, zone: str) -> str:
    if at is None:
        return f"in more than {HORIZON.days} days"
    return f"{at.astimezone(ZoneInfo(zone)):%A %Y-%m-%d %H:%M}"


def check_groups(app: App) -> Iterator[Said]:
    """PLAN-2: every limit for a domain group is for one that somebody is in."""
    for name, relay in app.config.relays.items():
        if not relay.groups:
            continue
        slugs = [n.slug for n in app.config.newsletters if name in (n.relay, *n.spare_relays)]
        with app.db.read() as session:
            there = set(
                session.scalars(
                    select(Subscription.domain_group)
                    .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
                    .where(Newsletter.slug.in_(slugs))
                    .distinct()
                )
            )
        idle = sorted(set(relay.groups) - there)
        known = ", ".join(sorted(there)) or "none yet"
        for group in idle:
            yield Said(
                Level.NOTE,
                f"relays.{name}.groups.{group}: no subscriber is in this group",
                f"correct its name if it is meant to limit anybody (groups with subscribers: "
                f"{known})",
            )
        if not idle:
            yield Said(Level.OK, f"relays.{name}.groups: each has subscribers")


def check_warm_ups(app: App) -> Iterator[Said]:
    """PLAN-3: a warm-up that has begun has days enough left for the readers it is meant for."""
    now = app.clock.now()
    for name, relay in app.config.relays.items():
        warm_up = relay.warm_up
        if warm_up is None or warm_up.start >= day_of(now):
            continue
        readers, first = _audience_of_relay(app, name, now)
        room = _room_from(warm_up, first)
        if readers <= max(room, warm_up.per_day[-1]):
            yield Said(Level.OK, f"relays.{name}.warm_up: it has days enough for {readers:,}")
            continue
        last = warm_up.start + timedelta(days=len(warm_up.per_day) - 1)
        yield Said(
            Level.WARN,
            f"relays.{name}.warm_up: its days from the next issue to {last} have room for "
            f"{room:,} of {readers:,} copies; the others leave after it without a limit",
            "move its start to the day of the next issue or add days; take it out when the "
            "address is known well",
        )


def _audience_of_relay(app: App, relay: str, now: datetime) -> tuple[int, datetime]:
    """Return how many readers its newsletters have, and when the first of their issues is due."""
    readers, due = 0, []
    with app.db.read() as session:
        for configured in app.config.newsletters:
            if configured.relay == relay:
                newsletter = find_newsletter(session, configured.slug)
                readers += audience_count(session, newsletter.id, now)
                due.append(_next_two(session, newsletter, configured, now)[0].due_at)
    return readers, min(due, default=now)


def _room_from(warm_up: WarmUpConfig, first: datetime) -> int:
    """Return how many copies a warm-up allows from a day until it ends."""
    days = [day_of(first) + timedelta(days=number) for number in range(len(warm_up.per_day))]
    return sum(allowed_on(warm_up, day) or 0 for day in days)


def check_levels(app: App) -> Iterator[Said]:
    """PREFLIGHT-1: every level in the configuration is that of a check there is."""
    try:
        rules = rules_of(app.config, app.path.name)
    except ConfigError as error:
        yield Said(Level.ERROR, str(error), "correct it: nothing can be approved before")
        return
    if rules.levels:
        yield Said(Level.OK, f"preflight.levels: the newsroom's own are {', '.join(rules.levels)}")


def check_policies(app: App) -> Iterator[Said]:
    """SIGNUP-1: every privacy policy that is a file can be read: nobody can join without it."""
    for configured in app.config.newsletters:
        if configured.privacy_file is None:
            continue
        try:
            policy_of(configured)
        except ConfigError as error:
            yield Said(
                Level.ERROR,
                f"{configured.slug}: {error}",
                "correct the file, as UTF-8 text, or privacy_file: nobody can subscribe before",
            )
        else:
            yield Said(Level.OK, f"{configured.slug}: its privacy policy can be read")


def check_media(app: App) -> Iterator[Said]:
    """MEDIA-1: the folder of the media room can be written to, or made."""
    if trouble := app.media.store.trouble():
        yield Said(
            Level.WARN,
            f"media.folder: {trouble}: editors can take no picture in",
            "make the folder, and give it to the user that digest web runs as",
        )
    else:
        yield Said(Level.OK, "media.folder: pictures can be kept")


CHECKS: dict[str, Check] = {
    "RELAY-1": check_relays,
    "WORDS-1": check_words,
    "PLAN-1": check_plans,
    "PLAN-2": check_groups,
    "PLAN-3": check_warm_ups,
    "PREFLIGHT-1": check_levels,
    "SIGNUP-1": check_policies,
    "MEDIA-1": check_media,
    "KEYS-1": check_backup,
    "KEYS-2": check_place,
}
