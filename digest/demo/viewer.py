"""The page that shows the caught mails, beside the reader pages that their links open."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digest.app import App
from digest.demo.caught import list_mails, open_mail
from digest.demo.friday import Sent
from digest.web.app import create_web

PAGES = Path(__file__).parent / "content" / "pages"
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'"
)
# A caught mail is somebody's HTML: no script, no form, nothing but its styles and pictures.
MAIL_POLICY = (
    # A page that a link opens is no part of the mail, and its button must work.
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src http: https:; frame-ancestors 'self'"
)


class Viewer:
    """Shows one Maildir; reads it anew for every page."""

    def __init__(self, app: App, sent: Sent) -> None:
        self._app = app
        self._sent = sent
        self._pages = Environment(
            loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined
        )

    def front(self, mail: str = "") -> HTMLResponse:
        """Show the summary, the list of mails, and one mail as desktop and phone show it."""
        mails = list_mails(self._sent.mails)
        chosen = mail or (mails[-1].name if mails else "")
        opened = open_mail(self._sent.mails, chosen) if chosen else None
        return self._page(
            "caught.html.j2",
            mails=mails,
            chosen=chosen,
            opened=opened,
            sent=self._sent,
            paper=self._app.config.newsletters[0].name,
        )

    def html(self, name: str) -> HTMLResponse:
        """Return a mail's HTML part alone, for the frames."""
        headers = {"Content-Security-Policy": MAIL_POLICY, "X-Frame-Options": "SAMEORIGIN"}
        return HTMLResponse(open_mail(self._sent.mails, name).html, headers=headers)

    def _page(self, template: str, **values: object) -> HTMLResponse:
        html = self._pages.get_template(template).render(**values)
        return HTMLResponse(html, headers={"Content-Security-Policy": PAGE_POLICY})


def create_viewer(app: App, sent: Sent) -> FastAPI:
    """Return the reader pages of the demo's instance with the viewer at ``/``."""
    web = create_web(app)
    viewer = Viewer(app, sent)
    router = APIRouter()
    router.add_api_route("/", viewer.front, methods=["GET"])
    router.add_api_route("/mails/{name}", viewer.html, methods=["GET"])
    web.router.routes[:0] = router.routes  # its front page takes the place of the readers' own
    return web
