"""The composition root: the only place that turns configuration into concrete objects.

`open_app` refuses to come up on a store that is not this program's: wrong schema, wrong keys, not
durable. What only editors, intake and migrating need is imported by the method that needs it: a
sender shall stay small, and a command start at once.
"""

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.blocks import EDITIONS, FULL
from digest.clock import Clock, SystemClock
from digest.config import Config, check, load_config, pages_at
from digest.curation.issues import find_issue
from digest.curation.newsletters import present_order, seed_newsletters
from digest.db import Database
from digest.delivery.backends.base import Envelope
from digest.delivery.ballast import Ballast
from digest.delivery.copies import Copies
from digest.delivery.dkim.signing import load_signers, sign_message
from digest.delivery.handover import hand_over
from digest.delivery.home.guard import Home
from digest.delivery.home.rows import instance_id
from digest.delivery.notices import NoticeSender
from digest.delivery.outcome import Outcome
from digest.delivery.sender import Relay, Sender
from digest.errors import BadInput, ConfigError, FetchFailed, NotFound
from digest.keys import KeyRing, read_key_file
from digest.keys.source import load_keys
from digest.models import InstanceValue, Newsletter
from digest.plugins import load_plugin
from digest.revisions import check_schema
from digest.sealed import CANARY, Sealer
from digest.tokens import TokenSigner

if TYPE_CHECKING:
    from digest.config import MailboxConfig
    from digest.correspondence.correspondent import Correspondent
    from digest.correspondence.incoming.commands import Asked
    from digest.correspondence.incoming.mailbox import MailboxReader
    from digest.correspondence.incoming.receiving import Reception
    from digest.curation.inbox import IntakeReport
    from digest.curation.watches import Watched
    from digest.delivery.feedback.taking import Rules
    from digest.fetch.client import Fetcher
    from digest.media.room import MediaRoom
    from digest.press.approval import Press
    from digest.rendering.compiling.child import MjmlCompiler
    from digest.rendering.templates import Templates


