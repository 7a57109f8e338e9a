"""``digest issue``: an issue in the making. It is called newsletter/number, or newsletter for the
newest one.
"""

from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from digest.cli import issue_press
from digest.cli.terminal import console, local_time, opened, say
from digest.clock import next_slot
from digest.curation.intake import find_article
from digest.curation.issues import cancel_issue, edit_issue, find_issue, list_issues, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import (
    EDITABLE,
    edit_pick,
    find_pick,
    list_picks,
    move_pick,
    pick_article,
    unpick,
)
from digest.errors import BadInput
from digest.models import Newsletter

app = typer.Typer(help="Make, approve and check an issue.", no_args_is_help=True)
issue_press.register(app)

Reference = Annotated[str, typer.Argument(help="newsletter/number, or newsletter for its newest.")]
ArticleRef = Annotated[str, typer.Argument(help="The article's id or address.")]
Words = Annotated[
    list[str] | None,
    typer.Option("--set", help="field=value, again and again: headline, blurb, kicker, layout …"),
]


@app.command("new")
def new(
    context: typer.Context,
    newsletter: Annotated[str, typer.Argument(help="The newsletter's slug.")],
    day: Annotated[
        str | None, typer.Option("--date", help="Its slot, YYYY-MM-DD; the next by default.")
    ] = None,
    extra: Annotated[bool, typer.Option("--extra", help="An issue outside the schedule.")] = False,
) -> None:
    """Open a draft for the next slot, another date, or as an extra."""
    with opened(context) as instance, instance.db.write() as session:
        row = find_newsletter(session, newsletter)
        schedule = instance.config.newsletter(newsletter).schedule.as_schedule()
        slot_date = None
        if not extra:
            slot_date = _day(day) if day else next_slot(schedule, instance.clock.now()).local_date
        issue = new_issue(session, row, slot_date=slot_date, now=instance.clock.now())
        place = f"for {slot_date}" if slot_date else "outside the schedule"
        say(f"{newsletter}/{issue.number} is a draft {place}.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--date {text!r}: a date is written YYYY-MM-DD") from error


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show the newest issues of all newsletters."""
    with opened(context) as instance, instance.db.read() as session:
        table = Table("issue", "slot", "state", "subject")
        for issue in list_issues(session):
            slug = session.get_one(Newsletter, issue.newsletter_id).slug
            slot = str(issue.slot_date or "extra")
            table.add_row(f"{slug}/{issue.number}", slot, issue.state.value, issue.subject)
        console.print(table)


@app.command("show")
def show(context: typer.Context, issue: Reference) -> None:
    """Show an issue's state, texts and picks in reading order."""
    with opened(context) as instance, instance.db.read() as session:
        row = find_issue(session, issue)
        slug = session.get_one(Newsletter, row.newsletter_id).slug
        zone = instance.config.newsletter(slug).schedule.timezone
        say(f"{slug}/{row.number}  {row.state.value}  for {row.slot_date or 'an extra'}")
        say(f"subject    {row.subject or '(none yet)'}")
        say(f"preheader  {row.preheader or '(none yet)'}")
        if row.approved_hash:
            say(f"approved   {local_time(row.approved_at, zone)} by {row.approved_by}")
            say(f"hash       {row.approved_hash}")
        table = Table("section", "#", "article", "layout", "headline")
        for section, pick, article in list_picks(session, row.id):
            place = (section.heading, str(pick.position), str(article.id), pick.layout.value)
            table.add_row(*place, pick.headline)
        console.print(table)


@app.command("pick")
def pick(
    context: typer.Context,
    issue: Reference,
    article: ArticleRef,
    section: Annotated[str, typer.Option(help="The heading it goes under.")],
    position: Annotated[int | None, typer.Option(min=1, help="From 1; last by default.")] = None,
    words: Words = None,
) -> None:
    """Place an article in a section."""
    with opened(context) as instance, instance.db.write() as session:
        row = find_issue(session, issue)
        place = find_section(session, row.newsletter_id, section)
        found = find_article(session, article)
        placed = pick_article(
            session, row, found, place, position=position, words=_fields(words or [])
        )
        say(f"{place.heading} {placed.position}: {placed.headline}")


