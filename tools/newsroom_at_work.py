"""The Harbour Courier in the middle of a week: what the pictures of the desk show.

Everything is the program's own: issues are picked, approved and sent through the memory backend,
by a clock that moves when told. Articles, pictures and words are those of the demo; the people are
made up.
"""

import asyncio
import io
import json
import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import uvicorn
from PIL import Image
from sqlalchemy import delete

from digest.clock import FixedClock
from digest.curation.inbox import find_article, take_in
from digest.curation.issues import edit_issue, find_issue_on, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.source_list import add_source
from digest.curation.sources.base import FoundArticle
from digest.delivery.backends.base import Envelope
from digest.delivery.outcome import Accepted, Rejected
from digest.demo.newsroom import Newsroom as Sample
from digest.demo.newsroom import SampleArticle, SamplePick, load_newsroom
from digest.editors.accounts import add_editor, find_editor, name_in_records
from digest.editors.audit import note
from digest.editors.passwords import hash_password
from digest.editors.sessions import open_session
from digest.media.room import Words
from digest.models import ReaderDay, Role
from digest.press.approval import approve
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.web.app import create_web
from digest.web.ending import Server

NUMBER = 47  # of this week's issue
FRIDAY = date(2026, 11, 27)
THURSDAY_NOON = datetime(2026, 11, 26, 11, 40, tzinfo=UTC)
OLD = 85  # hours: what is older went into the issues before
READERS = 1840
GONE = 23  # readers whose mailboxes are no more
A_COPY = timedelta(seconds=0.12)  # between two copies
WEEKS = 26
SITE = "https://courier.example"
INITIAL = """
[newsletters.initial]
sections = ["News", "Features", "Analysis", "Opinion"]
tagline = {tagline}
about = {about}
corrections_address = {corrections_address}
accent = {accent}
"""
PEOPLE = (
    ("Tove Aldine", Role.OPERATOR),
    ("Idun Marsk", Role.EDITOR),
    ("Coll Petterick", Role.CONTRIBUTOR),
    ("Zofia Brandel", Role.PUBLISHER),
)
BEFORE = (
    "Eleven hundred names, and one key",
    "The storm took twelve metres; the bill takes longer",
)


@dataclass(slots=True)
class AtWork:
    """The newsroom while its desk is served at `url`; the clock shows Thursday noon."""

    newsroom: Newsroom
    clock: FixedClock
    url: str
    sample: Sample
    issue: str = ""
    left: int = 0  # copies that may still leave
    at_end: Callable[[], None] = lambda: None

    def watch(self, _envelope: Envelope) -> bool:
        """Look on as a copy leaves, and let its moment pass; a cue that fits none."""
        self.clock.advance(A_COPY)
        self.left -= 1
        if self.left <= 0:
            self.at_end()
        return False

    def sign_in(self, name: str = "Tove Aldine") -> str:
        """Return the secret of a new session of somebody who works here."""
        app = self.newsroom.app
        with app.db.write() as session:
            editor = find_editor(session, app.sealer, address_of(name))
            return open_session(session, editor, self.clock.now(), app.config.desk.session_hours)

    def begin_sending(self) -> None:
        """Let the issue be approved, and Friday seven o'clock come."""
        _approve(self.newsroom, self.issue)
        self.clock.set(datetime(2026, 11, 27, 7, 0, 1, tzinfo=UTC))
        self.newsroom.app.sender.tick()

    def send(self, copies: int) -> None:
        """Let so many more copies leave, each a moment after the last; all that wait where it asks
        for more. A scheduler has just given a sign of life.
        """
        stop, self.left = asyncio.Event(), copies
        self.at_end = stop.set
        app = self.newsroom.app
        _run(app.sender.drain(stop, until_idle=True))
        app.note("alive:scheduler:the-other-machine", app.keys.seal[0].id)

    def close(self) -> None:
        """Let the issue be closed, and a few minutes pass."""
        self.newsroom.app.sender.close_finished(self.clock.now())
        self.clock.advance(timedelta(minutes=9))


