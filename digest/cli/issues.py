"""``digest issue``: an issue in the making. It is called newsletter/number, or newsletter for the
newest one.
"""

from datetime import date
from typing import Annotated

import typer

from digest.app import App
from digest.cli import (
    issue_correct,
    issue_evidence,
    issue_preflight,
    issue_press,
    issue_run,
    issue_shrink,
    issue_watch,
)
from digest.cli.issue_fields import issue_words, pick_words
from digest.cli.references import ArticleRef, IssueName, Referred, refer
from digest.cli.terminal import local_time, opened, print_table, say
from digest.clock import WEEKDAYS
from digest.config import NewsletterConfig
from digest.curation.inbox import find_article
from digest.curation.issues import edit_issue, list_issues, new_issue
from digest.curation.newsletters import find_newsletter, find_section, next_issue_slot
from digest.curation.picks import edit_pick, find_pick, list_picks, move_pick, pick_article, unpick
from digest.delivery.appointing import give_up
from digest.errors import BadInput
from digest.models import IssueState, Newsletter, Section

app = typer.Typer(help="Make, approve, schedule and check an issue.", no_args_is_help=True)


def register(program: typer.Typer) -> None:
    """Add the group of this file."""
    program.add_typer(app, name="issue")


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
    if day and extra:
        raise BadInput("--date and --extra exclude each other: an extra has no slot")
    with opened(context) as instance:
        configured = instance.config.newsletter(newsletter)
        with instance.db.write() as session:
            row = find_newsletter(session, newsletter)
            slot_date = None if extra else _slot_date(instance, row, configured, day)
            issue = new_issue(session, row, slot_date=slot_date, now=instance.clock.now())
    place = f"for {slot_date}" if slot_date else "outside the schedule"
    say(f"{newsletter}/{issue.number} is a draft {place}.")
    _warn_off_schedule(f"{newsletter}/{issue.number}", configured, slot_date)


def _slot_date(
    instance: App, newsletter: Newsletter, configured: NewsletterConfig, day: str | None
) -> date:
    now, schedule = instance.clock.now(), configured.schedule.as_schedule()
    if day is None:
        return next_issue_slot(newsletter, schedule, now).local_date
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise BadInput(f"--date {day!r}: a date is written YYYY-MM-DD") from error
    if wanted < now.astimezone(schedule.zone).date():
        raise BadInput(f"--date {wanted}: this day is over")
    return wanted


def _warn_off_schedule(name: str, configured: NewsletterConfig, slot_date: date | None) -> None:
    """Say so when nothing but a person's hand would ever send this issue."""
    if slot_date is None or WEEKDAYS[slot_date.weekday()] != configured.schedule.weekday:
        say(f"Nothing sends it by itself: digest issue schedule {name} sets its moment.")


@app.command("list")
def list_all(context: typer.Context) -> None:
    """Show the newest issues of all newsletters."""
    with opened(context) as instance, instance.db.read() as session:
        rows = []
        for issue in list_issues(session):
            slug = session.get_one(Newsletter, issue.newsletter_id).slug
            slot = str(issue.slot_date or "extra")
            rows.append((f"{slug}/{issue.number}", slot, issue.state.value, issue.subject))
    none = "There are no issues yet: digest issue new opens one."
    print_table(("issue", "slot", "state", "subject"), rows, none=none)


@app.command("show")
def show(context: typer.Context, issue: IssueName) -> None:
    """Show an issue's state, texts and picks in reading order."""
    with opened(context) as instance, instance.db.read() as session:
        found = refer(instance, session, issue)
        _show_words(found)
        rows = [
            (
                *(section.heading, str(pick.position), str(article.id)),
                *(pick.layout.value, pick.headline),
            )
            for section, pick, article in list_picks(session, found.row.id)
        ]
    none = f"No picks yet: digest issue pick {found.name} ARTICLE --section HEADING"
    print_table(("section", "#", "article", "layout", "headline"), rows, none=none)


