"""What is wrong now, as a look at the store and the disk finds it; changes nothing.

Each look takes the instance and yields what it found. They are cheap, because all of them are taken
every minute: none adds up the rows of an issue, none counts readers.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from digest.app import App
from digest.delivery.breaker.rows import load_standings
from digest.delivery.breaker.standing import RELAY_FORGOTTEN, WHOLE, is_forgotten, may_try
from digest.delivery.feedback.keeping import count_kept
from digest.delivery.home.rows import list_holds
from digest.delivery.ledger.sums import Sums, count_doubts
from digest.models import (
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeState,
    Slot,
    SlotState,
    Source,
)
from digest.operations.keys.changing import is_backed_up
from digest.operations.reception import Mood, Reception, count_reception
from digest.operations.watching.marks import BACKED_UP, mailbox_mark, mailboxes, read_mark
from digest.operations.watching.troubles import Key, Seen

LATELY = timedelta(days=14)  # what is wrong with an older issue is nobody's present trouble
EASED = 1.2  # so many times the limit must be free before the disk is well again
FEWEST_COMPLAINTS = 2  # one complaint is a person, two may be a trend
LATE = timedelta(minutes=2)  # a slot that nobody opened, a letter that nobody tried
MEGABYTE = 1_000_000

Known = Collection[Key]  # the troubles that last already


def look_over(app: App, known: Known) -> list[Seen]:
    """Return everything that is wrong now; `known` are the troubles that last already."""
    now = app.clock.now()
    found = [*_look_at_disk(app, known), *_look_at_keys(app)]
    with app.db.read() as session:
        for look in LOOKS:
            found += look(app, session, now)
    return found


def _look_at_relays(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    for relay in app.config.relays:
        for group, standing in load_standings(session, relay).items():
            if standing.down_since is None or is_forgotten(standing, now, RELAY_FORGOTTEN):
                continue
            if group == WHOLE:
                yield Seen("relay-down", relay, standing.reason, standing.down_since)
            elif not may_try(standing, now):
                where = f"{group} through {relay}"
                yield Seen("group-rests", where, standing.reason, standing.down_since)


def _look_at_letters(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    oldest = session.execute(
        select(Notice.newsletter_slug, func.count(), func.min(Notice.created_at))
        # One that was tried waits for its own receiver, and is no trouble of ours.
        .where(
            Notice.state == NoticeState.WAITING,
            Notice.attempts == 0,
            Notice.created_at < now - LATE,
        )
        .group_by(Notice.newsletter_slug)
    )
    for slug, count, since in oldest:
        yield Seen("letters-wait", slug, f"{count} wait", since)


def _look_at_mailboxes(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    for slug, mailbox in mailboxes(app).items():
        read = read_mark(session, mailbox_mark(mailbox))
        if read is None or now - read > timedelta(minutes=2 * mailbox.every_minutes) + LATE:
            said = f"it was read last on {read:%Y-%m-%d %H:%M} UTC" if read else "it was never read"
            yield Seen("mailbox-unread", slug, said, read)


def _look_at_kept_messages(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    if kept := count_kept(session):
        yield Seen("messages-kept", "program", f"{kept} of them")


def _look_at_holds(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    for hold in list_holds(session, now)[:1]:
        yield Seen("held", "instance", str(hold), hold.since)


def _look_at_sources(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    failing = select(Source).where(Source.active.is_(True), Source.failures > 0)
    for source in session.scalars(failing.order_by(Source.id)):
        yield Seen("sources-failing", f"{source.id} ({source.name[:60]})")


def _look_at_disk(app: App, known: Known) -> Iterator[Seen]:
    if not app.config.watching.disk_free_mb:
        return
    for what, folder in list_places(app).items():
        lasts = ("disk-low", what) in known
        limit = app.config.watching.disk_free_mb * MEGABYTE * (EASED if lasts else 1)
        free = shutil.disk_usage(folder).free
        if free < limit:
            yield Seen("disk-low", what, f"{free // MEGABYTE:,} MB are free")


def list_places(app: App) -> dict[str, Path]:
    """Return the folders that an instance writes to and that are there, by what lies there."""
    file = app.db.file
    places = {"database": file.parent if file else None, "pictures": app.config.media.folder}
    return {what: folder for what, folder in places.items() if folder and folder.exists()}


def _look_at_keys(app: App) -> Iterator[Seen]:
    if not is_backed_up(app):
        yield Seen("keys-not-copied", "keys")


def _look_at_backups(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    days = app.config.watching.backup_days
    made = read_mark(session, BACKED_UP)
    if days and (made is None or now - made > timedelta(days=days)):
        said = f"it was made on {made:%Y-%m-%d %H:%M} UTC" if made else "none was ever made"
        yield Seen("backup-old", "instance", said)


def _look_at_complaints(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    kinds = {Mood.UNEASY: "complaints", Mood.GRAVE: "complaints-grave"}
    for slug, issue in _list_last_sent(app, session, now).items():
        if issue.sums is None:
            continue  # it was reopened for somebody who joined, and will be sent again in a moment
        reception = count_reception(session, issue, Sums(**issue.sums))
        if reception.complaints >= FEWEST_COMPLAINTS and reception.mood in kinds:
            yield Seen(kinds[reception.mood], slug, _complaints_in_words(issue, reception))


def _complaints_in_words(issue: Issue, reception: Reception) -> str:
    return f"number {issue.number}: {reception.in_words(reception.complaints)}"


def _list_last_sent(app: App, session: Session, now: datetime) -> dict[str, Issue]:
    """Return the newest issue of each newsletter whose sending has ended, if that was lately."""
    found = {}
    for slug, newsletter_id in session.execute(select(Newsletter.slug, Newsletter.id)):
        last = session.scalar(
            select(Issue)
            .where(
                Issue.newsletter_id == newsletter_id,
                Issue.state == IssueState.SENT,
                Issue.sending_at > now - LATELY,
            )
            .order_by(Issue.sending_at.desc())
            .limit(1)
        )
        if last is not None:
            found[slug] = last
    return found


def _look_at_doubts(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    lately = select(Issue.id, Issue.number, Newsletter.slug).join(
        Newsletter, Newsletter.id == Issue.newsletter_id
    )
    began = Issue.state.in_([IssueState.SENDING, IssueState.SENT]), Issue.sending_at > now - LATELY
    for issue_id, number, slug in session.execute(lately.where(*began).order_by(Issue.id)):
        if count := count_doubts(session, issue_id):
            yield Seen("copies-uncertain", f"{slug}/{number}", f"{count} of them")


def _look_at_slots(app: App, session: Session, now: datetime) -> Iterator[Seen]:
    slugs = [newsletter.slug for newsletter in app.config.newsletters]
    late = (
        select(Newsletter.slug, Slot.local_date, Slot.due_at)
        .join(Newsletter, Newsletter.id == Slot.newsletter_id)
        .where(
            Slot.state == SlotState.PLANNED, Slot.due_at < now - LATE, Newsletter.slug.in_(slugs)
        )
    )
    for slug, day, due_at in session.execute(late):
        yield Seen("slot-not-opened", f"{slug} of {day}", "", due_at)


LOOKS: tuple[Callable[[App, Session, datetime], Iterator[Seen]], ...] = (
    _look_at_relays,
    _look_at_letters,
    _look_at_mailboxes,
    _look_at_kept_messages,
    _look_at_holds,
    _look_at_sources,
    _look_at_backups,
    _look_at_complaints,
    _look_at_doubts,
    _look_at_slots,
)
