"""``digest issue correct``: notes on an issue that was sent, and the mail to those who got it."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from digest.app import App
from digest.cli.references import IssueName, Referred, refer
from digest.cli.terminal import local_time, opened, print_table, say
from digest.curation.corrections import (
    add_correction,
    find_correction,
    list_corrections,
    open_mail,
    take_back,
)
from digest.curation.inbox import find_article
from digest.editors.audit import note as write_down
from digest.errors import BadInput
from digest.press.corrections import correction_subject


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("correct")(correct)


def correct(
    context: typer.Context,
    issue: IssueName,
    note: Annotated[str, typer.Argument(help="What was wrong; without it: list them.")] = "",
    article: Annotated[
        str | None, typer.Option(help="The article it concerns: its id or address.")
    ] = None,
    link: Annotated[str, typer.Option(help="Where that article's link should lead.")] = "",
    withdraw: Annotated[
        int | None, typer.Option("--take-back", help="Show the correction of this id no more.")
    ] = None,
    mail: Annotated[
        int | None, typer.Option(help="Open the draft of a mail of the correction of this id.")
    ] = None,
) -> None:
    """Correct an issue that was sent, wherever we show it.

    That is in the browser, the archive and the feed. What was sent is never changed. --mail opens
    an extra issue for exactly those whose copy was accepted; it is approved and scheduled like any
    other.
    """
    if sum((bool(note), withdraw is not None, mail is not None)) > 1:
        raise BadInput("write a note, or --take-back, or --mail: one at a time")
    if not note and (article or link):
        raise BadInput("--article and --link go with a note")
    with opened(context) as instance:
        if not note and withdraw is None and mail is None:
            _list(instance, issue)
            return
        with instance.db.write() as session:
            found = refer(instance, session, issue)
            if note:
                _add(instance, session, found, note, article, link)
            elif withdraw is not None:
                _take_back(instance, session, found, withdraw)
            elif mail is not None:
                _open_mail(instance, session, found, mail)


def _add(
    instance: App, session: Session, found: Referred, note: str, article: str | None, link: str
) -> None:
    now = instance.clock.now()
    article_id = find_article(session, article).id if article else None
    correction = add_correction(
        session, found.row, note=note, article_id=article_id, right_url=link, now=now
    )
    write_down(session, None, "correct", found.name, now, {"correction": correction.id})
    say(f"Correction {correction.id} of {found.name} is published.")
    say(f"Mail it with: digest issue correct {found.name} --mail {correction.id}")


def _take_back(instance: App, session: Session, found: Referred, correction_id: int) -> None:
    now = instance.clock.now()
    take_back(session, find_correction(session, found.row, correction_id), now)
    detail = {"correction": correction_id}
    write_down(session, None, "take correction back", found.name, now, detail)
    say(f"Correction {correction_id} of {found.name} is shown no more.")


def _open_mail(instance: App, session: Session, found: Referred, correction_id: int) -> None:
    now, language = instance.clock.now(), found.configured.language
    correction = find_correction(session, found.row, correction_id)
    subject = correction_subject(instance.templates, language, found.row.subject)
    extra = open_mail(session, found.row, correction, subject=subject, now=now)
    detail = {"correction": correction_id, "opened": extra.number}
    write_down(session, None, "open correction mail", found.name, now, detail)
    name = f"{found.configured.slug}/{extra.number}"
    say(f"{name} is a draft for those whose copy of {found.name} was accepted.")
    say(f"Then: digest issue approve {name}, digest issue schedule {name} --now")


def _list(instance: App, issue: str) -> None:
    with instance.db.read() as session:
        found = refer(instance, session, issue)
        zone = found.configured.schedule.timezone
        rows = [
            (str(each.id), local_time(each.at, zone), each.note, each.right_url or "-")
            for each in list_corrections(session, found.row.id)
        ]
    none = f"{found.name} has no corrections."
    print_table(("id", "when", "note", "link leads to"), rows, none=none)
