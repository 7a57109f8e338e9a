"""``digest issue``: a run under way (pause, resume, stop) and copies nobody is sure about."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import (
    console,
    is_confirmed,
    is_typed,
    local_time,
    opened,
    print_table,
    progress_bar,
    say,
)
from digest.curation.issues import pause_issue, resume_issue
from digest.delivery.evidence import issue_key, name_copies
from digest.delivery.ledger.doubts import By, Doubt, list_doubts
from digest.delivery.ledger.sums import count_sums
from digest.delivery.running import choose_doubts, refuse_not_running, settle_doubts, stop_run
from digest.errors import BadInput, Refused
from digest.models import DeliveryState, Subscriber

Yes = Annotated[bool, typer.Option("--yes", help="Do it unasked.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("stop")(stop)
    app.command("uncertain")(uncertain)


def pause(
    context: typer.Context,
    issue: IssueName,
    why: Annotated[str, typer.Option(help="For whoever resumes it.")] = "",
) -> None:
    """Let no further copy of an issue leave. Copies whose dot is written finish."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue, begun=True)
        refuse_not_running(found.row, found.name, "be paused")
        done = pause_issue(session, found.row.id, why)
        sums = count_sums(session, found.row.id)
    say(f"{found.name} is {'paused' if done else 'paused already'}: {sums}")


def resume(context: typer.Context, issue: IssueName) -> None:
    """Let a paused issue go on."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue, begun=True)
        refuse_not_running(found.row, found.name, "be resumed")
        if not resume_issue(session, found.row.id):
            raise Refused(f"{found.name} is not paused")
    say(f"{found.name} goes on.")


def stop(context: typer.Context, issue: IssueName, yes: Yes = False) -> None:
    """End a run for good: who has not got a copy gets none. Copies whose dot is written finish."""
    with opened(context) as instance:
        with instance.db.read() as session:
            found = refer(instance, session, issue, begun=True)
            refuse_not_running(found.row, found.name, "be stopped")
            waiting = count_sums(session, found.row.id).pending
        what = f"{waiting:,} readers of {found.name} will never get it."
        if not is_typed(found.name, what, yes=yes):
            raise typer.Exit(1)
        with instance.db.write() as session:
            skipped = stop_run(session, found.row, found.name, instance.clock)
            sums = count_sums(session, found.row.id)
    say(f"{found.name} is stopped, {skipped:,} copies skipped: {sums}")


def uncertain(
    context: typer.Context,
    issue: IssueName,
    addresses: Annotated[
        bool, typer.Option("--addresses", help="Show who they are, on a terminal only.")
    ] = False,
    accept: Annotated[
        list[int] | None, typer.Option(help="Take this delivery as accepted; again for more.")
    ] = None,
    resend: Annotated[
        list[int] | None, typer.Option(help="Send this delivery again; again for more.")
    ] = None,
    all_accept: Annotated[
        bool, typer.Option("--all-accept", help="Take them all as accepted.")
    ] = False,
    all_resend: Annotated[bool, typer.Option("--all-resend", help="Send them all again.")] = False,
    by: Annotated[str, typer.Option(help="Who decides; your log-in name by default.")] = "",
    yes: Yes = False,
) -> None:
    """List the copies nobody is sure about, or decide about them.

    Each may have arrived or not: the relay's log knows (digest issue evidence). What is sent again
    keeps its Message-ID, and some readers may get two.
    """
    if sum(map(bool, (accept, resend, all_accept, all_resend))) > 1:
        raise BadInput("--accept, --resend, --all-accept and --all-resend exclude each other")
    with opened(context) as instance:
        with instance.db.read() as session:
            found = refer(instance, session, issue, begun=True)
            doubts = list_doubts(session, found.row.id)
            if not (accept or resend or all_accept or all_resend):
                _show_doubts(instance, session, found, doubts, addresses=addresses)
                return
        to: By = DeliveryState.ACCEPTED if accept or all_accept else DeliveryState.PENDING
        ids = choose_doubts(doubts, accept or resend or (), found.name)
        _settle(instance, found, ids, to, by=by or getpass.getuser(), yes=yes)


def _show_doubts(
    instance: App, session: Session, found: Referred, doubts: Sequence[Doubt], *, addresses: bool
) -> None:
    if addresses and not console.is_terminal:
        raise Refused("addresses are shown on a terminal only, never in a file or a pipe")
    names: dict[int, str] = {}
    if doubts:
        key, host = issue_key(instance.keys, found.row), found.configured.host
        copies = name_copies([doubt.delivery_id for doubt in doubts], key, host)
        names = {id: name for name, id in copies.items()}
    zone = found.configured.schedule.timezone
    rows = [
        (
            *(str(doubt.delivery_id), local_time(doubt.since, zone), doubt.relay or "-"),
            *(doubt.why, names[doubt.delivery_id]),
            *([_address(instance, session, doubt)] if addresses else []),
        )
        for doubt in doubts
    ]
    headings = ("delivery", "since", "relay", "why", "message-id", "address")
    none = f"Nothing of {found.name} is in doubt."
    print_table(headings if addresses else headings[:-1], rows, none=none)


def _address(instance: App, session: Session, doubt: Doubt) -> str:
    subscriber = session.get(Subscriber, doubt.subscriber_id)
    return "-" if subscriber is None else instance.sealer.open(subscriber.address_sealed)


def _settle(
    instance: App, found: Referred, ids: Sequence[int], to: By, *, by: str, yes: bool
) -> None:
    if not ids:
        say(f"Nothing of {found.name} is in doubt.")
        return
    if to is DeliveryState.PENDING:
        what = f"{len(ids):,} readers of {found.name} may get a second copy."
        agreed = is_typed(found.name, what, yes=yes)
    else:
        agreed = is_confirmed(f"Take {len(ids):,} copies of {found.name} as accepted?", yes=yes)
    if not agreed:
        raise typer.Exit(1)
    with progress_bar("deliveries") as advance:
        done = settle_doubts(instance.db, instance.clock, ids, to, by=by, advance=advance)
    say(f"{found.name}: {done:,} {'accepted' if to is DeliveryState.ACCEPTED else 'sent again'}.")
    if done < len(ids):
        left = len(ids) - done
        say(f"{left:,} are in doubt no more, or their chunk is being worked on: look again later.")
