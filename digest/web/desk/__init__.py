"""The desk: what editors open. One file for each thing people come to do; every route says which
role it needs.
"""

from fastapi import APIRouter

from digest.app import App
from digest.web.desk import (
    audit,
    board,
    drift,
    holding,
    inbox,
    inbox_add,
    pressing,
    ran_before,
    signing,
    sources,
    static,
    week,
)
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes

PARTS = (
    *(signing, week, inbox, inbox_add, sources, board, drift, holding, ran_before),
    *(pressing, audit),
)


def routes(instance: App) -> APIRouter:
    """Return the routes of the desk; none where it is not open."""
    if not instance.config.desk.open:
        return APIRouter()
    desk = DeskRoutes(instance, DeskPages())
    for part in PARTS:
        part.add_routes(desk)
    static.add_routes(desk)
    return desk.router
