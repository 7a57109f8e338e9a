"""The sample newsroom's Friday, from an empty folder to full inboxes, with the program's own parts.

Every step is the one a newsroom takes: the feed is polled over HTTP, readers come in through the
CSV import, the issue is picked and approved, and the daemon's own code sends it over SMTP. Each
step looks first whether it is done, so a second run does no harm and an interrupted one goes on.
"""

import asyncio
import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import select

from digest.app import App, open_app
from digest.clock import SystemClock, next_slot
from digest.config import load_config
from digest.curation.inbox import find_article
from digest.curation.issues import edit_issue, find_issue, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.source_list import add_source
from digest.delivery.ledger.sums import Sums, count_sums
from digest.delivery.slots import set_due_by_hand
from digest.demo.catch_all import CatchAllServer
from digest.demo.newsroom import Newsroom, load_newsroom
from digest.demo.people import write_people_csv
from digest.demo.site import SampleSite
from digest.errors import BadInput, NotFound
from digest.keys import new_key_ring, write_key_file
from digest.models import Issue, IssueState, Source
from digest.press.approval import approve
from digest.scheduler import run_scheduler
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import stage_csv

SLUG = "weekly"
ISSUE = f"{SLUG}/1"  # the next opens by itself, and is nobody's here
LOOK_SECONDS = 0.1
# From the port of the reader pages: the sample site and the mail server take the next two.
SITE, MAIL = 1, 2

MARK = "# Written by digest demo"
CONFIG = (
    MARK
    + """: everything stays on this machine.

[web]
public_url = "http://127.0.0.1:{web}"
port = {web}

[scheduler]
tick_seconds = 0.5

[storage]
ballast_megabytes = 0

[fetch]
allow_networks = ["127.0.0.0/8"]

[relays.main]
backend = "smtp"
host = "127.0.0.1"
port = {mail}
security = "none"

[[newsletters]]
slug = "weekly"
name = {name}
host = "letters.courier.example"
sender = {{ name = {name}, address = "letters@courier.example" }}
relay = "main"
language = "en-GB"
postal_address = {postal_address}
privacy_url = "https://courier.example/privacy"
schedule = {{ weekday = "friday", time = 07:00:00, timezone = "Europe/London" }}

[newsletters.initial]
sections = {sections}
tagline = {tagline}
about = {about}
corrections_address = {corrections_address}
accent = {accent}

[newsletters.initial.appeal]
heading = {heading}
text = {text}
once = {once}
monthly = {monthly}
annual = {annual}
payment_line = {payment_line}
signed = {signed}
"""
)


@dataclass(frozen=True, slots=True)
class Report:
    """Where the demo speaks to: a line at a time, and (done, total) while it sends."""

    say: Callable[[str], None]
    progress: Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """How the Friday ended."""

    issue_public_id: str
    sums: Sums
    seconds: float
    mails: Path


