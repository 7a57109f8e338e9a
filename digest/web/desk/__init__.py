"""The desk: what editors open. One file for each thing people come to do; every route says which
role it needs.
"""

from fastapi import APIRouter

from digest.app import App
from digest.delivery.home.judgement import Hold
from digest.delivery.home.rows import list_holds
from digest.web.desk import (
    audit,
    board,
    board_pictures,
    by_mail,
    corrections,
    dates,
    doubts,
    drift,
    holding,
    inbox,
    inbox_add,
    me,
    media,
    media_adding,
    operators,
    past,
    people,
    pressing,
    ran_before,
    reader,
    reader_erasing,
    reader_import,
    reader_lists,
    reader_scan,
    readers,
    returned,
    schedule,
    second_factor,
    send_proof,
    sending,
    settings,
    signing,
    sources,
    static,
    week,
)
from digest.web.desk.pages import DeskPages
from digest.web.desk.routes import DeskRoutes
from digest.web.ending import Ending

DOOR = (signing, second_factor, by_mail, me, people)
ARTICLES = (inbox, inbox_add, sources, media, media_adding)
MAKING = (week, board, board_pictures, ran_before, drift, holding, pressing)
SENDING = (dates, schedule, sending, doubts, send_proof)
SENT = (past, corrections)
READERS = (readers, reader, reader_erasing, reader_scan, reader_lists, reader_import)
PARTS = (*DOOR, *ARTICLES, *MAKING, *SENDING, *SENT, *READERS, settings, operators, returned, audit)


def routes(instance: App, ending: Ending) -> APIRouter:
    """Return the routes of the desk; none where it is not open. Its streams end with `ending`."""
    if not instance.config.desk.open:
        return APIRouter()

    def holds() -> list[Hold]:
        with instance.db.read() as session:
            return list_holds(session, instance.clock.now())

    desk = DeskRoutes(instance, DeskPages(holds), ending)
    for part in PARTS:
        part.add_routes(desk)
    static.add_routes(desk)
    desk.look_elsewhere()
    return desk.router
