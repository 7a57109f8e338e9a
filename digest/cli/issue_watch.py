"""``digest issue watch`` and ``digest issue hold-over``: what became of articles."""

import typer

from digest.app import App
from digest.cli.references import ArticleRef, IssueName, refer
from digest.cli.terminal import opened, print_table, progress_bar, say
from digest.curation.drift import Drift
from digest.curation.holding import hold_over as hold
from digest.curation.inbox import find_article
from digest.curation.issues import refuse_closed
from digest.curation.picks import find_pick, list_picks
from digest.curation.watches import find_watched, follow_picks
from digest.delivery.next_draft import draft_after
from digest.editors.audit import note


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("watch")(watch)
    app.command("hold-over")(hold_over)


def watch(context: typer.Context, issue: IssueName) -> None:
    """Read the articles' pages again and say what has changed.

    Compared with how they were when they were picked. Exit 1 when a page is gone.
    """
    with opened(context) as instance:
        articles = _begin(instance, issue)
        with progress_bar("reading articles") as progress:
            for done, article_id in enumerate(articles):
                progress(done, len(articles))
                instance.reread_article(article_id, now=True)
        with instance.db.read() as session:
            watched = find_watched(session, articles)
    rows = [
        (str(id), drift.kind.value, articles[id], _words(drift))
        for id in articles
        if id in watched
        for drift in watched[id].drifts
    ]
    none = f"{len(articles)} read again: nothing has changed."
    print_table(("article", "what", "headline", "was, and is now"), rows, none=none)
    raise typer.Exit(1 if any(each.is_gone for each in watched.values()) else 0)


def _begin(instance: App, issue: str) -> dict[int, str]:
    """Return the headlines of the articles to be read, by number, in reading order."""
    now = instance.clock.now()
    with instance.db.write() as session:
        found = refer(instance, session, issue)
        refuse_closed(session, found.row, "be read again")
        follow_picks(session, now)
        note(session, None, "check articles", found.name, now)
        picks = list_picks(session, found.row.id)
        return {article.id: pick.headline for _, pick, article in picks}


def _words(drift: Drift) -> str:
    return f"{drift.then} → {drift.now}" if drift.then else drift.now


def hold_over(context: typer.Context, issue: IssueName, article: ArticleRef) -> None:
    """Move a pick, as it is, to the next slot's draft."""
    with opened(context) as instance:
        now = instance.clock.now()
        with instance.db.write() as session:
            found = refer(instance, session, issue)
            refuse_closed(session, found.row, "be changed")
            pick = find_pick(session, found.row, find_article(session, article).id)
            headline, detail = pick.headline, {"article": pick.article_id}
            later = draft_after(session, found.row, found.configured, now)
            hold(session, found.row, pick, later)
            name = f"{found.configured.slug}/{later.number}"
            note(session, None, "hold over", found.name, now, {**detail, "to": later.number})
            note(session, None, "take over", name, now, {**detail, "from": found.row.number})
            say(f"Held over to {name}, for {later.slot_date}: {headline}")