class App:
    """One opened instance: configuration, store, keys, and the parts made from them on first
    use.
    """

    def __init__(self, path: Path, config: Config, keys: KeyRing, clock: Clock) -> None:
        self.path = path
        self.config = config
        self.keys = keys
        self.clock = clock
        self.db = Database(config.database.url)
        self.sealer = Sealer(keys, self._look_again)
        self.signer = TokenSigner(keys)
        # Unique for every process that ever was, so that a lease can never pass for another's.
        self.owner = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._relays: dict[str, Relay] = {}
        self._compiler: MjmlCompiler | None = None

    def _look_again(self) -> KeyRing:
        """Return the ring as it is kept by now, where it lies open in a file."""
        if self.config.keys.source != "file":
            return self.keys
        return read_key_file(self.config.keys.file)

    @cached_property
    def fetcher(self) -> "Fetcher":
        """The one way to HTTP outside."""
        from digest.fetch.client import Fetcher

        return Fetcher(self.config.fetch, self.clock)

    @cached_property
    def templates(self) -> "Templates":
        """The mail templates, the newsroom's own before the shipped ones."""
        from digest.rendering.templates import Templates

        return Templates(self.config.templates)

    @cached_property
    def correspondent(self) -> "Correspondent":
        """Writes to readers."""
        from digest.correspondence.correspondent import Correspondent

        return Correspondent(self.config, self.sealer, self.signer, self.templates.catalogues)

    @property
    def press(self) -> "Press":
        """Templates, preflight's rules, and the compiler's child process, which starts with the
        first use; ConfigError for a rule about a check that there is not.
        """
        from digest.press.approval import Press
        from digest.press.preflight.verdict import rules_of
        from digest.rendering.compiling.child import MjmlCompiler

        if self._compiler is None:
            self._compiler = MjmlCompiler()
        rules = rules_of(self.config, self.path.name)
        return Press(self.templates, self._compiler, self._fetch_picture, rules, self.own_picture)

    def _fetch_picture(self, url: str) -> bytes:
        own = self.own_picture(url)
        if own is not None:
            return own
        if self._own_print(url):
            raise FetchFailed(f"{url}: it was removed from the media room")
        return self.fetcher.get(url, accept="image/jpeg,image/png,image/gif").body

    def own_picture(self, url: str) -> bytes | None:
        """Return the bytes of a picture of ours, by its address and without asking any network;
        None when it is none of ours, or gone.
        """
        from digest.media.store import Shelf

        name = self._own_print(url)
        try:
            return self.media.store.get(Shelf.PRINTS, name) if name else None
        except NotFound:
            return None

    def _own_print(self, url: str) -> str | None:
        from digest.media.addresses import name_in

        return name_in(url, self.config.sites)

    @cached_property
    def media(self) -> "MediaRoom":
        """The media room: pictures that editors took in."""
        from digest.media.darkroom import Darkroom
        from digest.media.room import MediaRoom
        from digest.media.store import PictureStore

        return MediaRoom(self.db, PictureStore(self.config.media.folder), Darkroom())

    @cached_property
    def copies(self) -> Copies:
        """Makes copies from approved bytes and ledger rows."""
        return Copies(self.config, self.keys, self.sealer, self.signer, self.clock)

    @cached_property
    def feedback_rules(self) -> "Rules":
        """What follows when copies come back."""
        from digest.delivery.feedback.taking import Rules

        return Rules.of(self.config, self.keys, self.sealer, self.signer)

    @cached_property
    def sender(self) -> Sender:
        """The Friday story, on this instance."""
        return Sender(
            db=self.db,
            clock=self.clock,
            config=self.config,
            keys=self.keys,
            sealer=self.sealer,
            copies=self.copies,
            relay=self.relay,
            owner=self.owner,
            home=self.home,
            ballast=self.ballast,
        )

    @cached_property
    def home(self) -> Home:
        """Knows whether the database may be sent from here."""
        storage = self.config.storage
        # Beside a database in a file, for that place is there as long as it; a server has none.
        beside = self.db.file or self.path.resolve().parent / "digest"
        file = storage.home or beside.with_name(f"{beside.name}-home")
        in_memory = self.db.is_sqlite and self.db.file is None
        silence = timedelta(hours=storage.silence_hours)
        return Home(None if in_memory else file, self.clock, silence=silence)

    @cached_property
    def ballast(self) -> Ballast:
        """Room on the disk that is kept for the day it is full."""
        return Ballast(self.db, self.clock, self.config.storage.ballast_megabytes)

    @cached_property
    def notices(self) -> NoticeSender:
        """Sends what is in the outbox."""
        return NoticeSender(
            self.db,
            self.clock,
            self.config,
            self.keys,
            self.sealer,
            self.signer,
            lambda name: self.relay(name).backend,
            self.home,
        )

    def relay(self, name: str) -> Relay:
        """Return a configured relay; ConfigError names the wrong key in its table."""
        if name not in self._relays:
            configured = self.config.relays[name]
            where = f"{self.path.name}: relays.{name}"
            try:
                backend = load_plugin("digest.backends", configured.backend)
            except ConfigError as error:
                raise ConfigError(f"{where}.backend: {error}") from error
            options = check(backend.Options, configured.options, where=where)
            self._relays[name] = Relay(backend(options), configured.connections)
        return self._relays[name]

    async def send_proofs(
        self,
        reference: str,
        to: Sequence[str],
        editions: Sequence[str] = (FULL,),
        by: Mapping[str, str] = MappingProxyType({}),
    ) -> list[tuple[str, Outcome]]:
        """Mail test copies of an issue's present state; return each address with its outcome, and
        again for each further edition. `by` is the name of who sends it, for each address that is
        told; that of a guarded newsletter tells nobody. BadInput for an edition that there is not.
        """
        from digest.press.approval import draft_view
        from digest.press.proofs import MARK, build_proof, mark_by
        from digest.rendering.mirroring import shown

        now = self.clock.now()
        with self.db.read() as session:
            issue = find_issue(session, reference)
            slug = session.get_one(Newsletter, issue.newsletter_id).slug
            configured = self.config.newsletter(slug)
            view = draft_view(session, issue, configured, now)
            order = present_order(session, issue)
        renderings = {one.edition: one for one in self.press.render(view, configured)}
        if unknown := set(editions) - set(EDITIONS):
            raise BadInput(f"no edition is called {min(unknown)!r}")
        backend = self.relay(configured.relay).backend
        signers = load_signers(configured.dkim, configured.sender.address)
        outcomes = []
        for address, edition in product(to, editions):
            name = by.get(address, "")
            message = build_proof(
                shown(renderings[edition], order),
                configured,
                to=address,
                public_url=pages_at(self.config, configured, order),
                issue_public_id=issue.public_id,
                now=now,
                mark=mark_by(name) if name and not configured.guarded else MARK,
            )
            message = sign_message(signers, message, now)
            envelope = Envelope(configured.sender.address, address, "proof")
            outcomes.append((address, await hand_over(backend, envelope, message)))
        return outcomes

    def check_relays(self) -> None:
        """Open every relay that a newsletter uses, and read its DKIM keys; ConfigError names what
        is wrong.
        """
        for name in self.sender.relay_names():
            self.relay(name)
        for newsletter in self.config.newsletters:
            load_signers(newsletter.dkim, newsletter.sender.address)

    def poll_source(self, source_id: int) -> "IntakeReport":
        """Read one source and take in what is new; returns the intake's report."""
        from digest.curation.intake import poll

        every = timedelta(minutes=self.config.scheduler.intake_minutes)
        return poll(self.db, self.fetcher, source_id, self.clock, every=every)

    def reread_article(self, article_id: int, *, now: bool = False) -> "Watched | None":
        """Read a watched article's page if it is due, or `now` whether it is or not; return what
        became of it, None where nobody watches it or another process reads it.
        """
        from digest.curation.rereading import claim_and_reread, reread

        read = reread if now else claim_and_reread
        # Somebody who asks by hand is answered even where nothing is read by itself.
        every = timedelta(hours=self.config.scheduler.watch_hours or 24)
        return read(self.db, self.fetcher, article_id, self.clock, every=every)

    def mailbox_reader(self, mailbox: "MailboxConfig") -> "MailboxReader":
        """Return what reads readers' letters in one mailbox."""
        from digest.correspondence.incoming.mailbox import MailboxReader

        readers = {each.mailbox.account for each in self.config.newsletters if each.mailbox}
        reception = self.reception("mailbox", only_returned=mailbox.account not in readers)
        return MailboxReader(self.db, reception, self.clock, mailbox)

    def receive_letter(
        self, raw: bytes, envelope_to: str, *, only_returned: bool = False
    ) -> "Asked":
        """Do what one mail asks or tells that came by pipe; returns what that was.
        `only_returned`: the pipe is for what comes back.
        """
        from digest.correspondence.incoming.letter import read_letter

        now, letter = self.clock.now(), read_letter(raw, envelope_to)
        reception = self.reception("pipe", only_returned=only_returned)
        read = reception.read(letter, raw, now)
        with self.db.write() as session:
            return reception.receive(session, letter, raw, read, now)

    def reception(self, place: str, *, only_returned: bool = False) -> "Reception":
        """Return what takes mail in that comes from a place, such as ``pipe``."""
        from digest.correspondence.incoming.receiving import Reception

        return Reception(self.correspondent, self.feedback_rules, place, only_returned)

    def prepare_store(self, advance: Callable[[str], None] = lambda revision: None) -> None:
        """Create or upgrade the schema, seed what is new in the configuration, bind the keys to the
        store. `advance` is told each revision that is about to be reached.
        """
        from digest.migrating import migrate

        migrate(self.db, advance)
        with self.db.write() as session:
            seed_newsletters(session, self.config.newsletters, now=self.clock.now())
            instance_id(session, self.clock.now())
            self._check_canary(session, plant=True)

    def check_store(self) -> None:
        """Raise DatabaseUnfit or ConfigError unless this store, these keys and this program belong
        together.
        """
        check_schema(self.db)
        self.db.assert_durable()
        self.check_keys()

    def check_keys(self) -> None:
        """Raise ConfigError unless these keys are those of this store."""
        with self.db.read() as session:
            self._check_canary(session, plant=False)

    def _check_canary(self, session: Session, *, plant: bool) -> None:
        canary = session.get(InstanceValue, "key_canary")
        if canary is None and plant:
            sealed = self.sealer.seal(CANARY).hex()
            session.add(InstanceValue(name="key_canary", value=sealed, at=self.clock.now()))
        elif canary is None:
            raise ConfigError("the database was never set up: run digest migrate")
        elif not self._opens(canary.value):
            raise ConfigError(f"{self.config.keys.file}: these are not the keys of this database")

    def _opens(self, canary: str) -> bool:
        try:
            return self.sealer.open(bytes.fromhex(canary)) == CANARY
        except ConfigError:
            return False

    def seal_canary_anew(self) -> None:
        """Seal the canary under the newest key."""
        with self.db.write() as session:
            canary = session.get_one(InstanceValue, "key_canary", with_for_update=True)
            canary.value, canary.at = self.sealer.seal(CANARY).hex(), self.clock.now()

    def note(self, name: str, value: str) -> None:
        """Keep a fact about this instance, with the time, until it is noted anew."""
        with self.db.write() as session:
            session.merge(InstanceValue(name=name, value=value, at=self.clock.now()))

    def noted(self, name: str) -> InstanceValue | None:
        """Return what was noted last under a name."""
        with self.db.read() as session:
            return session.get(InstanceValue, name)

    def beat(self, role: str) -> None:
        """Write that this process is alive in a role, and which seal key it knows as the newest."""
        self.note(f"alive:{role}:{self.owner}"[:80], self.keys.seal[0].id)

    def stop_beating(self, role: str) -> None:
        """Write that this process has ended in good order."""
        with self.db.write() as session:
            value = session.get(InstanceValue, f"alive:{role}:{self.owner}"[:80])
            if value is not None:
                session.delete(value)

    def list_alive(self, role: str, since: datetime) -> dict[str, str]:
        """Return the other processes that gave a sign of life in a role since then, each with the
        seal key it knows as the newest.
        """
        with self.db.read() as session:
            rows = session.execute(
                select(InstanceValue.name, InstanceValue.value).where(
                    InstanceValue.name.startswith(f"alive:{role}:", autoescape=True),
                    InstanceValue.at >= since,
                )
            ).all()
        found = {name.split(":", 2)[2]: key_id for name, key_id in rows}
        return {owner: key_id for owner, key_id in found.items() if owner != self.owner}

    def hears_scheduler(self) -> bool:
        """Whether a scheduler gave a sign of life lately: without one nothing is sent."""
        silence = timedelta(seconds=3 * self.config.scheduler.tick_seconds)
        return bool(self.list_alive("scheduler", self.clock.now() - silence))

    def close(self) -> None:
        """End child processes and threads, close connections."""
        if "sender" in self.__dict__:
            self.sender.close()
        if self._compiler is not None:
            self._compiler.close()
        self.db.close()


@contextmanager
def open_app(
    path: Path, *, clock: Clock | None = None, fresh: bool = False, keys: KeyRing | None = None
) -> Iterator[App]:
    """Yield the instance that a configuration file describes, and close it afterwards.

    `fresh` leaves out the check of the store, for the commands that set it up; `keys` are others
    than the configured ones. ConfigError or DatabaseUnfit otherwise say what does not fit.
    """
    config = load_config(path)
    if config.templates is not None and not config.templates.is_dir():
        raise ConfigError(f"{path}: templates: there is no folder {config.templates}")
    keys = keys or load_keys(config.keys.source, config.keys.file)
    app = App(path, config, keys, clock or SystemClock())
    try:
        if not fresh:
            app.db.assert_there()
            app.check_store()
        yield app
    finally:
        app.close()
