"""Receives what a provider posts: the body up to a limit, the proof, then all of it in one
transaction, and only then the answer.

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
from collections.abc import Callable
from dataclasses import asdict, dataclass

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from digest.app import App
from digest.delivery.feedback.keeping import keep_message
from digest.delivery.feedback.once import forget_tokens, use_token
from digest.delivery.feedback.reach import Reach
from digest.delivery.feedback.records import LARGEST_BODY
from digest.delivery.feedback.taking import Taken, take
from digest.errors import FetchFailed, NotFound
from digest.web.hooks.hearing import TRAVEL, Heard, Hook, NotGenuine, Posted
from digest.web.hooks.providers import MAILGUN_TRIES

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Receiver:
    """The address of one provider."""

    instance: App
    hook: Hook
    reach: Reach

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
            log.warning("a hook refused a request: %s: %s", self.hook.provider, error)
            return PlainTextResponse("not genuine", 400)
        except FetchFailed as error:
            log.error("a hook could not prove a request: %s: %s", self.hook.provider, error)
            return PlainTextResponse("not now", 500)
        if heard.told or heard.odd or heard.token:
            self._note(await self.instance.db.write_together(self._taking(heard, posted)))
        return PlainTextResponse("ok")

    def _taking(self, heard: Heard, posted: Posted) -> Callable[[Session], Taken]:
        """Return what takes in all of a request, or none of it."""
        instance, provider, now = self.instance, self.hook.provider, posted.now

        def work(session: Session) -> Taken:
            if heard.token:
                forget_tokens(session, now - MAILGUN_TRIES - 2 * TRAVEL)
                if not use_token(session, provider, heard.token, now):
                    return Taken(doubled=1)
            for odd in heard.odd:
                keep_message(
                    session,
                    instance.sealer,
                    odd.raw,
                    place=provider,
                    why=odd.why,
                    rules=instance.config.feedback,
                    now=now,
                )
            rules = instance.feedback_rules
            return take(session, rules, provider, heard.told, now, reach=self.reach)

        return work

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
