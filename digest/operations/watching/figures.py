"""The figures that Prometheus reads, each taken from the store or the disk at the moment it is
asked for: counting in each process would need them added up, and forget with each restart.

No label is about a reader: newsletters, relays, states and kinds alone, as many as config.toml has.
"""

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from digest import __version__
from digest.app import App
from digest.delivery.breaker.rows import load_standings
from digest.delivery.breaker.standing import RELAY_FORGOTTEN, WHOLE, is_forgotten, may_try
from digest.delivery.feedback.keeping import count_kept
from digest.delivery.home.rows import list_holds
from digest.delivery.next_draft import next_due
from digest.models import (
    FeedbackEvent,
    InstanceValue,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeState,
    ReaderDay,
    Slot,
    SlotState,
    Source,
)
from digest.operations.keys.changing import is_backed_up
from digest.operations.watching.alerts import ALERTS
from digest.operations.watching.looking import list_places
from digest.operations.watching.marks import BACKED_UP, mailbox_mark, mailboxes, read_mark
from digest.operations.watching.troubles import list_troubles

Figures = Callable[[App, Session, datetime], Iterator[Metric]]
UNTIL_NOW = (SlotState.FIRED, SlotState.HELD, SlotState.MISSED)


def gauge(name: str, help: str, *labels: str) -> GaugeMetricFamily:
    """Return an empty family under our prefix."""
    return GaugeMetricFamily(f"friday_{name}", help, labels=labels)


