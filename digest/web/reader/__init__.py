"""What readers and visitors open: one file for each thing people come to do."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Depends, Request

from digest.app import App
from digest.errors import NotFound
from digest.web.pages import Pages
from digest.web.reader import (
    archive,
    choosing,
    confirm,
    erasing,
    front,
    issue,
    later,
    leave,
    moving,
    pictures,
    receipt,
    settings,
    signup,
)

PARTS = (
    front,
    signup,
    confirm,
    leave,
    later,
    settings,
    choosing,
    moving,
    receipt,
    erasing,
    issue,
    archive,
    pictures,
)


def at_home(instance: App) -> Callable[[Request], Awaitable[None]]:
    """Return a check of each request about a newsletter: NotFound where its pages are not shown."""

    async def check(request: Request) -> None:
        slug, host = request.path_params.get("slug", ""), request.headers.get("host", "")
        if slug and not front.is_shown_at(instance.config, slug, host):
            raise NotFound("not at this host")

    return check


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of all reader pages."""
    router = APIRouter(dependencies=[Depends(at_home(instance))])
    for part in PARTS:
        router.include_router(part.routes(instance, pages))
    return router
