"""``digest issue shrink``: ledgers of long ago become signed sums."""

from datetime import timedelta
from typing import Annotated

import typer

from digest.app import App
from digest.cli.references import refer
from digest.cli.terminal import is_typed, opened, progress_bar, say
from digest.delivery.ledger.shrinking import list_shrinkable
from digest.models import Issue, Newsletter
from digest.operations.housekeeping import shrink as shrink_ledger


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("shrink")(shrink)


def shrink(
    context: typer.Context,
    issue: Annotated[
        str | None, typer.Argument(help="This one now; none: all that are due.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Turn the ledgers of old issues into signed sums.

    Afterwards nobody can tell who got what. The scheduler does it daily, delivery.ledger_days after
    an issue was sent.
    """
    with opened(context) as instance:
        if issue is None:
            since = instance.clock.now() - timedelta(days=instance.config.delivery.ledger_days)
            with instance.db.read() as session:
                due = list(list_shrinkable(session, since))
        else:
            with instance.db.read() as session:
                found = refer(instance, session, issue, begun=True)
            if not is_typed(found.name, "Who got what is forgotten for good.", yes=yes):
                raise typer.Exit(1)
            due = [found.row.id]
        for issue_id in due:
            _shrink_one(instance, issue_id)
        instance.db.empty_log()
    if not due:
        say("No ledger is old enough.")


def _shrink_one(instance: App, issue_id: int) -> None:
    with progress_bar("rows") as advance:
        shrink_ledger(instance, issue_id, lambda: False, advance)
    with instance.db.read() as session:
        row = session.get_one(Issue, issue_id)
        slug = session.get_one(Newsletter, row.newsletter_id).slug
    say(f"{slug}/{row.number}: its ledger is signed sums now.")
