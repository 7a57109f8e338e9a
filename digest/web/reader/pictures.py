"""Our own pictures: prints of the media room, for everybody, the same for everybody, for ever."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from digest.app import App
from digest.config import Config
from digest.errors import NotFound
from digest.media.store import NAME, Shelf, kind_of
from digest.mirrors import PICTURES
from digest.web.pages import Pages
from digest.web.reader.front import is_at, name_of

KEPT = "public, max-age=31536000, immutable"  # the name is that of the content


@dataclass(frozen=True, slots=True)
class Pictures:
    """The handler of pictures; NotFound for what is none."""

    instance: App

    def show(self, request: Request, name: str) -> Response:
        """Hand out a print. No reader is told apart, and nothing is kept of who asked."""
        host = request.headers.get("host", "")
        if not NAME.fullmatch(name) or not are_shown_at(self.instance.config, host):
            raise NotFound("no such picture")
        data = self.instance.media.store.get(Shelf.PRINTS, name)
        return Response(data, media_type=kind_of(name), headers={"Cache-Control": KEPT})


def are_shown_at(config: Config, host: str) -> bool:
    """Tell whether the host of a request may show pictures: any may, unless there are guarded
    newsletters, which link none. Whoever has one picture of the newsroom's could otherwise ask at
    a neutral host for it, and know whose host that is.
    """
    if not any(each.guarded for each in config.newsletters):
        return True
    home = urlsplit(config.web.public_url).hostname
    open_ones = (each for each in config.newsletters if not each.guarded)
    return name_of(host) == home or any(is_at(config, each, host) for each in open_ones)


def routes(instance: App, pages: Pages) -> APIRouter:
    """Return the route of pictures."""
    router = APIRouter()
    show = Pictures(instance).show
    router.add_api_route(f"{PICTURES}{{name}}", show, methods=["GET", "HEAD"])
    return router
