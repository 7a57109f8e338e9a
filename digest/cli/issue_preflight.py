"""``digest issue preflight``: what is wrong with an issue, and where its bytes go."""

import json
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import (
    console,
    local_time,
    opened,
    print_table,
    printable,
    progress_bar,
    say,
)
from digest.models import IssueState
from digest.press.preflight.checks.size import MANY_HTML_BYTES, MOST_HTML_BYTES
from digest.press.preflight.findings import Level, Report
from digest.press.preflight.run import run_preflight
from digest.press.preflight.spamassassin import find_spamassassin
from digest.press.preflight.verdict import counted

STYLES = {Level.BLOCK: "bold red", Level.WARN: "yellow", Level.NOTE: "cyan"}
BAR = 30  # characters for all that mail programs show
BAR_STYLE = "blue"
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
    """On a pipe four columns; for people the headline stands below what is said of it."""
    if not console.is_terminal or not report.findings:
        rows = [(one.level.value, one.check, one.message, one.pick) for one in report.findings]
        print_table(("level", "check", "finding", "pick"), rows, none="Nothing was found.")
        return
    table = _table()
    for heading in ("level", "check"):
        table.add_column(heading, no_wrap=True)
    table.add_column("finding", overflow="fold")
    for one in report.findings:
        style = STYLES[one.level]
        said = Text(printable(one.message))
        if one.pick:
            said.append(f"\n{printable(one.pick)}", style="dim italic")
        table.add_row(Text(one.level.value, style), Text(one.check, "dim"), said)
    console.print(table)


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")


def _show_budget(report: Report) -> None:
    total = report.total_bytes
    sum_up = f"{total / MOST_HTML_BYTES:.0%} of {MOST_HTML_BYTES:,}"
    if not console.is_terminal:
        rows = [(share.part, str(share.bytes)) for share in report.budget]
        print_table(("part", "bytes"), [*rows, ("together", str(total))], none="")
        return
    table = _table()
    table.add_column("bytes of HTML", overflow="fold")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column(sum_up, no_wrap=True)
    for share in report.budget:
        table.add_row(
            Text(printable(share.part)), f"{share.bytes:,}", Text(_bar(share.bytes), BAR_STYLE)
        )
    table.add_row(
        Text("together", "bold"), Text(f"{total:,}", "bold"), Text(_bar(total), _fill_style(total))
    )
    console.print(table)


def _fill_style(total: int) -> str:
    if total >= MOST_HTML_BYTES:
        return STYLES[Level.BLOCK]
    return STYLES[Level.WARN] if total >= MANY_HTML_BYTES else "green"


def _bar(size: int) -> str:
    """Return a bar that is full where mail programs cut off."""
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