@app.command("move")
def move(
    context: typer.Context,
    issue: Reference,
    article: ArticleRef,
    position: Annotated[int, typer.Option(min=1, help="From 1; beyond the end means last.")],
    section: Annotated[
        str | None, typer.Option(help="Another heading; the same by default.")
    ] = None,
) -> None:
    """Put a pick elsewhere."""
    with opened(context) as instance, instance.db.write() as session:
        row = find_issue(session, issue)
        placed = find_pick(session, row, find_article(session, article).id)
        sections = {s.id: s for s, p, _ in list_picks(session, row.id) if p.id == placed.id}
        place = (
            find_section(session, row.newsletter_id, section)
            if section
            else sections[placed.section_id]
        )
        move_pick(session, row, placed, place, position)
        say(f"{place.heading} {placed.position}: {placed.headline}")


@app.command("unpick")
def take_out(context: typer.Context, issue: Reference, article: ArticleRef) -> None:
    """Take an article out of an issue; it stays in the inbox."""
    with opened(context) as instance, instance.db.write() as session:
        row = find_issue(session, issue)
        placed = find_pick(session, row, find_article(session, article).id)
        headline = placed.headline
        unpick(session, row, placed)
        say(f"Taken out: {headline}")


@app.command("set")
def set_words(
    context: typer.Context,
    issue: Reference,
    fields: Annotated[list[str], typer.Argument(help="field=value, several if you like.")],
    article: Annotated[
        str | None, typer.Option(help="Change this article's pick instead of the issue.")
    ] = None,
) -> None:
    """Change texts. An issue has subject, preheader, topper, topper.signed, quote, quote.who,
    numbers, appeal.

    numbers takes figure|words pairs separated by semicolons. With --article: headline, blurb,
    kicker, byline, layout, image_url, image_alt, image_credit.
    """
    with opened(context) as instance, instance.db.write() as session:
        row = find_issue(session, issue)
        if article is None:
            edit_issue(session, row, _issue_fields(_fields(fields), row.topper, row.quote))
        else:
            placed = find_pick(session, row, find_article(session, article).id)
            edit_pick(session, row, placed, _fields(fields))
        say(f"Changed; {issue} is a draft, version {row.version}.")


def _fields(pairs: list[str]) -> dict[str, Any]:
    fields = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInput(
                f"{pair!r}: write field=value (fields of a pick: {', '.join(sorted(EDITABLE))})"
            )
        fields[name.strip()] = value
    return fields


def _issue_fields(
    given: dict[str, Any], topper: dict[str, Any], quote: dict[str, Any]
) -> dict[str, Any]:
    """Fold the flat fields of the command line into the issue's own shapes."""
    changes: dict[str, Any] = {}
    for name, value in given.items():
        match name:
            case "topper":
                topper = {**topper, "text": value}
                changes["topper"] = topper
            case "topper.signed":
                topper = {"text": "", **topper, "signed": value}
                changes["topper"] = topper
            case "quote":
                quote = {**quote, "text": value}
                changes["quote"] = quote
            case "quote.who":
                quote = {"text": "", **quote, "who": value}
                changes["quote"] = quote
            case "numbers":
                changes["numbers"] = _numbers(value)
            case "appeal":
                changes["appeal"] = _yes_or_no(value)
            case _:
                changes[name] = value
    return changes


def _numbers(value: str) -> list[list[str]]:
    pairs = [part.split("|") for part in value.split(";") if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise BadInput("numbers: write figure|words;figure|words")
    return [[figure.strip(), words.strip()] for figure, words in pairs]


def _yes_or_no(value: str) -> bool:
    if value not in {"yes", "no"}:
        raise BadInput(f"appeal={value}: write yes or no")
    return value == "yes"


@app.command("cancel")
def cancel(context: typer.Context, issue: Reference) -> None:
    """Give a draft or approved issue up; its slot is free again."""
    with opened(context) as instance, instance.db.write() as session:
        cancel_issue(session, find_issue(session, issue))
        say(f"{issue} is cancelled.")