def _show_words(found: Referred) -> None:
    row, zone = found.row, found.configured.schedule.timezone
    say(f"{found.name}  {row.state.value}  for {row.slot_date or 'an extra'}")
    say(f"subject    {row.subject or '(none yet)'}")
    say(f"preheader  {row.preheader or '(none yet)'}")
    for name, block in (("topper", row.topper), ("quote", row.quote)):
        if block:
            say(f"{name:<10} {' — '.join(part for part in block.values() if part)}")
    if row.numbers:
        say(f"numbers    {'; '.join(f'{figure} {words}' for figure, words in row.numbers)}")
    if not row.appeal:
        say("appeal     left out")
    if row.first_hash:
        say(f"first      {local_time(row.first_at, zone)} ({zone}) by {row.first_by}")
    if row.approved_hash:
        say(f"approved   {local_time(row.approved_at, zone)} ({zone}) by {row.approved_by}")
        say(f"hash       {row.approved_hash}")


@app.command("pick")
def pick(
    context: typer.Context,
    issue: IssueName,
    article: ArticleRef,
    section: Annotated[str, typer.Option(help="The heading it goes under.")],
    position: Annotated[int | None, typer.Option(min=1, help="From 1; last by default.")] = None,
    words: Words = None,
) -> None:
    """Place an article in a section."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        place = find_section(session, found.row.newsletter_id, section)
        placed = pick_article(
            session,
            found.row,
            find_article(session, article),
            place,
            position=position,
            words=pick_words(words or []),
        )
    say(f"{place.heading} {placed.position}: {placed.headline}")


@app.command("move")
def move(
    context: typer.Context,
    issue: IssueName,
    article: ArticleRef,
    position: Annotated[int, typer.Option(min=1, help="From 1; beyond the end means last.")],
    section: Annotated[
        str | None, typer.Option(help="Another heading; the same by default.")
    ] = None,
) -> None:
    """Put a pick elsewhere."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        placed = find_pick(session, found.row, find_article(session, article).id)
        place = (
            find_section(session, found.row.newsletter_id, section)
            if section
            else session.get_one(Section, placed.section_id)
        )
        move_pick(session, found.row, placed, place, position)
    say(f"{place.heading} {placed.position}: {placed.headline}")


@app.command("unpick")
def take_out(context: typer.Context, issue: IssueName, article: ArticleRef) -> None:
    """Take an article out of an issue; it goes back to the inbox."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        placed = find_pick(session, found.row, find_article(session, article).id)
        unpick(session, found.row, placed)
    say(f"Taken out: {placed.headline}")


@app.command("set")
def set_words(
    context: typer.Context,
    issue: IssueName,
    fields: Annotated[list[str], typer.Argument(help="field=value, several if you like.")],
    article: Annotated[
        str | None, typer.Option(help="Change this article's pick instead of the issue.")
    ] = None,
) -> None:
    """Change texts; an approved issue is a draft again afterwards.

    An issue has subject, preheader, topper, topper.signed, quote, quote.who, numbers and appeal;
    numbers takes figure|words pairs with semicolons between, appeal is yes or no. With --article:
    headline, blurb, kicker, byline, layout, image_url, image_alt, image_credit, whole (yes or no:
    the whole article in the mail), body_html, ran_before_allowed (why it may run again). A field
    without a value is emptied.
    """
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        row = found.row
        was_approved = row.state is IssueState.APPROVED
        if article is None:
            present = {"topper": row.topper, "quote": row.quote}
            edit_issue(session, row, issue_words(fields, present))
        else:
            placed = find_pick(session, row, find_article(session, article).id)
            edit_pick(session, row, placed, pick_words(fields))
    again = "; its approval is void" if was_approved else ""
    say(f"Changed; {found.name} is a draft{again}.")


@app.command("cancel")
def cancel(context: typer.Context, issue: IssueName) -> None:
    """Give a draft or approved issue up; its slot is free again."""
    with opened(context) as instance, instance.db.write() as session:
        found = refer(instance, session, issue)
        give_up(session, found.row)
    say(f"{found.name} is cancelled.")


issue_preflight.register(app)
issue_press.register(app)
issue_run.register(app)
issue_evidence.register(app)
issue_shrink.register(app)
issue_correct.register(app)
issue_watch.register(app)
