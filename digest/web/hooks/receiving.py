"""Receives what a provider posts: the body up to a limit, the proof, then short transactions, and
only when all of it is on disk the answer. A request that failed half-way comes again, and what was
taken in before counts once.

=========================================  =======================================================
answer                                     when
=========================================  =======================================================
200                                        it is taken in, or was before, or is nobody's we know,
                                           or it is not understood and kept for a person
400                                        it is not the provider's
404                                        the secret in the path is not ours
413                                        it is too large
500, 503                                   our own failure, so that the provider tries again
=========================================  =======================================================
"""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from digest.app import App
from digest.clock import Clock
from digest.delivery.feedback.events import Feedback
from digest.delivery.feedback.keeping import keep_message
from digest.delivery.feedback.once import forget_tokens, use_token
from digest.delivery.feedback.reach import Reach
from digest.delivery.feedback.records import LARGEST_BODY, NotUnderstood
from digest.delivery.feedback.taking import Taken, take
from digest.delivery.feedback.worth import worth_taking
from digest.errors import FetchFailed, NotFound
from digest.web.hooks.hearing import TRAVEL, Heard, Hook, NotGenuine, Posted
from digest.web.hooks.providers import MAILGUN_TRIES

log = logging.getLogger(__name__)

STEP = 5  # in one transaction: a few milliseconds each, and the sender waits for them
QUIET_SECONDS = 60.0
Item = Feedback | NotUnderstood


class Refusals:
    """Says in the log that requests are refused, once a minute and how many: strangers shall not
    fill the disk with it.
    """

    def __init__(self, provider: str, clock: Clock) -> None:
        self._provider = provider
        self._clock = clock
        self._again_at: float | None = None
        self._unsaid = 0

    def say(self, error: NotGenuine) -> None:
        """Count one, and say so if it is time."""
        now = self._clock.monotonic()
        if self._again_at is not None and now < self._again_at:
            self._unsaid += 1
            return
        more = {"more": self._unsaid} if self._unsaid else {}
        fields = {"provider": self._provider, "reason": str(error), **more}
        log.warning("a hook refused a request", extra={"fields": fields})
        self._again_at, self._unsaid = now + QUIET_SECONDS, 0


@dataclass(frozen=True, slots=True)
class Receiver:
    """The address of one provider."""

    instance: App
    hook: Hook
    reach: Reach
    refusals: Refusals

    async def look(self, request: Request) -> Response:
        """Answer who only asks whether somebody is there (HEAD)."""
        if not self.hook.knows(request.path_params.get("secret", "")):
            raise NotFound("no such place")
        return PlainTextResponse("ok")

    async def receive(self, request: Request) -> Response:
        """Take in one request, by the table above."""
        secret = request.path_params.get("secret", "")
        if not self.hook.knows(secret):
            raise NotFound("no such place")
        body = await read_body(request)
        posted = Posted(body, request.headers, secret, self.instance.clock.now())
        try:
            heard = await run_in_threadpool(self.hook.hear, posted)
        except NotGenuine as error:
            self.refusals.say(error)
            return PlainTextResponse("not genuine", 400)
        except FetchFailed as error:
            log.error("a hook could not prove a request: %s: %s", self.hook.provider, error)
            return PlainTextResponse("not now", 500)
        for step in await run_in_threadpool(self._steps, heard):
            work = partial(self._take, token=heard.token, items=step, now=posted.now)
            self._note(await self.instance.db.write_together(work))
        return PlainTextResponse("ok")

    def _steps(self, heard: Heard) -> list[list[Item]]:
        """Return what a request tells in steps, each a transaction that keeps nobody waiting; a
        token stands for all there is, so it and that are one.
        """
        with self.instance.db.read() as session:
            items: list[Item] = [
                *heard.odd,
                *worth_taking(session, self.instance.sealer, heard.told),
            ]
        if heard.token:
            return [items]
        return [items[n : n + STEP] for n in range(0, len(items), STEP)]

    def _take(self, session: Session, token: str, items: Sequence[Item], now: datetime) -> Taken:
        """Take in one step, all of it or nothing."""
        instance, provider = self.instance, self.hook.provider
        if token:
            forget_tokens(session, now - MAILGUN_TRIES - 2 * TRAVEL)
            if not use_token(session, provider, token, now):
                return Taken(doubled=1)
        for odd in (item for item in items if isinstance(item, NotUnderstood)):
            keep_message(
                session,
                instance.sealer,
                odd.raw,
                place=provider,
                why=odd.why,
                rules=instance.config.feedback,
                now=now,
            )
        events = [item for item in items if isinstance(item, Feedback)]
        return take(session, instance.feedback_rules, provider, events, now, reach=self.reach)

    def _note(self, taken: Taken) -> None:
        counts = {name: count for name, count in asdict(taken).items() if count}
        if counts:
            log.info(
                "a hook was told", extra={"fields": {"provider": self.hook.provider, **counts}}
            )


async def read_body(request: Request) -> bytes:
    """Return a request's body; 413 as soon as it is known to be longer than any of a provider's."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > LARGEST_BODY:
        raise HTTPException(413)
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise HTTPException(413)
    return bytes(body)
