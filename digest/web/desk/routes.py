"""Adds routes to the desk: none without the role it needs, none that forgets its errors."""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException

from digest.app import App
from digest.config import NewsletterConfig
from digest.curation.row_numbers import row_number
from digest.editors.attempts import HOUR, TooMany
from digest.errors import BadInput, Conflict, DigestError, NotFound, Refused, RenderingFailed
from digest.models import Role
from digest.web.desk.doors import HOME, Check, Door
from digest.web.desk.pages import DeskPages, known_of
from digest.web.desk.uploads import Uploads, upload_folder
from digest.web.desk.watching import Watching
from digest.web.ending import Ending

ROLE = "x-role"  # of a route's OpenAPI extras: the role it needs, or "anybody"
ANYBODY = "anybody"
TOO_MANY = 429
# What editors wait for (pages, pictures, mails elsewhere) takes threads of the desk's own: those of
# the process are for readers, who must be able to leave whatever the desk is at.
THREADS = 24
LOST = "Nothing is at this address. It may have been moved, or mistyped."

Handler = Callable[..., Any]
# What both databases can hold; 0, which is no row's, for what cannot be a number: the handler
# finds nothing, and the desk's own page says so.
RowId = Annotated[int, BeforeValidator(lambda text: row_number(text) or 0)]


class DeskRoutes:
    """The desk's router while it is put together. A handler takes the request as `request`; a
    DigestError that it raises is shown to whoever asked.
    """

    def __init__(self, instance: App, pages: DeskPages, ending: Ending | None = None) -> None:
        self.ending = ending or Ending()
        self.instance = instance
        self.pages = pages
        self.door = Door(instance)
        self.watching = Watching(instance, pages)
        self.ending.tell(self.watching.close)
        self._threads = CapacityLimiter(THREADS)
        self.endings: list[Callable[[], None]] = []  # what is done when the process ends
        self.router = APIRouter(lifespan=self._live, route_class=_told_by(pages))

    @asynccontextmanager
    async def _live(self, _app: object) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for end in self.endings:
                await run_in_threadpool(end)

    def look(self, path: str, handler: Handler, role: Role) -> None:
        """Add a page that shows something and changes nothing."""
        self._add(path, handler, ["GET", "HEAD"], role.value, [self.door.needs(role)])

    def act(self, path: str, handler: Handler, role: Role) -> None:
        """Add what a form, or a key, does."""
        # Who asks is known before a body is read.
        checks = [self.door.refuse_strangers, self.door.needs(role)]
        self._add(path, handler, ["POST"], role.value, checks, self.door.has_token)

    def act_with_file(self, path: str, handler: Handler, role: Role, most: int) -> None:
        """Add what a form with a file of up to `most` bytes does; the handler finds it by
        `upload_of`.
        """
        uploads = Uploads(self.door, upload_folder(self.instance), most)
        # Receiving the file asks for the token as well.
        checks = [self.door.refuse_strangers, self.door.needs(role)]
        self._add(path, handler, ["POST"], role.value, checks, uploads.take)

    def look_anybody(self, path: str, handler: Handler) -> None:
        """Add a page for who is not signed in."""
        self._add(path, handler, ["GET", "HEAD"], ANYBODY, [])

    def act_anybody(self, path: str, handler: Handler) -> None:
        """Add what a form does for who is not signed in; it must come from our own page."""
        self._add(path, handler, ["POST"], ANYBODY, [self.door.refuse_strangers])

    def look_elsewhere(self) -> None:
        """Say of whatever else is asked for below the desk that there is no such page: on a page
        of the desk to who is signed in, as everywhere else to strangers. To be added last.
        """

        async def lost(request: Request) -> Response:
            request.state.known = await self.door.recognise(request)
            raise HTTPException(404)

        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        self.router.add_api_route(
            f"{HOME}/{{rest:path}}",
            lost,
            methods=methods,
            dependencies=[Depends(self.door.at_home)],
        )

    def _add(
        self,
        path: str,
        handler: Handler,
        methods: list[str],
        role: str,
        checks: Sequence[Check],
        *then: Handler,
    ) -> None:
        self.router.add_api_route(
            f"{HOME}{path}",
            self._shown(handler),
            methods=methods,
            dependencies=[Depends(each) for each in (_in_turn(self.door.at_home, *checks), *then)],
            openapi_extra={ROLE: role},
            response_model=None,
        )

    def _shown(self, handler: Handler) -> Handler:
        @wraps(handler)
        async def shown(**values: Any) -> Response:
            try:
                if iscoroutinefunction(handler):
                    answer: Response = await handler(**values)
                else:
                    work = partial(handler, **values)
                    answer = await to_thread.run_sync(work, limiter=self._threads)
            except DigestError as error:
                if (status := _status_of(error)) is None:
                    raise
                answer = self.pages.refuse(values["request"], str(error), status)
                if status == TOO_MANY:
                    answer.headers["Retry-After"] = str(int(HOUR.total_seconds()))
            return answer

        return shown


def _told_by(pages: DeskPages) -> type[APIRoute]:
    """Return the kind of route that tells who is signed in on a page of the desk what the door, or
    what reads an address or a form, refuses them.
    """

    class ToldRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def handled(request: Request) -> Response:
                headers: Mapping[str, str] = {}
                try:
                    return await handle(request)
                except RequestValidationError:  # what cannot be in an address
                    status, why = 404, LOST
                    if known_of(request) is None:
                        raise
                except HTTPException as error:
                    status = error.status_code
                    why = LOST if status == 404 else str(error.detail)
                    headers = error.headers or {}
                    if known_of(request) is None or status < 400:
                        raise
                answer = pages.refuse(request, why, status)
                answer.headers.update(headers)
                return answer

            return handled

    return ToldRoute


def _in_turn(*checks: Check) -> Check:
    """Return the checks as one: FastAPI takes each one it is given to pieces, for every route."""

    async def check(request: Request) -> None:
        for each in checks:
            await each(request)

    return check


def configured_of(instance: App, slug: str) -> NewsletterConfig:
    """Return the newsletter that an address names; NotFound when none has that slug."""
    for each in instance.config.newsletters:
        if each.slug == slug:
            return each
    raise NotFound(f"there is no newsletter {slug[:40]!r}")


def _status_of(error: DigestError) -> int | None:
    """Return the status of a failure that who asked can do something about; None for others."""
    if isinstance(error, TooMany):
        return TOO_MANY
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if isinstance(error, BadInput | RenderingFailed):
        return 422
    return 403 if isinstance(error, Refused) else None