@contextmanager
def at_work(folder: Path) -> Iterator[AtWork]:
    """Yield the newsroom, built anew in a folder."""
    sample, clock = load_newsroom(), FixedClock(datetime(2026, 11, 12, 9, tzinfo=UTC))
    with open_newsroom(folder, clock, lease_seconds=3600, more=_config(sample)) as newsroom:
        _fill(newsroom, clock, sample)
        with _served(newsroom) as url:
            scene = AtWork(newsroom, clock, url, sample, f"weekly/{NUMBER}")
            newsroom.backend.script(scene.watch, Accepted(250, ""), times=None)
            yield scene


def address_of(name: str) -> str:
    """Return the address of somebody who works here."""
    return f"{name.split()[0].lower()}@courier.example"


def _config(sample: Sample) -> dict[str, str]:
    paper = sample.paper
    names = ("tagline", "about", "corrections_address", "accent")
    words = {name: json.dumps(getattr(paper, name), ensure_ascii=False) for name in names}
    return {
        "tick_seconds = 0.2": "tick_seconds = 0.2\nwatch_hours = 0",
        "12 Quay Street, Harbour Town": paper.postal_address,
        'timezone = "UTC" }\n': f'timezone = "Europe/London" }}\n{INITIAL.format(**words)}',
    }


def _run(work: Coroutine[None, None, None]) -> None:
    """Run to its end, on a thread of its own: the browser keeps an event loop on ours."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


@contextmanager
def _served(newsroom: Newsroom) -> Iterator[str]:
    settings = uvicorn.Config(
        create_web(newsroom.app), port=0, access_log=False, log_config=None, server_header=False
    )
    server = Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _fill(newsroom: Newsroom, clock: FixedClock, sample: Sample) -> None:
    """Hire people, win readers, send what was sent before, and begin this week's issue."""
    _hire(newsroom)
    newsroom.subscribe(*(f"reader{number}@example.org" for number in range(READERS)))
    gone = {f"reader{number * 71}@example.org" for number in range(GONE)}
    refused = Rejected(550, "550 5.1.1 no such mailbox")
    newsroom.backend.script(lambda copy: copy.rcpt_to in gone, refused, times=None)
    _take_articles(newsroom, sample)
    taken = {pick.article for pick in sample.issue.picks}
    old = [each for each in sample.articles if each.slug not in taken and each.hours > OLD]
    for week, subject in enumerate(BEFORE):
        day = FRIDAY - timedelta(weeks=len(BEFORE) - week)
        picks = [_as_pick(each, place) for place, each in enumerate(old[week::2][:5])]
        _make(newsroom, sample, day, NUMBER - len(BEFORE) + week, subject, picks)
        _approve(newsroom, f"weekly/{NUMBER - len(BEFORE) + week}")
        clock.set(datetime(day.year, day.month, day.day, 7, 0, 1, tzinfo=UTC))
        _run(tick_once(newsroom.app))
    clock.set(THURSDAY_NOON)
    _make(newsroom, sample, FRIDAY, NUMBER, sample.issue.subject, sample.issue.picks)
    _work(newsroom, clock)
    _keep_pictures(newsroom, sample)
    _count_readers(newsroom)


def _approve(newsroom: Newsroom, issue: str) -> None:
    app = newsroom.app
    with app.db.read() as session:
        editor = find_editor(session, app.sealer, address_of("Idun Marsk"))
        by = name_in_records(editor.id)
    approve(app.db, newsroom.press, issue, newsroom.configured, by=by, clock=app.clock)


def _hire(newsroom: Newsroom) -> None:
    app, hashed = newsroom.app, hash_password("one for all, in this story")
    with app.db.write() as session:
        for name, role in PEOPLE:
            address, now = address_of(name), app.clock.now()
            editor = add_editor(session, app.sealer, name=name, address=address, role=role, now=now)
            editor.password_hash = hashed


