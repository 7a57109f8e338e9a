"""``digest issue``: from preview and approval to the ledger's sums."""

import asyncio
import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import complain, local_time, opened, progress_bar, say
from digest.config import pages_at
from digest.curation.newsletters import present_order
from digest.delivery.appointing import appoint, read_moment
from digest.delivery.departure import NOT_BY_ITSELF, foresee_departure, slot_of
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.delivery.outcome import Accepted, outcome_in_words
from digest.delivery.pacing.forecast import HORIZON
from digest.errors import BadInput
from digest.models import IssueState
from digest.press.approval import (
    approve,
    draft_view,
    list_renderings,
)
from digest.press.preflight.findings import Level
from digest.press.preflight.verdict import in_words
from digest.press.preview import neutral_values
from digest.rendering.mirroring import shown
from digest.rendering.offline import shown_inside
from digest.rendering.personalise import fill_html, fill_text
from digest.rendering.stored import Rendering


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("preview")(preview)
    app.command("send-proof")(send_proof)
    app.command("approve")(approve_)
    app.command("schedule")(schedule)
    app.command("verify")(verify)


def preview(
    context: typer.Context,
    issue: IssueName,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("preview"),
) -> None:
    """Write an issue to HTML and text files. As approved, or as it would be approved now.

    Says when the last copy will leave, where the issue has a moment.
    """
    with opened(context) as instance, progress_bar("rendering"):
        found, renderings = _rendered(instance, issue)
        with instance.db.read() as session:
            order = present_order(session, found.row)
        site = pages_at(instance.config, found.configured, order)
        values = neutral_values(site, found.row.public_id)
        out.mkdir(parents=True, exist_ok=True)
        for rendering in (shown(one, order) for one in renderings):
            html = shown_inside(fill_html(rendering, values), rendering.pictures)
            for suffix, content in (("html", html), ("txt", fill_text(rendering, values))):
                if not content:
                    continue
                path = out / f"{rendering.edition}.{suffix}"
                path.write_text(content, encoding="utf-8")
                say(f"{path}  {len(content.encode()):,} bytes")
        if last_copy := _last_copy(instance, found):
            say(last_copy)


def _rendered(instance: App, issue: str) -> tuple[Referred, list[Rendering]]:
    with instance.db.read() as session:
        found = refer(instance, session, issue)
        stored = list_renderings(session, found.row) if found.row.approved_hash else []
        if stored:
            say(f"{found.name} is {found.row.state.value}: these are the approved bytes.")
            return found, stored
        view = draft_view(session, found.row, found.configured, instance.clock.now())
    return found, instance.press.render(view, found.configured)


def approve_(
    context: typer.Context,
    issue: IssueName,
    by: Annotated[str, typer.Option(help="Who approves; your log-in name by default.")] = "",
) -> None:
    """Compile an issue and approve exactly those bytes. Any later edit voids the approval.

    Where the newsletter asks for a second person, this is the first approval or the second one.
    """
    with opened(context) as instance:
        with instance.db.read() as session:
            found = refer(instance, session, issue)
            slot = slot_of(session, found.row)
        with progress_bar("rendering"):
            approved = approve(
                instance.db,
                instance.press,
                found.name,
                found.configured,
                by=by or getpass.getuser(),
                clock=instance.clock,
            )
        last_copy = _last_copy(instance, found)
    if approved.waits:
        say(f"{found.name} waits for a second person to approve the same bytes.")
    else:
        say(f"{found.name} is approved, {approved.html_bytes:,} bytes of HTML.")
    for finding in approved.report.of(Level.WARN):
        say(f"warn: {in_words(finding)}")
    if last_copy:
        say(last_copy)
    say(f"hash {approved.content_hash}")
    if found.row.slot_date is None and found.row.send_at is None:
        say(f"It has no moment yet: digest issue schedule {found.name} sets one.")
    if slot is not None and slot.state in NOT_BY_ITSELF:
        say(
            f"Its slot was {slot.state.value}, so it does not go out by itself: "
            f"digest issue schedule {found.name} --now sends it."
        )


def _last_copy(instance: App, found: Referred) -> str | None:
    """Say when an issue's last copy will leave; None when it has no moment, or no readers."""
    zone, now = ZoneInfo(found.configured.schedule.timezone), instance.clock.now()
    with instance.db.read() as session:
        plan = foresee_departure(session, instance.config, found.configured, found.row, now)
    if plan is None:
        return None
    if plan.last_at is None:
        return (
            f"The last copy will not leave in {HORIZON.days} days (limited by {plan.limited_by})."
        )
    last = plan.last_at.astimezone(zone)
    same_day = last.date() == plan.start.astimezone(zone).date()
    when = f"{last:%A %H:%M}" if same_day else f"{last:%A %Y-%m-%d %H:%M}"
    return f"The last copy will leave about {when} (limited by {plan.limited_by})."


def schedule(
    context: typer.Context,
    issue: IssueName,
    at: Annotated[
        str | None, typer.Option(help="'YYYY-MM-DD HH:MM' on the newsletter's wall clock.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Due at once.")] = False,
) -> None:
    """Set by hand when an issue is due. Without this it goes out when its slot says."""
    if now == (at is not None):
        raise BadInput("digest issue schedule takes --at or --now, one of the two")
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        row, zone = found.row, found.configured.schedule.timezone
        present = instance.clock.now()
        moment = present if now else _moment(str(at), zone, present)
        appoint(session, row, moment)
    say(f"{found.name} is due {local_time(moment, zone)} ({zone}).")
    if row.state is IssueState.DRAFT:
        say(f"It is a draft and goes out only if approved: digest issue approve {found.name}")


def _moment(text: str, zone: str, now: datetime) -> datetime:
    try:
        return read_moment(text, zone, now, named="--at ")
    except BadInput as error:
        over = " (--now sends at once)" if "is over" in str(error) else ""
        raise BadInput(f"{error}{over}") from error


def send_proof(
    context: typer.Context,
    issue: IssueName,
    to: Annotated[list[str], typer.Argument(help="Addresses of the people who check it.")],
) -> None:
    """Mail a test copy, marked as such; it never enters the ledger."""
    failed = 0
    with opened(context) as instance:
        with progress_bar("proofs"):
            outcomes = asyncio.run(instance.send_proofs(issue, to))
        for number, (address, outcome) in enumerate(outcomes, 1):
            if isinstance(outcome, Accepted):
                say(f"{address}: accepted")
            else:
                failed += 1
                complain(f"proof {number} of {len(to)}: {outcome_in_words(outcome)}")
    raise typer.Exit(1 if failed else 0)


def verify(context: typer.Context, issue: IssueName) -> None:
    """Add an issue up from its rows. Exit 1 when the sums do not balance."""
    with opened(context) as instance, instance.db.read() as session:
        found = refer(instance, session, issue, begun=True)
        problems = verify_issue(session, found.row.id, instance.keys)
        sums = count_sums(session, found.row.id)
    for problem in problems:
        complain(f"{found.name}: {problem}")
    say(f"{found.name} {found.row.state.value}: {'DOES NOT BALANCE' if problems else 'balanced'}")
    say(str(sums))
    raise typer.Exit(1 if problems else 0)