class Demo:
    """The sample newsroom in a folder, with its site and mail server up while the context lasts."""

    def __init__(self, folder: Path, report: Report, *, port: int | None = None) -> None:
        self._folder = folder
        self._report = report
        self._port = port
        self._newsroom = load_newsroom()
        self._stack = ExitStack()
        self.mails = folder / "mails"

    def __enter__(self) -> Self:
        """Set the folder up where it is new, open the instance, and start both servers."""
        clock = SystemClock()
        with ExitStack() as stack:
            path = self._set_up()
            web = load_config(path).web.port
            try:
                self._site = stack.enter_context(SampleSite(web + SITE, now=clock.now()))
                stack.enter_context(CatchAllServer(self.mails, web + MAIL))
            except OSError as error:
                raise BadInput(
                    f"ports {web} to {web + MAIL} on 127.0.0.1 must be free ({error.strerror}); "
                    "is another demo running? A new --folder with another --port works beside it"
                ) from error
            self.app: App = stack.enter_context(open_app(path, fresh=True))
            self.app.prepare_store()
            self.app.check_store()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _set_up(self) -> Path:
        path = self._folder / "config.toml"
        if path.exists() and not path.read_text(encoding="utf-8").startswith(MARK):
            raise BadInput(f"{path} was not written by digest demo; the demo needs its own folder")
        self._folder.mkdir(parents=True, exist_ok=True)
        if not (self._folder / "keys.toml").exists():
            write_key_file(self._folder / "keys.toml", new_key_ring())
        if not path.exists():
            port = self._port or find_free_ports()
            path.write_text(_config(self._newsroom, port), encoding="utf-8")
            self._report.say(f"wrote {path}")
        return path

    def run(self) -> Sent:
        """Do what is left to do of this Friday; raises what any step of it raises."""
        self._import_people()
        self._poll()
        issue = self._make_issue()
        if issue.state is IssueState.DRAFT:
            configured = self.app.config.newsletter(SLUG)
            done = approve(
                self.app.db,
                self.app.press,
                ISSUE,
                configured,
                by="Tove Aldine",
                clock=self.app.clock,
            )
            self._report.say(
                f"approved number {done.number}: {done.html_bytes:,} bytes of HTML, "
                f"hash {done.content_hash[:16]}…"
            )
        seconds = self._send()
        with self.app.db.read() as session:
            sent = find_issue(session, ISSUE)
            return Sent(sent.public_id, count_sums(session, sent.id), seconds, self.mails)

    def _import_people(self) -> None:
        people = self._folder / "people.csv"
        write_people_csv(people)
        with self.app.db.read() as session:
            newsletter_id = find_newsletter(session, SLUG).id
        staged = stage_csv(
            self.app.db,
            self.app.sealer,
            people,
            newsletter_id=newsletter_id,
            folder=self._folder,
            clock=self.app.clock,
        )
        merged = merge_import(self.app.db, staged, clock=self.app.clock)
        self._report.say(
            f"subscribers: {merged.added} imported, {merged.already} were there already"
        )

    def _poll(self) -> None:
        with self.app.db.write() as session:
            url = f"{self._site.url}/feed.xml"
            source = session.scalar(select(Source).where(Source.url == url))
            if source is None:
                name = self._newsroom.paper.name
                now = self.app.clock.now()
                source = add_source(session, url=url, kind="feed", name=name, now=now)
            source_id = source.id
        report = self.app.poll_source(source_id)
        self._report.say(f"feed: {report.new} new articles, {report.known} known")

    def _make_issue(self) -> Issue:
        """Return the sample issue, picked in one transaction where it is not there yet."""
        with self.app.db.write() as session:
            try:
                return find_issue(session, ISSUE)
            except NotFound:
                now = self.app.clock.now()
            newsletter = find_newsletter(session, SLUG)
            schedule = self.app.config.newsletter(SLUG).schedule.as_schedule()
            day = next_slot(schedule, now).local_date
            issue = new_issue(session, newsletter, slot_date=day, now=now)
            sample = self._newsroom.issue
            text, signed = sample.topper
            quote, who = sample.quote
            edit_issue(
                session,
                issue,
                {
                    "subject": sample.subject,
                    "preheader": sample.preheader,
                    "topper": {"text": text, "signed": signed},
                    "quote": {"text": quote, "who": who},
                    "numbers": [list(pair) for pair in sample.numbers],
                },
            )
            for pick in sample.picks:
                article = find_article(session, f"{self._site.url}/articles/{pick.article}")
                section = find_section(session, newsletter.id, pick.section)
                kicker = pick.kicker or self._kicker(pick.article)
                words = {"headline": pick.headline, "blurb": pick.blurb, "layout": pick.layout}
                given = {field: word for field, word in words.items() if word}
                pick_article(session, issue, article, section, words={**given, "kicker": kicker})
            self._report.say(f"picked number {issue.number}: {len(sample.picks)} articles")
            return issue

    def _kicker(self, slug: str) -> str:
        article = self._newsroom.article(slug)
        return article.kicker if article else ""

    def _send(self) -> float:
        """Make the issue due now and let the daemon's own code send it; return the seconds."""
        with self.app.db.write() as session:
            issue = find_issue(session, ISSUE)
            if issue.state is IssueState.SENT or issue.slot_date is None:
                self._report.say("this issue was sent before; nothing is sent twice")
                return 0.0
            if issue.state is IssueState.APPROVED:
                due = self.app.clock.now()
                set_due_by_hand(session, issue.newsletter_id, issue.slot_date, due_at=due)
        start = time.perf_counter()
        asyncio.run(self._run_scheduler())
        return time.perf_counter() - start

    async def _run_scheduler(self) -> None:
        stop = asyncio.Event()
        daemon = asyncio.create_task(run_scheduler(self.app, stop))
        try:
            while not daemon.done() and not await asyncio.to_thread(self._look):
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            stop.set()
            await daemon

    def _look(self) -> bool:
        with self.app.db.read() as session:
            issue = find_issue(session, ISSUE)
            sums = count_sums(session, issue.id)
        self._report.progress(sums.frozen - sums.open, sums.frozen)
        return issue.state is IssueState.SENT


def find_free_ports() -> int:
    """Return a port on loopback that is free, like the two after it, at the moment of asking."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        try:
            for number in (port, port + SITE, port + MAIL):
                socket.create_server(("127.0.0.1", number)).close()
        except (OSError, OverflowError):
            continue
        return port


def _config(newsroom: Newsroom, port: int) -> str:
    paper, appeal = newsroom.paper, newsroom.issue.appeal
    values = {
        "name": paper.name,
        "postal_address": paper.postal_address,
        "sections": ["News", "Features", "Analysis", "Opinion"],
        "tagline": paper.tagline,
        "about": paper.about,
        "corrections_address": paper.corrections_address,
        "accent": paper.accent,
        "heading": appeal.heading,
        "text": appeal.text,
        "once": list(appeal.once),
        "monthly": list(appeal.monthly),
        "annual": list(appeal.annual),
        "payment_line": appeal.payment_line,
        "signed": appeal.signed,
    }
    # A JSON string or array of strings is a TOML one as well.
    written = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    return CONFIG.format(web=port, mail=port + MAIL, **written)
