"""The desk's sheet and scripts, each at an address of its own content: browsers keep them."""

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Request, Response
from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from digest.web.desk.routes import DeskRoutes

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
KEPT = "public, max-age=31536000, immutable"
DIGITS = 12  # of a file's SHA-256


def add_routes(desk: "DeskRoutes") -> None:
    """Add the one route of all files."""
    desk.look_anybody("/static/{digest}/{name}", show)


@cache
def address_of(name: str) -> str:
    """Return the address of a file by its name."""
    return f"/desk/static/{_digest(name)}/{name}"


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:DIGITS]


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in KINDS)


def show(request: Request, digest: str, name: str) -> Response:
    """Return a file of ours, and no other; an old address shows the new one, and is not kept."""
    if name not in _names():
        raise HTTPException(404)
    kept = KEPT if digest == _digest(name) else "no-cache"
    path = FOLDER / name
    headers = {"Cache-Control": kept}
    return Response(path.read_bytes(), media_type=KINDS[path.suffix], headers=headers)
