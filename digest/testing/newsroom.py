"""A whole newsroom in a folder, for tests and rehearsals: configuration, keys, store, readers, one
issue.

Everything is real but the people: the App is opened from files as in production. Only the MJML
compiler runs in this process, because a child process a test would be slow.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.orm import Session

from digest.app import App, open_app
from digest.clock import Clock
from digest.config import NewsletterConfig
from digest.curation.inbox import find_article, take_in
from digest.curation.issues import edit_issue, find_issue, find_issue_on, find_last_begun, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.ledger.sums import Sums, count_sums, verify_issue
from digest.delivery.slots import set_due_by_hand
from digest.keys import new_key_ring, write_key_file
from digest.migrating import migrate
from digest.models import Issue
from digest.press.approval import Approved, Press, approve, draft_view
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.stored import Rendering
from digest.subscribers.lifecycle import add_active, find_by_address, leave
from digest.subscribers.standing import list_subscriptions

CONFIG = """\
[web]
public_url = "http://127.0.0.1:8000"

[database]
url = "{url}"

[scheduler]
tick_seconds = 0.2

[storage]
ballast_megabytes = 0

[preflight]
spamassassin = false

[delivery]
lease_seconds = {lease_seconds}
uncertain_hours = 0

[relays.main]
{relay}
connections = {connections}

[[newsletters]]
slug = "weekly"
name = "The Harbour Courier"
host = "courier.example"
sender = {{ name = "The Harbour Courier", address = "letters@courier.example" }}
relay = "main"
language = "en"
postal_address = "12 Quay Street, Harbour Town"
alerts = ["desk@courier.example"]
schedule = {{ weekday = "friday", time = 07:00:00, timezone = "UTC" }}
"""


@dataclass(frozen=True, slots=True)
class Newsroom:
    """An opened instance and the few verbs a story needs, on one newsletter called ``weekly``."""

    app: App

    @property
    def backend(self) -> MemoryBackend:
        """The memory backend; TypeError when the newsroom was built with another relay."""
        backend: object = self.app.relay("main").backend
        if not isinstance(backend, MemoryBackend):
            raise TypeError("this newsroom's relay is not the memory backend")
        return backend

    def subscribe(self, *addresses: str, name: str | None = None) -> None:
        """Add readers who are active at once."""
        with self.app.db.write() as session:
            newsletter_id = find_newsletter(session, "weekly").id
            for address in addresses:
                add_active(
                    session,
                    self.app.sealer,
                    newsletter_id=newsletter_id,
                    address=address,
                    name=name,
                    language=None,
                    timezone=None,
                    now=self.app.clock.now(),
                    origin="test",
                )

    def unsubscribe(self, address: str) -> None:
        """Let one reader leave."""
        with self.app.db.write() as session:
            subscriber = find_by_address(session, self.app.sealer, address)
            if subscriber is None:
                raise LookupError("nobody has this address")
            for _, subscription in list_subscriptions(session, subscriber.id):
                public_id = subscription.public_id
                leave(session, public_id, now=self.app.clock.now(), origin="test")

    def draft(self, day: date | None = None, *, picks: int = 3, **texts: Any) -> str:
        """Make an issue with articles, an extra when no day is given; return what it is called. A
        draft of that day that opened by itself, and nobody touched, is taken.
        """
        now = self.app.clock.now()
        with self.app.db.write() as session:
            newsletter = find_newsletter(session, "weekly")
            take_in(session, [_article(number) for number in range(picks)], None, now)
            opened = find_issue_on(session, newsletter.id, day) if day else None
            untouched = opened if opened and opened.version == 1 else None
            issue = untouched or new_issue(session, newsletter, slot_date=day, now=now)
            edit_issue(session, issue, {"subject": f"Issue {issue.number}", **texts})
            for number in range(picks):
                self._pick(session, issue, number)
            return f"weekly/{issue.number}"

    def _pick(self, session: Session, issue: Issue, number: int) -> None:
        article = find_article(session, _article(number).url)
        section = find_section(session, issue.newsletter_id, "News")
        words = {"layout": "lead"} if number == 0 else {}
        pick_article(session, issue, article, section, words=words)

    def approve(self, issue: str) -> Approved:
        """Approve an issue as it is."""
        app = self.app
        return approve(app.db, self.press, issue, self.configured, by="test", clock=app.clock)

    def render(self, issue: str) -> list[Rendering]:
        """Return what an issue would be if approved now."""
        with self.app.db.read() as session:
            row = find_issue(session, issue)
            view = draft_view(session, row, self.configured, self.app.clock.now())
        return self.press.render(view, self.configured)

    @property
    def press(self) -> Press:
        """The press, compiling in this process."""
        return replace(self.app.press, compile_mjml=compile_mjml)

    @property
    def configured(self) -> NewsletterConfig:
        """The configuration of ``weekly``."""
        return self.app.config.newsletter("weekly")

    def make_due(self, issue: str, at: datetime | None = None) -> None:
        """Set the slot of an issue by hand, to now unless a moment is given."""
        with self.app.db.write() as session:
            row = find_issue(session, issue)
            if row.slot_date is None:
                raise LookupError("an extra has no slot")
            moment = at or self.app.clock.now()
            set_due_by_hand(session, row.newsletter_id, row.slot_date, due_at=moment)

    def ready(self, day: date, **texts: Any) -> str:
        """Make, approve and bring forward an issue; return what it is called."""
        issue = self.draft(day, **texts)
        self.approve(issue)
        self.make_due(issue)
        return issue

    def sums(self, issue: str) -> Sums:
        """Add an issue up from its rows; a newsletter alone means the one that began last."""
        with self.app.db.read() as session:
            return count_sums(session, self._begun(session, issue).id)

    def problems(self, issue: str) -> list[str]:
        """Return what is wrong with an issue's ledger; nothing when it balances."""
        with self.app.db.read() as session:
            return verify_issue(session, self._begun(session, issue).id)

    def _begun(self, session: Session, issue: str) -> Issue:
        return find_last_begun(session, issue) or find_issue(session, issue)

    def state(self, issue: str) -> str:
        """Return an issue's state."""
        with self.app.db.read() as session:
            return find_issue(session, issue).state.value


