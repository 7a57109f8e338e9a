"""``digest issue``: from preview and approval to the ledger's sums."""

import asyncio
import getpass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from digest.app import App
from digest.cli.terminal import local_time, opened, say
from digest.config import NewsletterConfig
from digest.curation.issues import find_issue, plan_extra
from digest.delivery.ledger.sums import count_sums, verify_issue
from digest.delivery.outcome import Accepted
from digest.delivery.slots import set_due_by_hand
from digest.errors import BadInput
from digest.models import Newsletter
from digest.press.approval import approve, render_draft
from digest.press.preview import neutral_values
from digest.rendering.personalise import fill_html, fill_text

Reference = Annotated[str, typer.Argument(help="newsletter/number, or newsletter for its newest.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("preview")(preview)
    app.command("approve")(approve_)
    app.command("schedule")(schedule)
    app.command("send-proof")(send_proof)
    app.command("verify")(verify)


def preview(
    context: typer.Context,
    issue: Reference,
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("preview"),
) -> None:
    """Render an issue to HTML and text files, exactly as it would be approved now."""
    with opened(context) as instance, instance.db.read() as session:
        row = find_issue(session, issue)
        configured = _configured(instance, session.get_one(Newsletter, row.newsletter_id).slug)
        renderings = render_draft(
            session, instance.press, row, configured, now=instance.clock.now()
        )
        values = neutral_values(instance.config.web.public_url, row.public_id)
    out.mkdir(parents=True, exist_ok=True)
    for rendering in renderings:
        for suffix, content in (
            ("html", fill_html(rendering, values)),
            ("txt", fill_text(rendering, values)),
        ):
            path = out / f"{rendering.edition}.{suffix}"
            path.write_text(content, encoding="utf-8")
            say(f"{path}  {len(content.encode()):,} bytes")


def approve_(
    context: typer.Context,
    issue: Reference,
    by: Annotated[str, typer.Option(help="Who approves.")] = "",
) -> None:
    """Compile an issue once and approve exactly those bytes; any later edit voids it."""
    with opened(context) as instance:
        with instance.db.read() as session:
            slug = session.get_one(Newsletter, find_issue(session, issue).newsletter_id).slug
        approved = approve(
            instance.db,
            instance.press,
            issue,
            _configured(instance, slug),
            by=by or getpass.getuser(),
            clock=instance.clock,
        )
        say(f"{slug}/{approved.number} approved, {approved.html_bytes:,} bytes of HTML")
        say(f"hash {approved.content_hash}")


def schedule(
    context: typer.Context,
    issue: Reference,
    at: Annotated[
        str | None, typer.Option(help="'YYYY-MM-DD HH:MM' on the newsletter's wall clock.")
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Due at once.")] = False,
) -> None:
    """Set by hand when an issue is due; without this it goes out when its slot says."""
    if now == (at is not None):
        raise BadInput("digest issue schedule takes --at or --now, one of the two")
    with opened(context) as instance, instance.db.write() as session:
        row = find_issue(session, issue)
        configured = _configured(instance, session.get_one(Newsletter, row.newsletter_id).slug)
        zone = configured.schedule.timezone
        moment = instance.clock.now() if now else _moment(str(at), zone)
        if row.slot_date is None:
            plan_extra(session, row, moment)
        else:
            set_due_by_hand(session, row.newsletter_id, row.slot_date, due_at=moment)
        say(
            f"{issue} is due {local_time(moment, zone)} ({zone}); "
            "it goes out if it is approved then."
        )


def _moment(text: str, zone: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise BadInput(f"--at {text!r}: write 'YYYY-MM-DD HH:MM'") from error


def send_proof(
    context: typer.Context,
    issue: Reference,
    to: Annotated[list[str], typer.Argument(help="Addresses of the people who check it.")],
) -> None:
    """Mail a test copy, marked as such; it never enters the ledger."""
    failed = 0
    with opened(context) as instance:
        for address, outcome in asyncio.run(instance.send_proofs(issue, to)):
            accepted = isinstance(outcome, Accepted)
            failed += not accepted
            say(f"{address}: {'accepted' if accepted else outcome}")
    raise typer.Exit(1 if failed else 0)


def verify(context: typer.Context, issue: Reference) -> None:
    """Add an issue up from its rows; exit 1 when the sums do not balance."""
    with opened(context) as instance, instance.db.read() as session:
        row = find_issue(session, issue)
        problems = verify_issue(session, row.id)
        for problem in problems:
            say(f"problem: {problem}")
        say(f"{issue} {row.state.value}: {'balanced' if not problems else 'DOES NOT BALANCE'}")
        say(str(count_sums(session, row.id)))
    raise typer.Exit(1 if problems else 0)


def _configured(instance: App, slug: str) -> NewsletterConfig:
    return instance.config.newsletter(slug)
