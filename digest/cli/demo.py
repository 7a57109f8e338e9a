"""``digest demo``: one whole Friday of a sample newsroom on this machine."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from digest.cli.terminal import naming_the_database, progress_bar, say
from digest.demo.friday import SLUG, Demo, Report, Sent
from digest.logs import set_up_logging


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[
        Path, typer.Option(help="Where the sample newsroom lives; made when it is not there.")
    ] = Path("friday-demo"),
    port: Annotated[
        int | None,
        typer.Option(min=1024, max=65533, help="First of three ports; a free one else."),
    ] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="End after the summary instead of showing the mails.")
    ] = False,
) -> None:
    """Live one whole Friday of a sample newsroom.

    Sets it up, picks and approves an issue, sends it over SMTP to a server on this machine, and
    shows the mails.
    """
    set_up_logging("text", "warning")
    with naming_the_database(), ExitStack() as stack:
        progress = stack.enter_context(progress_bar("copies"))
        newsroom = stack.enter_context(Demo(folder, Report(say, progress), port=port))
        sent = newsroom.run()
        _summarise(sent)
        if not no_serve:
            _serve(newsroom, sent)
        say(str(sent.sums))


def _summarise(sent: Sent) -> None:
    say("")
    say(f"frozen    {sent.sums.frozen:>6,}")
    for name in ("accepted", "rejected", "skipped", "expired", "uncertain"):
        say(f"{name:<10}{getattr(sent.sums, name):>6,}")
    if sent.seconds:
        rate = sent.sums.accepted / sent.seconds
        say(f"seconds   {sent.seconds:>6.1f}  ({rate:,.0f} copies a second)")
    say(f"mails in  {sent.mails / 'new'}")


def _serve(newsroom: Demo, sent: Sent) -> None:
    # A fifth of the start-up time of every command, and needed here alone.
    import uvicorn

    from digest.demo.daemon import daemon_of
    from digest.demo.viewer import create_viewer
    from digest.web.ending import Server

    settings = newsroom.app.config.web
    say(f"\nThe issue and the caught mails: {settings.public_url}/   (Ctrl-C ends)")
    say(f"Subscribe as a reader would: {settings.public_url}/n/{SLUG}")
    web = create_viewer(newsroom.app, sent)
    with daemon_of(newsroom.app):
        how = uvicorn.Config(
            web, host=settings.host, port=settings.port, access_log=False, log_config=None
        )
        Server(how).run()
