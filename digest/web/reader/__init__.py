"""What readers and visitors open: one file for each thing they come to do."""

from fastapi import APIRouter

from digest.app import App
from digest.web.pages import Pages
from digest.web.reader import confirm, issue, later, leave, signup


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the routes of all reader pages."""
    router = APIRouter()
    for part in (signup, confirm, leave, later, issue):
        router.include_router(part.routes(instance, pages))
    return router