def _article(number: int) -> FoundArticle:
    return FoundArticle(
        url=f"https://courier.example/{number}",
        title=f"Headline {number}",
        summary=f"Summary {number}.",
    )


@contextmanager
def open_newsroom(
    folder: Path,
    clock: Clock,
    *,
    url: str = "sqlite:///digest.db",
    relay: str = 'backend = "memory"',
    connections: int = 2,
    lease_seconds: int = 60,
    more: Mapping[str, str] | None = None,
) -> Iterator[Newsroom]:
    """Yield a newsroom built in `folder`, set up and checked; `relay` is the relay's TOML.

    `more` replaces texts of the configuration, for the test that needs another one.
    """
    config = CONFIG.format(
        url=url, relay=relay, connections=connections, lease_seconds=lease_seconds
    )
    for old, new in (more or {}).items():
        config = config.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(config, encoding="utf-8")
    if not (folder / "keys.toml").exists():
        write_key_file(folder / "keys.toml", new_key_ring())
    with open_app(folder / "config.toml", clock=clock, fresh=True) as app:
        if app.db.file is not None and not app.db.file.exists():
            app.db.file.write_bytes(_empty_store())
        app.prepare_store()
        app.check_store()
        yield Newsroom(app)


@cache
def _empty_store() -> bytes:
    """Return a store with every table and no row; made once, for migrating takes longer than most
    tests.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "digest.db"
        with closing(Database(f"sqlite:///{path}")) as database:
            migrate(database)
        return path.read_bytes()
