"""``digest issue preflight``: what is wrong with an issue, and where its bytes go."""

import json
from typing import Annotated

import typer

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import console, local_time, opened, print_table, progress_bar, say
from digest.models import IssueState
from digest.press.preflight.checks.size import MOST_HTML_BYTES
from digest.press.preflight.findings import Level, Report
from digest.press.preflight.run import run_preflight
from digest.press.preflight.spamassassin import find_spamassassin
from digest.press.preflight.verdict import counted

STYLES = {Level.BLOCK.value: "bold red", Level.WARN.value: "yellow", Level.NOTE.value: "cyan"}
BAR = 25  # characters for all that mail programs show
# Eighths of a character, so that the smallest part is seen, too.
EIGHTHS = " ▏▎▍▌▋▊▉"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("preflight")(preflight)


def preflight(
    context: typer.Context,
    issue: IssueName,
    online: Annotated[
        bool, typer.Option("--online", help="Ask for every link and picture, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Look an issue over before it is approved. Keeps the report; exit 1 when something blocks."""
    with opened(context) as instance:
        with instance.db.read() as session:
            found = refer(instance, session, issue)
        with progress_bar("asking for links" if online else "looking it over") as progress:
            report = run_preflight(
                instance.db,
                instance.press,
                found.name,
                found.configured,
                clock=instance.clock,
                fetcher=instance.fetcher if online else None,
                progress=progress,
            )
        if as_json:
            typer.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False, sort_keys=True))
        else:
            _show(instance, found, report)
    raise typer.Exit(1 if report.blocking else 0)


def _show(instance: App, found: Referred, report: Report) -> None:
    zone = found.configured.schedule.timezone
    say(f"{report.issue}, version {report.version}, {local_time(report.at, zone)} ({zone})")
    _show_findings(report)
    _show_budget(report)
    for line in _next_steps(instance, found, report):
        say(line)


def _show_findings(report: Report) -> None:
    rows = [(one.level.value, one.check, one.message, one.pick) for one in report.findings]
    headings: tuple[str, ...] = ("level", "check", "finding", "pick")
    if console.is_terminal and not any(row[3] for row in rows):
        headings, rows = headings[:3], [row[:3] for row in rows]  # type: ignore[misc]
    print_table(headings, rows, none="Nothing was found.", styles=STYLES)


def _show_budget(report: Report) -> None:
    total = report.total_bytes
    rows = [(share.part, f"{share.bytes:>7,}", _bar(share.bytes)) for share in report.budget]
    rows.append(
        ("together", f"{total:>7,}", f"{total / MOST_HTML_BYTES:.0%} of {MOST_HTML_BYTES:,}")
    )
    print_table(("bytes of HTML", "", ""), rows, none="")


def _bar(size: int) -> str:
    if not console.is_terminal:
        return f"{size / MOST_HTML_BYTES:.1%}"
    eighths = max(1, round(min(1, size / MOST_HTML_BYTES) * BAR * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _next_steps(instance: App, found: Referred, report: Report) -> list[str]:
    """Say what was found in one line, and what to do now."""
    steps = [f"{counted(report.findings) or 'nothing found'}."]
    if not report.online:
        steps.append("Links and pictures were not asked for: --online does that.")
    if instance.press.rules.spamassassin and find_spamassassin() is None:
        steps.append("SpamAssassin is not installed here, so it was not asked.")
    return [*steps, _next_step(found, report)]


def _next_step(found: Referred, report: Report) -> str:
    if found.row.state not in (IssueState.DRAFT, IssueState.APPROVED):
        return f"{found.name} is {found.row.state.value}: it cannot be changed any more."
    if report.blocking:
        approved = found.row.state is IssueState.APPROVED
        what = "goes out all the same" if approved else "cannot be approved"
        return f"{found.name} {what}: put right what blocks, then digest issue preflight again."
    if found.row.state is IssueState.APPROVED:
        return f"{found.name} is approved as it is."
    return f"Nothing blocks: digest issue approve {found.name}"
