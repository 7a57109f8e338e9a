"""A relay's memory over several instances, and the few verbs that stories of restoring need."""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from digest.app import App
from digest.delivery.backends.memory import MemoryBackend
from digest.delivery.home.judgement import Hold
from digest.delivery.ledger.sums import Sums, count_sums
from digest.models import Issue, Newsletter, RequestKind
from digest.outbox import NoticeText, enqueue
from digest.subscribers.door.requests import Asked, put_request


@dataclass(slots=True)
class Post:
    """What the relay took, over all instances of this story."""

    copies: Counter[str] = field(default_factory=Counter)

    def collect(self, app: App) -> None:
        backend = app.relay("main").backend
        assert isinstance(backend, MemoryBackend)
        self.copies.update(envelope.rcpt_to for envelope, _ in backend.accepted)
        backend.accepted.clear()


def send(app: App, post: Post, *, most: int | None = None) -> None:
    """Tick once; with `most`, the relay is stopped after so many copies."""
    stop = asyncio.Event()

    async def until() -> None:
        backend = app.relay("main").backend
        while most is not None and len(backend.accepted) < most:
            await asyncio.sleep(0)
        stop.set()

    async def both() -> None:
        app.sender.tick()
        if most is None:
            await app.sender.drain(stop, until_idle=True)
            await app.notices.send_waiting()
            app.sender.close_finished(app.clock.now())
        else:
            await asyncio.gather(app.sender.drain(stop, until_idle=True), until())

    asyncio.run(both())
    post.collect(app)


def sums(app: App) -> Sums:
    with app.db.read() as session:
        return count_sums(session, session.scalars(select(Issue.id)).one())


def hold(app: App) -> Hold | None:
    with app.db.read() as session:
        return app.home.hold(session)


def rewrite(config: Path, old: str, new: str) -> None:
    config.write_text(config.read_text().replace(old, new))


def ask_for_settings(app: App) -> None:
    with app.db.write() as session:
        newsletter_id = session.scalars(select(Newsletter.id)).one()
        asked = Asked(RequestKind.SETTINGS, newsletter_id, "reader0@example.org", "form")
        put_request(session, app.sealer, asked, app.clock.now())


def put_letter(app: App, address: str) -> None:
    with app.db.write() as session:
        enqueue(
            session,
            app.sealer,
            kind="confirm",
            newsletter_slug="weekly",
            address=address,
            text=NoticeText("Confirm", "…"),
            dedupe_key=address,
            now=app.clock.now(),
        )


def copy_store(app: App, target: Path) -> None:
    """Copy a SQLite file as somebody would by hand, its log with it."""
    app.db.empty_log()
    shutil.copyfile(app.db.file, target)
