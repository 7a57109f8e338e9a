"""``digest archive``: past issues, and the same as a folder of files for any host or mirror."""

from pathlib import Path
from typing import Annotated

import typer

from digest.app import App
from digest.cli.terminal import opened, print_table, progress_bar, say
from digest.curation.plain import web_url
from digest.errors import BadInput, Refused
from digest.web.archive.export import Options, export_archive
from digest.web.archive.opened import find_archive
from digest.web.pages import Pages

app = typer.Typer(
    help="Past issues, as a list or as a folder of files.",
    no_args_is_help=True,
)

Slug = Annotated[str, typer.Argument(help="The newsletter's slug.")]


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="archive")


@app.command("list")
def list_(context: typer.Context, newsletter: Slug) -> None:
    """List the issues that are in a newsletter's public archive, the newest first."""
    with opened(context) as instance, instance.db.read() as session:
        _refuse_closed(instance, newsletter)
        archive = find_archive(session, instance.config, newsletter)
        issues = archive.read(*archive.entries())
    rows = [
        (str(issue.number), issue.day.isoformat(), str(len(issue.picks)), issue.subject)
        for issue in issues
    ]
    print_table(("no.", "date", "stories", "subject"), rows, none="No issue was sent yet.")


@app.command("export")
def export(
    context: typer.Context,
    newsletter: Slug,
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when it is missing.")],
    base_url: Annotated[
        str,
        typer.Option(help="The address at which the folder will be found; the feed needs it."),
    ] = "",
    no_pictures: Annotated[
        bool,
        typer.Option("--no-pictures", help="Leave out pictures that would be fetched elsewhere."),
    ] = False,
) -> None:
    """Write the public archive as files for any web server. Run again, it changes what is new."""
    options = Options(_base(base_url), pictures=not no_pictures)
    with opened(context) as instance, progress_bar("writing") as progress:
        _refuse_closed(instance, newsletter)
        pages = Pages(instance.config.templates, instance.templates.catalogues)
        done = export_archive(
            instance.db, instance.config, pages, newsletter, folder, options, progress
        )
    say(
        f"{folder}: {len(done.written):,} files written, {len(done.removed):,} removed, "
        f"{done.unchanged:,} as they were."
    )
    if not options.base:
        say("feed.atom is left out: it needs --base-url, the address of the folder.")


def _refuse_closed(instance: App, slug: str) -> None:
    if not instance.config.newsletter(slug).has_archive:
        raise Refused(
            f"the past issues of {slug!r} are not public (archive = true in its table makes them)"
        )


def _base(text: str) -> str:
    if not text:
        return ""
    url = web_url(text)
    if url is None or "?" in url or "#" in url:
        raise BadInput(f"--base-url: {text!r} is no address that starts with https:// or http://")
    return url.rstrip("/")