def build(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """What is running."""
    info = gauge("build_info", "1, with what runs as labels", "version", "python", "database")
    info.add_metric([__version__, platform.python_version(), session.get_bind().dialect.name], 1)
    yield info


def issues(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """How many issues are in which state."""
    family = gauge("issues", "Issues by newsletter and state", "newsletter", "state")
    rows = session.execute(
        select(Newsletter.slug, Issue.state, func.count())
        .join(Issue, Issue.newsletter_id == Newsletter.id)
        .group_by(Newsletter.slug, Issue.state)
    )
    counts = Counter({(slug, state): count for slug, state, count in rows})
    for slug in _slugs(app):
        for state in IssueState:
            family.add_metric([slug, state.value], counts[slug, state])
    yield family


def slots(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """When the next issue is due and whether it is approved; how the last slot went."""
    due = gauge("next_slot_due_timestamp_seconds", "When the next issue is due", "newsletter")
    ready = gauge("next_slot_approved", "1: an issue is approved for it", "newsletter")
    late = gauge("slot_overdue_seconds", "How long a due slot was not opened", "newsletter")
    last = gauge("last_slot", "1 for the state of the last slot", "newsletter", "state")
    delay = gauge("last_slot_lateness_seconds", "From due to settled", "newsletter")
    for slug, newsletter_id in _newsletters(app, session):
        newsletter = session.get_one(Newsletter, newsletter_id)
        following = next_due(session, newsletter, app.config.newsletter(slug), now)
        due.add_metric([slug], following.due_at.timestamp())
        ready.add_metric([slug], _is_approved(session, newsletter_id, following.local_date))
        overdue = session.scalar(
            select(func.min(Slot.due_at)).where(
                Slot.newsletter_id == newsletter_id,
                Slot.state == SlotState.PLANNED,
                Slot.due_at < now,
            )
        )
        late.add_metric([slug], (now - overdue).total_seconds() if overdue else 0)
        past = session.scalar(
            select(Slot)
            .where(Slot.newsletter_id == newsletter_id, Slot.state.in_(UNTIL_NOW))
            .order_by(Slot.due_at.desc())
            .limit(1)
        )
        for state in UNTIL_NOW:
            last.add_metric([slug, state.value], past is not None and past.state is state)
        if past is not None and past.settled_at is not None:
            delay.add_metric([slug], (past.settled_at - past.due_at).total_seconds())
    yield from (due, ready, late, last, delay)


def _is_approved(session: Session, newsletter_id: int, day: date) -> bool:
    return bool(
        session.scalar(
            select(func.count()).where(
                Issue.newsletter_id == newsletter_id,
                Issue.slot_date == day,
                Issue.state == IssueState.APPROVED,
            )
        )
    )


def notices(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """Service mails that wait, and those given up within a month."""
    family = gauge("notices", "Service mails by state; done ones go after a month", "state")
    waiting, oldest = session.execute(
        select(func.count(), func.min(Notice.created_at)).where(Notice.state == NoticeState.WAITING)
    ).one()
    family.add_metric([NoticeState.WAITING.value], waiting)
    yield family
    age = gauge("notice_oldest_seconds", "Age of the service mail that waits longest")
    age.add_metric([], (now - oldest).total_seconds() if oldest else 0)
    yield age


def relays(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """How the relays stand."""
    down = gauge(
        "relay_down_seconds", "For how long a relay is out of order; 0: it is not", "relay"
    )
    rests = gauge("relay_rests", "1: nothing is tried through it at this moment", "relay")
    groups = gauge("relay_groups_resting", "Domain groups that refuse us and rest", "relay")
    for relay in app.config.relays:
        standings = load_standings(session, relay)
        whole = standings.pop(WHOLE, None)
        lasts = (
            whole is not None
            and whole.down_since is not None
            and not is_forgotten(whole, now, RELAY_FORGOTTEN)
        )
        since = whole.down_since if whole and lasts else None
        down.add_metric([relay], (now - since).total_seconds() if since else 0)
        rests.add_metric([relay], whole is not None and not may_try(whole, now))
        groups.add_metric([relay], sum(not may_try(each, now) for each in standings.values()))
    yield from (down, rests, groups)


def sources(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """Feeds and pages that are read, and those that fail."""
    active, failing = session.execute(
        select(func.count(), func.count().filter(Source.failures > 0)).where(
            Source.active.is_(True)
        )
    ).one()
    family = gauge("sources", "Sources that are read, by how the last reading went", "state")
    family.add_metric(["well"], active - failing)
    family.add_metric(["failing"], failing)
    yield family


def readings(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """When mailboxes were read last."""
    family = gauge("mailbox_read_timestamp_seconds", "When it was read last", "newsletter")
    for slug, mailbox in mailboxes(app).items():
        at = read_mark(session, mailbox_mark(mailbox))
        family.add_metric([slug], at.timestamp() if at else 0)
    yield family


def feedback(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """What came back within a week, and what nobody understood."""
    family = gauge("feedback", "What came back within seven days", "provider", "kind")
    rows = session.execute(
        select(FeedbackEvent.provider, FeedbackEvent.kind, func.count())
        .where(FeedbackEvent.received_at > now - timedelta(days=7))
        .group_by(FeedbackEvent.provider, FeedbackEvent.kind)
    )
    for provider, kind, count in rows:
        family.add_metric([provider, kind], count)
    kept = gauge("messages_kept", "Messages that came back and that nobody understood")
    kept.add_metric([], count_kept(session))
    yield from (family, kept)


def holds(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """Whether anything may be sent."""
    family = gauge("held", "1: nothing is sent until digest takeover lets it go")
    family.add_metric([], bool(list_holds(session, now)))
    yield family


def readers(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """How many readers there are, who came and who went, by the last day that was tallied."""
    count = gauge("readers", "Readers when the last day (UTC) was tallied", "newsletter")
    came = gauge("readers_came", "Who came on that day", "newsletter")
    went = gauge("readers_went", "Who left on that day", "newsletter")
    for slug, newsletter_id in _newsletters(app, session):
        of_it = select(ReaderDay).where(ReaderDay.newsletter_id == newsletter_id)
        day = session.scalar(of_it.order_by(ReaderDay.day.desc()).limit(1))
        if day is not None:
            came.add_metric([slug], day.came)
            went.add_metric([slug], day.went)
            if day.readers is not None:
                count.add_metric([slug], day.readers)
    yield from (count, came, went)


def processes(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """Signs of life."""
    age = gauge("heartbeat_age_seconds", "Since the youngest sign of life; none: nobody", "role")
    alive = gauge("processes", "Processes that gave a sign lately", "role")
    lately = now - timedelta(seconds=3 * app.config.scheduler.tick_seconds)
    rows = session.execute(
        select(InstanceValue.name, InstanceValue.at).where(InstanceValue.name.startswith("alive:"))
    )
    signs: dict[str, list[datetime]] = {"scheduler": []}
    for name, at in rows:
        signs.setdefault(name.split(":")[1], []).append(at)
    for role, moments in signs.items():
        alive.add_metric([role], sum(at >= lately for at in moments))
        if moments:
            age.add_metric([role], (now - max(moments)).total_seconds())
    yield from (age, alive)


def keys(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """The keys: for how long the newest seals, and whether a copy was made."""
    age = gauge("seal_key_age_seconds", "Since the newest key came into use")
    canary = session.get(InstanceValue, "key_canary")
    if canary is not None:
        age.add_metric([], (now - canary.at).total_seconds())
    copied = gauge("keys_copied", "1: a copy was made of the ring as it is")
    copied.add_metric([], is_backed_up(app))
    yield from (age, copied)


def backups(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """When the last backup was made; nothing where none ever was."""
    family = gauge("backup_timestamp_seconds", "When the last backup ended well")
    made = read_mark(session, BACKED_UP)
    if made is not None:
        family.add_metric([], made.timestamp())
    yield family


def troubles(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """What operators are told of."""
    family = gauge("troubles", "What is wrong now, by the alerts of docs/alerts.md", "kind")
    counts = Counter(kind for kind, _ in list_troubles(session))
    for kind, alert in ALERTS.items():
        if alert.lasts:
            family.add_metric([kind], counts[kind])
    yield family


def room(app: App, session: Session, now: datetime) -> Iterator[Metric]:
    """The size of the database, and what is left of the disks."""
    size = gauge("database_bytes", "What the database takes")
    size.add_metric([], _database_bytes(app, session))
    free = gauge("disk_free_bytes", "What is left where an instance writes", "place")
    for what, folder in list_places(app).items():
        free.add_metric([what], shutil.disk_usage(folder).free)
    yield from (size, free)


def _database_bytes(app: App, session: Session) -> int:
    file = app.db.file
    if file is None:
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    log = file.with_name(f"{file.name}-wal")
    return sum(each.stat().st_size for each in (file, log) if each.exists())


def _slugs(app: App) -> list[str]:
    return [newsletter.slug for newsletter in app.config.newsletters]


def _newsletters(app: App, session: Session) -> list[tuple[str, int]]:
    """Return slug and id of each newsletter in the configuration."""
    rows = session.execute(select(Newsletter.slug, Newsletter.id).order_by(Newsletter.id))
    known = set(_slugs(app))
    return [(slug, id) for slug, id in rows if slug in known]


CHEAP: tuple[Figures, ...] = (
    build, issues, slots, notices, relays, sources, readings, feedback, holds, readers, processes,
    keys, backups, troubles, room,
)  # fmt: skip
