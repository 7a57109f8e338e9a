"""``digest issue evidence``: the relay's own log settles what is in doubt."""

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import opened, progress_bar, say
from digest.delivery.evidence import (
    issue_key,
    list_witnesses,
    name_copies,
    refuse_incomplete,
    weigh_log,
)
from digest.delivery.ledger.doubts import Doubt, apply_evidence, list_doubts
from digest.delivery.ledger.weighing import SETTLING, Evidence
from digest.delivery.postfix_log import PostfixLog, moment_of, read_log_lines, read_postfix_log
from digest.errors import BadInput
from digest.models import DeliveryState

PIPED = Path("-")
BATCH = 200  # rows settled in one transaction, so that a sender's dots need not wait


@dataclass(frozen=True, slots=True)
class Question:
    """What the log is asked: rows in doubt and witnesses, by their Message-IDs; and whose log it
    is.
    """

    found: Referred
    relay: str
    relays: Collection[str]  # as rows name it
    doubts: Mapping[str, Doubt]
    witnesses: Collection[str]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("evidence")(evidence)


def evidence(
    context: typer.Context,
    issue: IssueName,
    postfix_log: Annotated[
        list[Path],
        typer.Option(help="The relay's log (.gz too; - reads it in); again for more."),
    ],
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="The log has all the relay took: what it lacks is sent again."
        ),
    ] = False,
    relay: Annotated[
        str | None, typer.Option(help="Whose log it is; the newsletter's relay by default.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The log's time zone, where its stamps have none.")
    ] = None,
) -> None:
    """Let the relay's log settle what is in doubt.

    Without --complete only what the log shows counts. With it, a copy that the log lacks, or shows
    cut off before its end, goes out again; the log must then reach from before the issue was sent
    to half an hour after the copy. Running it again is harmless.
    """
    with opened(context) as instance:
        asked = _ask(instance, issue, relay, witnessed=complete)
        if not asked.doubts:
            say(f"Nothing of {asked.found.name} is in doubt.")
            return
        log = _read(asked, postfix_log)
        now = instance.clock.now()
        until = _covered_until(asked, log, _zone(zone), now) if complete else None
        said = weigh_log(
            log,
            asked.doubts,
            source=f"log of {asked.relay}",
            now=now,
            complete_until=until,
            relays=asked.relays,
        )
        counts = _apply(instance, said, now)
    _report(asked, log, counts, len(said))


def _ask(instance: App, issue: str, relay: str | None, *, witnessed: bool) -> Question:
    with instance.db.read() as session:
        found = refer(instance, session, issue, begun=True)
        doubts = {doubt.delivery_id: doubt for doubt in list_doubts(session, found.row.id)}
        name = relay or found.configured.relay
        if name not in instance.config.relays:
            raise BadInput(f"--relay {name}: the configuration has no relay of that name")
        # Rows from before relays were written down belong to the only one there was.
        relays = {name} if found.configured.spare_relays else {name, ""}
        if not doubts:
            return Question(found, name, relays, {}, ())
        witnesses = list_witnesses(session, found.row.id, relays) if witnessed else []
    key, host = issue_key(instance.keys, found.row), found.configured.host
    named = {copy: doubts[id] for copy, id in name_copies(doubts, key, host).items()}
    return Question(found, name, relays, named, name_copies(witnesses, key, host).keys())


def _read(asked: Question, paths: Sequence[Path]) -> PostfixLog:
    log = PostfixLog([*asked.doubts, *asked.witnesses])
    for path in paths:
        if path == PIPED:
            read_log_lines(sys.stdin.buffer, "standard input", log)
            continue
        with progress_bar(path.name, counted=False) as advance:
            read_postfix_log(path, log, advance)
    return log


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(f"--zone {name}: there is no such time zone") from error


def _covered_until(
    asked: Question, log: PostfixLog, zone: ZoneInfo | None, now: datetime
) -> datetime:
    """Return the moment up to which the log has everything; Refused when it plainly has not."""
    if not log.lines:
        raise BadInput("the log is empty: that it lacks a copy means nothing")
    begins = moment_of(log.first_stamp, zone, now)
    refuse_incomplete(log, asked.found.row, asked.witnesses, begins=begins)
    return moment_of(log.last_stamp, zone, now)


def _apply(instance: App, said: Sequence[Evidence], now: datetime) -> Counter[DeliveryState]:
    counts = Counter[DeliveryState]()
    for start in range(0, len(said), BATCH):
        with instance.db.write() as session:
            for evidence in said[start : start + BATCH]:
                state = apply_evidence(session, evidence, now)
                if state is not None:
                    counts[state] += 1
    return counts


def _report(asked: Question, log: PostfixLog, counts: Counter[DeliveryState], said: int) -> None:
    say(
        f"{asked.found.name}: {counts[DeliveryState.ACCEPTED]:,} accepted, "
        f"{counts[DeliveryState.REJECTED]:,} rejected, "
        f"{counts[DeliveryState.PENDING]:,} sent again, "
        f"{len(asked.doubts) - counts.total():,} still in doubt."
    )
    if said > counts.total():
        minutes = int(SETTLING.total_seconds() / 60)
        say(f"That the log lacks a copy counts {minutes} minutes after its dot: ask again later.")
    for copy, doubt in asked.doubts.items():
        trace = log.traces[copy]
        if trace.unclear and not trace.taken:
            say(f"delivery {doubt.delivery_id}: begun in the log, neither queued nor cut off")
