"""Puts the web application together: security headers on every answer, one page for every error,
health.

Nothing is logged about a visitor; error pages say the same whether a thing is unknown or forged.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException

from digest.app import App
from digest.assets import asset
from digest.errors import BadInput, DigestError, NotFound
from digest.web import reader
from digest.web.pages import Pages

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
}


def create_web(instance: App) -> FastAPI:
    """Return the ASGI application of one instance; it keeps no state of its own."""
    pages = Pages(
        Environment(
            loader=FileSystemLoader(asset("templates") / "web"),
            autoescape=True,
            undefined=StrictUndefined,
        )
    )
    web = FastAPI(title="Friday", docs_url=None, redoc_url=None, openapi_url=None)
    web.include_router(reader.routes(instance, pages))
    _add_health(web, instance)
    _add_headers(web)
    _add_error_pages(web, pages)
    return web


def _add_headers(web: FastAPI) -> None:
    @web.middleware("http")
    async def headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _add_health(web: FastAPI, instance: App) -> None:
    @web.get("/health")
    def health() -> Response:
        try:
            instance.check_store()
        except DigestError:
            return PlainTextResponse("unfit", 503)
        return JSONResponse({"status": "ok"})


def _add_error_pages(web: FastAPI, pages: Pages) -> None:
    def not_found(_request: Request, _error: Exception) -> Response:
        return pages.show("not_found.html", status=404)

    def refused(_request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code != 404:
            return PlainTextResponse(str(error.detail), error.status_code)
        return pages.show("not_found.html", status=404)

    web.add_exception_handler(BadInput, not_found)
    web.add_exception_handler(NotFound, not_found)
    web.add_exception_handler(HTTPException, refused)
