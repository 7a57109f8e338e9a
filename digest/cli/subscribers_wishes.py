"""``digest subscribers reasons`` and ``settings``: why people left, the way into the settings."""

import typer

from digest.cli.references import ReaderAddress
from digest.cli.terminal import opened, print_table, say
from digest.correspondence.home import home_of
from digest.curation.newsletters import find_newsletter
from digest.errors import NotFound
from digest.models import RequestKind
from digest.subscribers.door.requests import Asked, put_request
from digest.subscribers.leaving import list_reasons
from digest.subscribers.lifecycle import find_by_address


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("reasons")(reasons)
    app.command("settings")(settings)


def reasons(context: typer.Context) -> None:
    """Show why people left, by month and newsletter. Whose reasons they are is not kept."""
    with opened(context) as instance, instance.db.read() as session:
        rows = [
            (each.month, each.slug, each.reason.value, str(each.readers))
            for each in list_reasons(session)
        ]
    headings = ("month", "newsletter", "reason", "readers")
    print_table(headings, rows, none="Nobody has said why.")


def settings(context: typer.Context, address: ReaderAddress) -> None:
    """Mail somebody the link that opens their settings."""
    with opened(context) as instance, instance.db.write() as session:
        subscriber = find_by_address(session, instance.sealer, address)
        if subscriber is None:
            raise NotFound("nobody with this address is known")
        home = home_of(session, instance.config, subscriber)
        asked = Asked(
            kind=RequestKind.SETTINGS,
            newsletter_id=find_newsletter(session, home.slug).id,
            address=address,
            origin="command line",
        )
        put_request(session, instance.sealer, asked, instance.clock.now())
    say("The scheduler mails the link within seconds.")
