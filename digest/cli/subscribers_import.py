"""``digest subscribers import`` and ``abandon``: a list from elsewhere, read, then brought in."""

from pathlib import Path
from typing import Annotated

import typer

from digest.app import App
from digest.cli.references import NewsletterSlug, chosen
from digest.cli.terminal import complain, is_confirmed, opened, print_table, progress_bar, say
from digest.curation.newsletters import find_newsletter
from digest.errors import Refused
from digest.subscribers.transfer.abandon import abandon_import
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.fates import in_words
from digest.subscribers.transfer.merge import ImportReport, merge_import
from digest.subscribers.transfer.staging import StagedCounts, StagedImport, stage_csv

SHOWN_PROBLEMS = 20

Export = Annotated[
    Path, typer.Argument(help="The export: a CSV file, a zip file of them, or a folder.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="Whose export it is, if that is not seen: mailchimp, substack, ghost, listmonk, "
        "buttondown, friday or csv.",
    ),
]
Status = Annotated[
    str | None,
    typer.Option(help="What everybody in the file is, where it does not say so: confirmed, …"),
]
Leaves = Annotated[
    bool, typer.Option("--leaves", help="Take only who has left or must not be mailed.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("import")(import_)
    app.command("abandon")(abandon)


def import_(
    context: typer.Context,
    file: Export,
    newsletter: NewsletterSlug = None,
    from_: From = None,
    status: Status = None,
    leaves: Leaves = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Import the rest when rows are bad.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Read an export, say what it would do, import it. Nothing half-imported is ever mailed.

    Whoever has left, bounced or complained there is kept from being mailed first of all.
    """
    with opened(context) as instance:
        slug = chosen(instance, newsletter)
        staged = _stage(instance, file, Asked(from_, status, leaves, slug))
        _report(staged)
        stopped = dry_run or (staged.counts.bad and not skip_bad)
        if stopped:
            abandon_import(instance.db, staged, clock=instance.clock)
        if staged.counts.bad and not skip_bad and not dry_run:
            raise Refused(
                f"{file}: nothing was imported, bad rows: {staged.counts.bad}. "
                "Mend them, or say --skip-bad"
            )
        if dry_run:
            return
        if not is_confirmed(_question(staged.counts, slug), yes=yes):
            say("Nothing was imported.")
            return
        report = _merge(instance, staged)
    say(_what_was_done(report, slug))


def abandon(
    context: typer.Context,
    file: Export,
    newsletter: NewsletterSlug = None,
    from_: From = None,
    status: Status = None,
    leaves: Leaves = False,
) -> None:
    """Take back an import that was not finished. Nobody of it was ever mailed.

    Who has left or must not be mailed stays so.
    """
    with opened(context) as instance:
        slug = chosen(instance, newsletter)
        staged = _stage(instance, file, Asked(from_, status, leaves, slug))
        with progress_bar("taking back") as advance:
            abandon_import(instance.db, staged, clock=instance.clock, progress=advance)
        say(f"The import of {file} is taken back.")


def _question(counts: StagedCounts, slug: str) -> str:
    question = f"Import {counts.new} new readers into {slug}"
    if counts.gone or counts.barred:
        kept_out = counts.gone + counts.barred
        question += f", keep {kept_out} from being mailed, of whom {counts.ended} are readers now"
    return f"{question}?"


def _what_was_done(report: ImportReport, slug: str) -> str:
    done = f"Imported: {report.added} new readers of {slug}."
    if report.gone or report.barred:
        done += (
            f" Kept from being mailed: {report.gone + report.barred},"
            f" of whom {report.ended} were readers until now."
        )
    return done


def _merge(instance: App, staged: StagedImport) -> ImportReport:
    """Merge and return what that did; tell an editor who stops it what to do."""
    try:
        with progress_bar("importing") as advance:
            return merge_import(instance.db, staged, clock=instance.clock, progress=advance)
    except KeyboardInterrupt:
        complain(
            "stopped half-way, nobody of it is mailed: the same command goes on, "
            "digest subscribers abandon takes it back"
        )
        raise


def _stage(instance: App, file: Path, asked: Asked) -> StagedImport:
    with instance.db.read() as session:
        newsletter_id = find_newsletter(session, asked.slug).id
    with progress_bar("reading", counted=False) as advance:
        return stage_csv(
            instance.db,
            instance.sealer,
            file,
            newsletter_id=newsletter_id,
            folder=instance.path.resolve().parent,
            clock=instance.clock,
            asked=asked,
            progress=advance,
        )


def _report(staged: StagedImport) -> None:
    say(f"read as: {staged.title}")
    for note in staged.notes:
        say(f"note: {note}")
    for problem in staged.problems[:SHOWN_PROBLEMS]:
        say(str(problem))
    if staged.counts.bad > SHOWN_PROBLEMS:
        say(f"… and {staged.counts.bad - SHOWN_PROBLEMS} more bad rows")
    if any(each.word for each in staged.said):
        rows = [(each.word or "-", f"{each.rows:,}", in_words(each.fate)) for each in staged.said]
        print_table(("rows that say", "rows", "what becomes of them"), rows, none="")
    say(_summary(staged.counts))


def _summary(counts: StagedCounts) -> str:
    others = (
        *((counts.already, "subscribed already"), (counts.left, "left earlier")),
        *((counts.suppressed, "suppressed"), (counts.gone, "left there")),
        *((counts.barred, "never to be mailed"), (counts.inactive, "left out")),
        *((counts.duplicates, "duplicates"), (counts.bad, "bad")),
    )
    said = [f"{counts.new:,} new", *(f"{number:,} {what}" for number, what in others if number)]
    lines = [f"{counts.rows:,} rows: {', '.join(said)}"]
    if counts.ended:
        lines.append(f"readers here now whom this takes out: {counts.ended:,}")
    if counts.spared:
        lines.append(f"readers here who asked us since, and stay: {counts.spared:,}")
    return "\n".join(lines)
