"""``digest export``: everything, as files that other systems read."""

from pathlib import Path
from typing import Annotated

import typer

from digest.app import App
from digest.cli.terminal import opened, print_table, progress_bar, say
from digest.editors.audit import note
from digest.operations.whole_export import export_all
from digest.web.archive.export import Options, export_archive
from digest.web.pages import Pages

ARCHIVE_OF = "archive-{}"


def register(program: typer.Typer) -> None:
    """Add the command of this file."""
    program.command("export")(export)


def export(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="An empty folder, or an earlier export to bring up to date.")
    ],
) -> None:
    """Write everything out, to move away or to keep.

    Readers with their consent, who must not be mailed, issues, articles, the record of the desk,
    and the public archive. The keys and the ledger of copies are not in it.
    """
    with opened(context) as instance:
        now = instance.clock.now()
        with progress_bar("writing") as advance:
            written = export_all(
                *(instance.db, instance.sealer, folder, now),
                lambda _name, done, total: advance(done, total),
            )
        rows = [(each.name, f"{each.rows:,}") for each in written]
        rows += _archives(instance, folder)
        with instance.db.write() as session:
            note(session, None, "export everything", "", now)
    print_table(("file", "rows"), rows, none="")
    say(f"{folder}: it holds addresses and names. Keep it safe, and remove it when it is used.")


def _archives(instance: App, folder: Path) -> list[tuple[str, str]]:
    rows = []
    pages = Pages(instance.config.templates, instance.templates.catalogues)
    for newsletter in instance.config.newsletters:
        if not newsletter.has_archive:
            continue
        name = ARCHIVE_OF.format(newsletter.slug)
        with progress_bar(f"archive of {newsletter.slug}") as advance:
            done = export_archive(
                *(instance.db, instance.config, pages, newsletter.slug, folder / name),
                Options("", pictures=True),
                advance,
            )
        rows.append((f"{name}/", f"{len(done.written) + done.unchanged:,} files"))
    return rows
