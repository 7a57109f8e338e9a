"""The desk: what editors open. One file for each thing people come to do; every route says which
role it needs.
"""

from fastapi import APIRouter

from digest.app import App
from digest.web.desk import (
    audit,
    board,
    dates,
    doubts,
    inbox,
    inbox_add,
    pressing,
    schedule,
    send_proof,
    sending,
    signing,
    sources,
    static,
    week,
)
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.ending import Ending

PARTS = (
    signing,
    week,
    inbox,
    inbox_add,
    sources,
    board,
    pressing,
    dates,
    schedule,
    sending,
    doubts,
    send_proof,
    audit,
)


def routes(instance: App, ending: Ending) -> APIRouter:
    """Return the routes of the desk; none where it is not open. Its streams end with `ending`."""
    if not instance.config.desk.open:
        return APIRouter()
    desk = DeskRoutes(instance, DeskPages(), ending)
    for part in PARTS:
        part.add_routes(desk)
    static.add_routes(desk)
    return desk.router
