"""ALIVE, BACKLOG: whether somebody is at work, and what waits longer than it should."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import exists, func, literal_column, select
from sqlalchemy.orm import Session

from digest.config import FetchConfig
from digest.delivery.ledger.sums import IN_DOUBT
from digest.errors import FetchFailed
from digest.models import (
    Chunk,
    Delivery,
    Issue,
    IssueState,
    Newsletter,
    Notice,
    NoticeState,
    ReaderRequest,
)
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Said, how_many, note, warn, well, wrong
from digest.operations.doctor.names import is_here

LATE = timedelta(minutes=15)
LATELY = timedelta(days=7)
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - asked for, not listened on
PATIENCE_SECONDS = 3
# Said in the statement itself: with a parameter SQLite does not use the index on what waits.
WAITING = Notice.state == literal_column(f"'{NoticeState.WAITING.value}'")


def check_scheduler(case: Case) -> Iterator[Said]:
    """ALIVE-1: a scheduler gives signs of life: without one nothing is sent."""
    if case.app.hears_scheduler():
        yield well("a scheduler is at work")
    else:
        yield warn(
            "no scheduler gave a sign of life: unless cron runs digest tick, nothing will be sent",
            "start digest run (systemctl start friday)",
        )


def check_web(case: Case) -> Iterator[Said]:
    """ALIVE-2: the reader pages answer on this machine, without any network in between."""
    from digest.fetch.client import Fetcher

    web = case.app.config.web
    host = ANYWHERE.get(web.host, web.host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    networks = ["127.0.0.0/8", "::1/128"] if is_here(host.strip("[]")) else ["0.0.0.0/0", "::/0"]
    patience = FetchConfig(timeout_seconds=PATIENCE_SECONDS, allow_networks=networks)
    try:
        Fetcher(patience, case.app.clock).get(f"http://{host}:{web.port}/health")
    except FetchFailed as error:
        if error.status == 503:
            yield wrong("the pages answer that they are unfit", "look at the log of digest web")
        else:
            yield warn(
                f"the reader pages do not answer at {web.host}, port {web.port}",
                "start digest run, or digest web: until then nobody can leave by a click",
            )
    else:
        yield well(f"the reader pages answer at {web.host}, port {web.port}")


def check_letters(case: Case) -> Iterator[Said]:
    """BACKLOG-1: letters of the program, such as confirmations and alerts, leave in time."""
    now = case.app.clock.now()
    with case.app.db.read() as session:
        overdue, oldest = session.execute(
            select(func.count(), func.min(Notice.created_at)).where(
                WAITING, Notice.next_at < now - LATE
            )
        ).one()
        tried = session.scalar(select(func.count()).where(WAITING, Notice.attempts > 1)) or 0
        failed = session.scalar(
            select(func.count()).where(
                Notice.state == NoticeState.FAILED, Notice.done_at > now - LATELY
            )
        )
    if overdue:
        yield warn(
            f"{how_many(overdue, 'letter')} should have left by now, the oldest is of "
            f"{oldest:%Y-%m-%d %H:%M} UTC",
            "see that a scheduler runs and that the relay takes mail (--online asks it)",
        )
    elif tried:
        yield note(f"{how_many(tried, 'letter')} put off, and tried again", "look at the log")
    else:
        yield well("no letter waits longer than it should")
    if failed:
        yield note(
            f"{how_many(failed, 'letter')} could not be delivered in the last seven days",
            "mostly mistyped addresses; many of them mean that the relay refuses us",
        )


def check_copies(case: Case) -> Iterator[Said]:
    """BACKLOG-2: copies of an issue under way leave in time, and none is paused unnoticed."""
    now = case.app.clock.now()
    with case.app.db.read() as session:
        sending = session.execute(
            select(Issue, Newsletter.slug)
            .join(Newsletter, Newsletter.id == Issue.newsletter_id)
            .where(Issue.state == IssueState.SENDING)
            .order_by(Issue.id)
        ).all()
        idle = {issue.id for issue, _ in sending if _is_idle(session, issue.id, now)}
    for issue, slug in sending:
        name = f"{slug}/{issue.number}"
        if issue.paused:
            why = issue.paused_why or "by hand"
            yield warn(f"{name} is paused: {why}", f"digest issue resume {name}, or stop")
        elif issue.id in idle:
            yield warn(
                f"{name}: copies have been due for more than a quarter of an hour, and nobody is "
                "at them",
                "see that a scheduler runs; relays that rest are named by digest status",
            )
        else:
            yield well(f"{name} is being sent")
    if not sending:
        yield well("no issue is under way")


def _is_idle(session: Session, issue_id: int, now: datetime) -> bool:
    """Whether copies are overdue and no process holds any: a large issue under limits takes hours,
    and its last copies are due all the while.
    """
    ours = Chunk.issue_id == issue_id
    late = session.scalar(select(exists().where(ours, Chunk.next_at < now - LATE)))
    held = session.scalar(select(exists().where(ours, Chunk.lease_until > now)))
    return bool(late and not held)


def check_doubts(case: Case) -> Iterator[Said]:
    """BACKLOG-3: of no copy it is open whether it arrived."""
    with case.app.db.read() as session:
        doubts = session.execute(
            select(Newsletter.slug, Issue.number, Issue.state, func.count(Delivery.id))
            .join(Delivery, Delivery.issue_id == Issue.id)
            .join(Newsletter, Newsletter.id == Issue.newsletter_id)
            .where(IN_DOUBT)
            .group_by(Issue.id, Newsletter.slug, Issue.number, Issue.state)
            .order_by(Issue.id)
        ).all()
    for slug, number, state, copies in doubts:
        say = warn if state is IssueState.SENDING else note
        doubted = how_many(copies, "copy", "copies")
        yield say(
            f"{slug}/{number}: of {doubted} nobody knows whether it arrived",
            f"digest issue uncertain {slug}/{number} lists them; digest issue evidence reads the "
            "relay's log",
        )
    if not doubts:
        yield well("no copy is in doubt")


def check_requests(case: Case) -> Iterator[Said]:
    """BACKLOG-4: what readers ask for on the pages is answered in time."""
    now = case.app.clock.now()
    with case.app.db.read() as session:
        kept, oldest = session.execute(select(func.count(), func.min(ReaderRequest.asked_at))).one()
    if kept and oldest < now - LATE:
        waiting = how_many(kept, "request")
        yield warn(
            f"{waiting} of readers waiting, the oldest since {oldest:%Y-%m-%d %H:%M} UTC",
            "start digest run: the scheduler answers them",
        )
    else:
        yield well("no request of a reader waits longer than it should")
