"""``digest subscribers``: who reads, in from a file and out to one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.blocks import FULL
from digest.cli import subscribers_erase, subscribers_import, subscribers_wishes
from digest.cli.references import NewsletterSlug, ReaderAddress, chosen
from digest.cli.subscribers_troubles import list_troubles
from digest.cli.terminal import opened, print_table, progress_bar, say
from digest.curation.newsletters import find_newsletter
from digest.errors import BadInput, NotFound
from digest.models import Subscription
from digest.subscribers.choices import choose_parts, note_support
from digest.subscribers.lifecycle import add_active, find_by_address, leave
from digest.subscribers.standing import count_states, list_subscriptions
from digest.subscribers.transfer.csv_export import export_csv

app = typer.Typer(help="Who reads: import, export, add, find, erase.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="subscribers")


@app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The CSV file to write; never replaces one.")],
    newsletter: NewsletterSlug = None,
) -> None:
    """Write a newsletter's subscribers to a CSV file. It is safe to open in a spreadsheet."""
    with opened(context) as instance:
        with instance.db.read() as session:
            newsletter_id = find_newsletter(session, chosen(instance, newsletter)).id
        with _new_private_file(file) as out, progress_bar("writing"):
            count = export_csv(instance.db, instance.sealer, newsletter_id, out)
    say(f"{count} subscribers written to {file}. It holds their addresses: keep it safe.")


@contextmanager
def _new_private_file(path: Path) -> Iterator[TextIO]:
    """Yield a new file that only its owner may read; a failure leaves none behind."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise BadInput(f"{path}: already there; export never replaces a file") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
    except BaseException:
        path.unlink()
        raise


@app.command("add")
def add(
    context: typer.Context,
    address: ReaderAddress,
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    newsletter: NewsletterSlug = None,
) -> None:
    """Subscribe one person who has asked for it."""
    with opened(context) as instance, instance.db.write() as session:
        slug = chosen(instance, newsletter)
        add_active(
            session,
            instance.sealer,
            newsletter_id=find_newsletter(session, slug).id,
            address=address,
            name=name,
            language=None,
            timezone=None,
            now=instance.clock.now(),
            origin="command line",
        )
    say(f"Subscribed to {slug}.")


@app.command("find")
def find(context: typer.Context, address: ReaderAddress) -> None:
    """Show the subscriptions of one address."""
    with opened(context) as instance, instance.db.read() as session:
        subscriber = find_by_address(session, instance.sealer, address)
        if subscriber is None:
            raise NotFound("nobody with this address is known")
        rows = [
            (
                *(slug, subscription.state.value, subscription.edition),
                *(subscription.language or "-", subscription.timezone or "-"),
            )
            for slug, subscription in list_subscriptions(session, subscriber.id)
        ]
        troubles = list_troubles(session, instance, address, subscriber.id)
    headings = ("newsletter", "state", "edition", "language", "time zone")
    print_table(headings, rows, none="No subscriptions.")
    for line in troubles:
        say(line)


@app.command("choose")
def choose(
    context: typer.Context,
    address: ReaderAddress,
    edition: Annotated[str, typer.Option(help="full or headlines.")] = FULL,
    without: Annotated[
        list[str] | None, typer.Option(help="A section's heading, or 'whole texts'; repeatable.")
    ] = None,
    member_until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Thanked, not asked, till then.")
    ] = None,
    newsletter: NewsletterSlug = None,
) -> None:
    """Set what one person gets of each issue. What is not said is as for everybody."""
    with opened(context) as instance, instance.db.write() as session:
        slug = chosen(instance, newsletter)
        public_id = _subscription_of(session, instance, address, slug).public_id
        now = instance.clock.now()
        choose_parts(
            session,
            public_id,
            edition=edition,
            without=without or (),
            now=now,
            origin="command line",
        )
        until = member_until.replace(tzinfo=UTC) if member_until else None
        guarded = instance.config.newsletter(slug).guarded
        note_support(session, public_id, until, guarded=guarded)
    less = f", without {', '.join(without)}" if without else ""
    say(f"Set: the {edition} edition of {slug}{less}.")


@app.command("leave")
def take_out(
    context: typer.Context,
    address: ReaderAddress,
    newsletter: NewsletterSlug = None,
) -> None:
    """Unsubscribe one person, at once."""
    with opened(context) as instance, instance.db.write() as session:
        slug = chosen(instance, newsletter)
        public_id = _subscription_of(session, instance, address, slug).public_id
        leave(session, public_id, now=instance.clock.now(), origin="command line")
    say(f"Unsubscribed from {slug}.")


def _subscription_of(session: Session, instance: App, address: str, slug: str) -> Subscription:
    subscriber = find_by_address(session, instance.sealer, address)
    rows = list_subscriptions(session, subscriber.id) if subscriber else []
    for name, subscription in rows:
        if name == slug:
            return subscription
    raise NotFound(f"this address is not subscribed to {slug}")


@app.command("count")
def count(context: typer.Context) -> None:
    """Show how many subscriptions each newsletter has, by state."""
    with opened(context) as instance, instance.db.read() as session:
        rows = [(slug, state.value, str(number)) for slug, state, number in count_states(session)]
    print_table(("newsletter", "state", "subscriptions"), rows, none="Nobody has subscribed yet.")


subscribers_import.register(app)
subscribers_erase.register(app)
subscribers_wishes.register(app)
