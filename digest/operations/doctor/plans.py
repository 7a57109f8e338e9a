"""PLAN, RELAY-1: that the next issue has left before the one after it is due, and that what is
configured of relays can be used.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.app import App
from digest.clock import Due
from digest.config import NewsletterConfig, WarmUpConfig
from digest.curation.newsletters import find_newsletter, next_issue_slot
from digest.delivery.next_draft import next_due
from digest.delivery.pacing.forecast import HORIZON, Forecast, overruns
from digest.delivery.pacing.limits import allowed_on, day_of
from digest.delivery.pacing.plan import audience_by_group, forecast_issue
from digest.errors import ConfigError
from digest.models import Newsletter, Subscription
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.subscribers.audience import audience_count


def check_relays(case: Case) -> Iterator[Said]:
    """RELAY-1: every relay can be made from its options; nothing is connected to."""
    for name in case.app.config.relays:
        try:
            case.app.relay(name)
        except ConfigError as error:
            yield wrong(str(error), f"correct [relays.{name}]")
        else:
            yield well(f"relays.{name}: its options can be used")


def check_plans(case: Case) -> Iterator[Said]:
    """PLAN-1: of each newsletter, the next issue has left before the one after it is due."""
    now = case.app.clock.now()
    for configured in case.app.config.newsletters:
        with case.app.db.read() as session:
            newsletter = find_newsletter(session, configured.slug)
            due, following = next_two(session, newsletter, configured, now)
            plan = plan_of(session, case, configured, newsletter, due)
        zone = configured.schedule.timezone
        if not overruns(plan, following.due_at):
            yield well(
                f"the next issue of {configured.slug} has left by {when(plan.last_at, zone)}",
            )
            continue
        yield wrong(
            f"the plan of {configured.slug} overruns the next "
            f"{configured.schedule.weekday.capitalize()}: the last copy leaves "
            f"{when(plan.last_at, zone)}, the next issue is due {when(following.due_at, zone)}",
            f"it is limited by {plan.limited_by}: allow more there, or use another relay",
        )


def plan_of(
    session: Session, case: Case, configured: NewsletterConfig, newsletter: Newsletter, due: Due
) -> Forecast:
    """Return when the copies of a newsletter's issue leave for those who read it now."""

    def ask() -> Forecast:
        readers = audience_by_group(session, newsletter.id, case.app.clock.now())
        return forecast_issue(
            session,
            case.app.config,
            configured,
            readers,
            start=due.due_at,
            local_date=due.local_date,
        )

    # Two checks want it, and counting a million readers takes a while.
    return case.once(("plan", configured.slug), ask)


def next_two(
    session: Session, newsletter: Newsletter, configured: NewsletterConfig, now: datetime
) -> tuple[Due, Due]:
    """Return the next slot, wherever an editor put it, and the one after it."""
    schedule = configured.schedule.as_schedule()
    due = next_due(session, newsletter, configured, now)
    following = next_issue_slot(newsletter, schedule, due.due_at)
    if following.local_date <= due.local_date:  # it was brought forward
        following = next_issue_slot(newsletter, schedule, following.due_at)
    return due, following


def when(at: datetime | None, zone: str) -> str:
    """Return an instant as it is said in a zone."""
    if at is None:
        return f"in more than {HORIZON.days} days"
    return f"{at.astimezone(ZoneInfo(zone)):%A %Y-%m-%d %H:%M}"


def check_groups(case: Case) -> Iterator[Said]:
    """PLAN-2: every limit for a domain group is for one that somebody is in."""
    for name, relay in case.app.config.relays.items():
        if not relay.groups:
            continue
        slugs = [n.slug for n in case.app.config.newsletters if name in (n.relay, *n.spare_relays)]
        with case.app.db.read() as session:
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
            yield note(
                f"relays.{name}.groups.{group}: no subscriber is in this group",
                f"correct its name if it is meant to limit anybody (groups with subscribers: "
                f"{known})",
            )
        if not idle:
            yield well(f"relays.{name}.groups: each has subscribers")


def check_warm_ups(case: Case) -> Iterator[Said]:
    """PLAN-3: a warm-up that has begun has days enough left for the readers it is meant for."""
    now = case.app.clock.now()
    for name, relay in case.app.config.relays.items():
        warm_up = relay.warm_up
        if warm_up is None or warm_up.start >= day_of(now):
            continue
        readers, first = _audience_of_relay(case.app, name, now)
        room = _room_from(warm_up, first)
        if readers <= max(room, warm_up.per_day[-1]):
            yield well(f"relays.{name}.warm_up: it has days enough for {readers:,}")
            continue
        last = warm_up.start + timedelta(days=len(warm_up.per_day) - 1)
        yield warn(
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
                due.append(next_two(session, newsletter, configured, now)[0].due_at)
    return readers, min(due, default=now)


def _room_from(warm_up: WarmUpConfig, first: datetime) -> int:
    """Return how many copies a warm-up allows from a day until it ends."""
    days = [day_of(first) + timedelta(days=number) for number in range(len(warm_up.per_day))]
    return sum(allowed_on(warm_up, day) or 0 for day in days)
