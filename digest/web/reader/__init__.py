"""What readers and visitors open: one file for each thing people come to do."""

from fastapi import APIRouter

from digest.app import App
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
)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of all reader pages."""
    router = APIRouter()
    for part in PARTS:
        router.include_router(part.routes(instance, pages))
    return router