def _take_articles(newsroom: Newsroom, sample: Sample) -> None:
    app = newsroom.app
    with app.db.write() as session:
        source = add_source(
            session,
            url=f"{SITE}/feed.xml",
            kind="feed",
            name=sample.paper.name,
            now=app.clock.now(),
        )
        source.polled_at = THURSDAY_NOON - timedelta(minutes=8)
        source.next_poll_at = THURSDAY_NOON + timedelta(minutes=7)  # so nothing is asked for
        take_in(session, [_found(each) for each in sample.articles], source.id, THURSDAY_NOON)


def _found(article: SampleArticle) -> FoundArticle:
    return FoundArticle(
        url=f"{SITE}/articles/{article.slug}",
        title=article.headline,
        summary=article.dek,
        author=article.byline,
        published_at=article.published_at(THURSDAY_NOON),
        image_url=f"{SITE}/pictures/{article.picture.name}.jpg",
        image_alt=article.picture.alt,
        image_credit=article.picture.credit,
        categories=(article.category,),
    )


def _as_pick(article: SampleArticle, place: int) -> SamplePick:
    return SamplePick(article.slug, article.category, "column" if place else "lead")


def _make(
    newsroom: Newsroom,
    sample: Sample,
    day: date,
    number: int,
    subject: str,
    picks: Sequence[SamplePick],
) -> None:
    """Make an issue of the paper's own words and of these picks."""
    app, issue_words = newsroom.app, sample.issue
    text, signed = issue_words.topper
    quote, who = issue_words.quote
    with app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        issue = find_issue_on(session, newsletter.id, day)
        if issue is None:
            issue = new_issue(session, newsletter, slot_date=day, now=app.clock.now())
        issue.number = number
        words = {
            "subject": subject,
            "preheader": issue_words.preheader,
            "topper": {"text": text, "signed": signed},
            "quote": {"text": quote, "who": who},
            "numbers": [list(pair) for pair in issue_words.numbers],
        }
        edit_issue(session, issue, words)
        for pick in picks:
            article = find_article(session, f"{SITE}/articles/{pick.article}")
            section = find_section(session, newsletter.id, pick.section)
            given = {"headline": pick.headline, "blurb": pick.blurb, "kicker": pick.kicker}
            written = {field: word for field, word in given.items() if word}
            pick_article(session, issue, article, section, words={**written, "layout": pick.layout})


def _work(newsroom: Newsroom, clock: FixedClock) -> None:
    """Let it be on record that two people edited this week's issue."""
    app = newsroom.app
    with app.db.write() as session:
        for name, minutes in (("Idun Marsk", 52), ("Zofia Brandel", 14)):
            editor = find_editor(session, app.sealer, address_of(name))
            at = clock.now() - timedelta(minutes=minutes)
            note(session, editor.id, "edit", f"weekly/{NUMBER}", at)


def _keep_pictures(newsroom: Newsroom, sample: Sample) -> None:
    """Fill the media room, with a picture first that is wider than what mails show."""
    app = newsroom.app
    first = sample.pictures[0]
    wide = io.BytesIO()
    Image.open(first.path).crop((0, 150, 1200, 690)).save(wide, "JPEG", quality=90)
    words = Words(first.alt, first.credit, "Our own; may be used again")
    app.media.take_in(wide.getvalue(), words, None, app.clock.now())
    for picture in sample.pictures[1:]:
        words = Words(picture.alt, picture.credit, "Our own; may be used again")
        app.media.take_in(picture.path.read_bytes(), words, None, app.clock.now())


def _count_readers(newsroom: Newsroom) -> None:
    """Write down half a year of days, as housekeeping does: a slow growth, with better weeks."""
    app = newsroom.app
    with app.db.write() as session:
        newsletter_id = find_newsletter(session, "weekly").id
        session.execute(delete(ReaderDay))
        readers = READERS
        last = app.clock.now().date() - timedelta(days=1)
        for back in range(7 * WEEKS):
            day = last - timedelta(days=back)
            came = round(6 + 2.5 * math.sin(back / 19) + 2 * math.sin(back / 2.3))
            went = round(1.5 + math.sin(back / 5) + math.sin(back / 1.7)) + (day.weekday() == 4)
            session.add(
                ReaderDay(
                    newsletter_id=newsletter_id, day=day, came=came, went=went, readers=readers
                )
            )
            readers -= came - went
