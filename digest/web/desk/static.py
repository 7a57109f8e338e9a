"""The desk's sheets and scripts, each at an address of its own content: browsers keep them, and on
a slow line they come compressed. (Pages do not: beside a token that would tell about it.)
"""

import gzip
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
def _compressed(name: str) -> bytes:
    return gzip.compress((FOLDER / name).read_bytes(), mtime=0)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in KINDS)


def show(request: Request, digest: str, name: str) -> Response:
    """Return a file of ours, and no other; an old address shows the new one, and is not kept."""
    if name not in _names():
        raise HTTPException(404)
    kept = KEPT if digest == _digest(name) else "no-cache"
    path = FOLDER / name
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    body = path.read_bytes()
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"], body = "gzip", _compressed(name)
    return Response(body, media_type=KINDS[path.suffix], headers=headers)
