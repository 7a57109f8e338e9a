"""Puts the web application together: reader pages, the desk, the providers' hooks, health, and one
page for every kind of error.

Nothing is logged about a visitor; error pages say the same whether a thing is unknown or forged.
"""

import logging
from collections.abc import Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from digest.app import App
from digest.errors import BadInput, DatabaseUnfit, DigestError, NotFound
from digest.web import desk, hooks, reader
from digest.web.ending import Ending
from digest.web.guard import Guard, describe
from digest.web.hooks.hearing import Hook
from digest.web.pages import Pages

log = logging.getLogger(__name__)


def create_web(instance: App, providers: Sequence[Hook] | None = None) -> FastAPI:
    """Return the ASGI application of one instance; it keeps no state of its own.

    `providers` are listened to in place of those that are configured. ConfigError for a secret of
    theirs that is none.
    """
    pages = Pages(instance.config.templates, instance.templates.catalogues)
    ending = Ending()
    for_readers, for_editors = reader.routes(instance, pages), desk.routes(instance, ending)
    # A redirect to a path with or without its slash would turn a one-click POST into a GET.
    web = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        lifespan=for_editors.lifespan_context,
    )
    web.state.ending = ending
    # As they are: include_router would make every route anew, which takes most of a start.
    for part in (for_readers, hooks.routes(instance, providers), for_editors):
        web.router.routes += part.routes
    _add_health(web, instance)
    _add_error_pages(web, pages)
    return web


def _add_health(web: FastAPI, instance: App) -> None:
    async def health() -> Response:
        """Say that this process answers. It asks nothing of the store: starting a process anew
        mends a process, and never a store.
        """
        return PlainTextResponse("ok")

    def ready() -> Response:
        """Say whether readers can be served: 200 or 503, and nothing more. No scheduler is needed
        for that: while none runs, readers must still be able to leave.
        """
        try:
            instance.check_store()
        except DigestError as error:
            log.error("unfit: %s", error)
        except SQLAlchemyError as error:
            log.error("unfit: %s", describe(error))
        else:
            return PlainTextResponse("ok")
        return PlainTextResponse("unfit", 503)

    web.add_api_route("/health", health, methods=["GET", "HEAD"])
    web.add_api_route("/ready", ready, methods=["GET", "HEAD"])


def _add_error_pages(web: FastAPI, pages: Pages) -> None:
    """Answer each kind of error with one page, rendered here, so that a broken template shows at
    once.
    """
    lost = pages.show("not_found.html", status=404)
    failed = pages.show("failed.html", status=500)
    busy = pages.show("failed.html", status=503)
    busy.headers["Retry-After"] = "60"

    def refused(_request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException) or error.status_code == 404:
            return lost
        return PlainTextResponse(error.detail, error.status_code, error.headers)

    # A number in an address that cannot be one is a page that there is not.
    for kind in (BadInput, NotFound, HTTPException, RequestValidationError):
        web.add_exception_handler(kind, refused)
    web.add_exception_handler(DatabaseUnfit, lambda _request, _error: busy)
    web.add_middleware(Guard, failed=failed)
