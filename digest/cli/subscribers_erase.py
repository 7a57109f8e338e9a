"""``digest subscribers erase``, ``suppress`` and ``unsuppress``: who shall not be known, or not be
mailed.
"""

from typing import Annotated

import typer

from digest.cli.references import ReaderAddress
from digest.cli.terminal import is_typed, opened, say
from digest.correspondence.erasing import erase_reader
from digest.errors import NotFound
from digest.models import SuppressionReason
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.suppression import find_reason, lift, suppress
from digest.subscribers.transfer.staging import list_staging_files

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("erase")(erase)
    app.command("suppress")(suppress_address)
    app.command("unsuppress")(unsuppress)


def erase(
    context: typer.Context,
    address: ReaderAddress,
    forget_suppression: Annotated[
        bool, typer.Option("--forget-suppression", help="Keep not even a hash of the address.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Remove everything that names one person, for good.

    What stays are numbers, and a keyed hash of the address that keeps imports from bringing them
    back; --forget-suppression leaves that out.
    """
    with opened(context) as instance:
        with instance.db.read() as session:
            known = find_by_address(session, instance.sealer, address)
            if known is None and not forget_suppression:
                raise NotFound("nobody with this address is known")
        if not is_typed("erase", "Everything about this reader goes for good.", yes=yes):
            raise typer.Exit(1)
        with instance.db.write() as session:
            if known is not None:
                erase_reader(
                    session,
                    instance.sealer,
                    known.id,
                    now=instance.clock.now(),
                    keep_suppression=not forget_suppression,
                )
            elif not lift(session, instance.sealer, address):
                raise NotFound("nobody with this address is known, and it is not suppressed")
        say("Erased.")
        instance.db.empty_log()
        for path in list_staging_files(instance.path.resolve().parent):
            say(f"note: {path} belongs to an unfinished import and may hold the address, sealed")


def suppress_address(
    context: typer.Context,
    address: ReaderAddress,
    reason: Annotated[str, typer.Option(help="Why, in your words; addresses are taken out.")],
) -> None:
    """Never mail an address again, whatever is subscribed. Copies on their way count too."""
    with opened(context) as instance, instance.db.write() as session:
        now = instance.clock.now()
        manual = SuppressionReason.MANUAL
        suppress(session, instance.sealer, address, manual, now=now, detail=reason)
    say("Suppressed.")


def unsuppress(
    context: typer.Context,
    address: ReaderAddress,
    yes: Yes = False,
) -> None:
    """Let an address be mailed again. Nobody is subscribed by that."""
    with opened(context) as instance:
        with instance.db.read() as session:
            reason = find_reason(session, instance.sealer, address)
        if reason is None:
            raise NotFound("this address is not suppressed")
        if not is_typed("mail", f"It is suppressed: {reason.value}.", yes=yes):
            raise typer.Exit(1)
        with instance.db.write() as session:
            lift(session, instance.sealer, address)
    say("Not suppressed any more.")
