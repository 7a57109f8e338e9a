"""Sends the outbox: service mails, at least once each, apart from the ledger.

A notice says something once to one person, so a rare second copy after a crash is the lesser evil;
its Message-ID stays the same, and the receiver may tell them apart by it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select, update

from digest.clock import Clock
from digest.config import Config, NewsletterConfig
from digest.db import Database
from digest.delivery.backends.base import Backend, Channel, Envelope
from digest.delivery.breaker.rows import load_relays
from digest.delivery.breaker.standing import Standing
from digest.delivery.dkim.signing import DkimSigner, load_signers, sign_message
from digest.delivery.failover import active_relay, fail_over_after, list_relays
from digest.delivery.home.guard import Home
from digest.delivery.message_ids import make_message_id
from digest.delivery.outcome import Accepted, Deferred, Outcome, Rejected
from digest.delivery.return_paths import Sent, return_path
from digest.errors import BackendDown, ConfigError, DigestError
from digest.keys import KeyRing
from digest.logs import bound
from digest.models import Notice, NoticeState
from digest.rendering.mime import build_notice
from digest.sealed import Sealer
from digest.tokens import TokenSigner

log = logging.getLogger(__name__)

BATCH = 50
ALERT = "alert"  # the kind of notice that finds another way where its relay is out of order
TRIES = 12
CLAIM = timedelta(minutes=20)  # longer than any conversation about one message may take
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)


class NoticeSender:
    """Owns the outcome columns of the outbox."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        config: Config,
        keys: KeyRing,
        sealer: Sealer,
        signer: TokenSigner,
        backend: Callable[[str], Backend],
        home: Home,
    ) -> None:
        self._db = db
        self._home = home
        self._clock = clock
        self._config = config
        self._keys = keys
        self._sealer = sealer
        self._signer = signer
        self._backend = backend
        self._signers: dict[str, Sequence[DkimSigner]] = {}  # by newsletter

    async def send_waiting(self, beat: Callable[[], None] | None = None) -> int:
        """Try every notice that is due; return how many were accepted. A dead relay leaves them
        waiting, but for alerts, which leave through another. `beat` is called before each.
        """
        waiting, standings = await asyncio.to_thread(self._list_waiting)
        accepted = 0
        for ways, notices in self._by_ways(waiting, standings).items():
            with bound(relay=ways[0]):
                accepted += await self._send_through(ways, notices, beat or _unheard)
        return accepted

    def _list_waiting(self) -> tuple[Sequence[Notice], Mapping[str, Standing]]:
        """Return the notices that are due, and how the relays stand.

        Where the database is not at home, one that was written before may have been sent by
        another: only what is new since is due.
        """
        with self._db.read() as session:
            hold = self._home.hold(session)
            notices = session.scalars(
                select(Notice)
                .where(
                    Notice.state == NoticeState.WAITING,
                    Notice.next_at <= self._clock.now(),
                    *([Notice.created_at >= hold.since] if hold else []),
                    Notice.newsletter_slug.in_([n.slug for n in self._config.newsletters]),
                )
                .order_by(Notice.next_at, Notice.id)
                .limit(BATCH)
            ).all()
            return notices, load_relays(session) if notices else {}

    def _by_ways(
        self, notices: Sequence[Notice], standings: Mapping[str, Standing]
    ) -> dict[tuple[str, ...], list[Notice]]:
        """Return the notices by the relays that may send them, in order: the one that sends for
        their newsletter now; for an alert all there are, because one about a dead relay must not
        wait for it.
        """
        now, after = self._clock.now(), fail_over_after(self._config)
        ways: dict[tuple[str, ...], list[Notice]] = {}
        for notice in notices:
            names = list_relays(self._config.newsletter(notice.newsletter_slug))
            first = active_relay(names, standings, now, after)
            chosen: tuple[str, ...] = (first,)
            if notice.kind == ALERT:
                own = [self._config.watching.relay] if self._config.watching.relay else []
                chosen = tuple(dict.fromkeys([*own, first, *names]))
            ways.setdefault(chosen, []).append(notice)
        return ways

    async def _send_through(
        self, ways: tuple[str, ...], notices: Sequence[Notice], beat: Callable[[], None]
    ) -> int:
        """Send notices through the first of these relays, and what it leaves through the next."""
        channel: Channel | None = None
        accepted, tried = 0, 0
        try:
            for notice in notices:
                beat()
                if channel is None or not channel.usable:
                    channel = await self._backend(ways[0]).open()
                tried += 1
                if not await asyncio.to_thread(self._claim, notice):
                    continue  # another process sends it
                outcome = await self._hand_over(channel, notice)
                accepted += isinstance(outcome, Accepted)
                if outcome is not None:
                    await asyncio.to_thread(self._record, notice, outcome)
        except BackendDown as error:
            log.warning("notices wait: %s", error, extra={"fields": {"relay": ways[0]}})
            rest = notices[tried:]
            if ways[1:]:
                return accepted + await self._send_through(ways[1:], rest, beat)
            await asyncio.to_thread(self._postpone, rest)
        finally:
            if channel is not None:
                await channel.close()
        return accepted

    def _claim(self, notice: Notice) -> bool:
        """Take a notice for a while, so that two processes do not both send it."""
        now = self._clock.now()
        with self._db.write() as session:
            hit = session.execute(
                update(Notice)
                .where(
                    Notice.id == notice.id,
                    Notice.state == NoticeState.WAITING,
                    Notice.next_at <= now,
                )
                .values(next_at=now + CLAIM)
                .returning(Notice.id)
            ).first()
        return hit is not None

    async def _hand_over(self, channel: Channel, notice: Notice) -> Outcome | None:
        """Hand one over; None when our own set-up does not allow it: that will be mended, and the
        notice is tried again when its claim runs out.
        """
        try:
            envelope, message = self._message(notice)
        except ConfigError as error:
            fields = {"kind": notice.kind, "newsletter": notice.newsletter_slug}
            log.error("a letter cannot be made, and waits: %s", error, extra={"fields": fields})
            return None
        except DigestError as error:
            return Rejected(0, str(error))
        try:
            return await channel.stage(envelope, message) or await channel.release()
        except BackendDown as error:
            await channel.close()
            return Deferred(0, str(error))  # this one waits; the next gets a new connection

    def _message(self, notice: Notice) -> tuple[Envelope, bytes]:
        configured = self._config.newsletter(notice.newsletter_slug)
        address = self._sealer.open(notice.address_sealed)
        message = build_notice(
            from_name=configured.sender.name,
            from_address=configured.sender.address,
            to=address,
            subject=notice.subject,
            body=self._sealer.open(notice.body_sealed),
            message_id=make_message_id(
                self._keys.message[0], f"notice {notice.id}", configured.host
            ),
            date=self._clock.now(),
            reply_to=self._sealer.open(notice.reply_sealed)
            if notice.reply_sealed
            else configured.reply_to,
        )
        sender = return_path(self._signer, configured, Sent.NOTICE, notice.id)
        signed = sign_message(self._signers_of(configured), message, self._clock.now())
        return Envelope(sender, address, f"notice {notice.id}"), signed

    def _signers_of(self, configured: NewsletterConfig) -> Sequence[DkimSigner]:
        if configured.slug not in self._signers:
            signers = load_signers(configured.dkim, configured.sender.address)
            self._signers[configured.slug] = signers
        return self._signers[configured.slug]

    def _record(self, notice: Notice, outcome: Outcome) -> None:
        now = self._clock.now()
        tries = notice.attempts + 1
        if isinstance(outcome, Accepted):
            values = {"state": NoticeState.ACCEPTED, "done_at": now}
        elif isinstance(outcome, Rejected) or tries >= TRIES:
            values = {"state": NoticeState.FAILED, "done_at": now}
            fields = {"kind": notice.kind, "newsletter": notice.newsletter_slug, "tries": tries}
            log.warning("a letter is given up: %s", outcome.text, extra={"fields": fields})
        else:
            values = {"next_at": now + min(FIRST_DELAY * 2 ** (tries - 1), LONGEST_DELAY)}
        with self._db.write() as session:
            session.execute(
                update(Notice)
                .where(Notice.id == notice.id, Notice.state == NoticeState.WAITING)
                .values(attempts=tries, **values)
            )

    def _postpone(self, notices: Sequence[Notice]) -> None:
        """Look again in a minute; a relay that is down counts no try against a notice."""
        now = self._clock.now()
        with self._db.write() as session:
            session.execute(
                update(Notice)
                .where(
                    Notice.id.in_([n.id for n in notices]),
                    Notice.state == NoticeState.WAITING,
                    Notice.next_at <= now,  # not one that another process has taken
                )
                .values(next_at=now + FIRST_DELAY)
            )


def _unheard() -> None:
    """Stand in for a beat where nobody listens."""
