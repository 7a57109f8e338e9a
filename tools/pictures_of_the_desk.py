"""Print the pages of the desk to pictures: ``python tools/pictures_of_the_desk.py``.

Builds the sample newsroom in a temporary folder (newsroom_at_work.py), opens its desk in a browser
and writes the pictures that the docs show into docs/pictures; with ``--all FOLDER``: every page of
the desk, light, dark and as on a phone, as PNG, to look through. Needs the development tools
(Playwright with a Chromium, Pillow); Friday never runs this. The variable CHROMIUM may name the
browser to use.
"""

import argparse
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import httpx
from newsroom_at_work import SITE, AtWork, at_work
from pictures_of_looks import BETWEEN, DOCS, GAP, open_browser
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from digest.web.desk.doors import COOKIE

WIDE, PHONE = (1280, 860), (375, 780)
MOST_BYTES = 120_000
SETTLED = 700  # milliseconds until the preview beside the board stands

Deed = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: which page, what is done there first, how much of its height is kept."""

    name: str
    path: str
    height: int = 860
    scheme: str = "light"
    deed: Deed | None = None


def choose_focus(page: Page) -> None:
    """Click on what must stay in sight of the picture."""
    box = page.locator(".focus-on img").bounding_box()
    if box is not None:
        page.mouse.click(box["x"] + 0.22 * box["width"], box["y"] + 0.55 * box["height"])


def await_mail(page: Page) -> None:
    """Wait for the mail beside the cards."""
    page.wait_for_selector("#pane iframe")


BOARD, SENDING, PROOF = "/desk/{issue}", "/desk/{issue}/sending", "/desk/{issue}/proof"
GROWTH = "/desk/readers/growth/weekly"
THURSDAY = (
    Shot("desk-board", BOARD, deed=await_mail),
    Shot("desk-board-dark", BOARD, scheme="dark", deed=await_mail),
    Shot("desk-week", "/desk", 620),
    Shot("desk-inbox", "/desk/inbox", 820),
    Shot("desk-media", "/desk/media/picture/1", 760, deed=choose_focus),
    Shot("desk-growth", GROWTH, 720),
)
EVERY = {
    "week": "/desk",
    "inbox": "/desk/inbox",
    "inbox-add": "/desk/inbox/add",
    "media": "/desk/media",
    "picture": "/desk/media/picture/1",
    "pick-picture": "/desk/{issue}/picks/1/picture",
    "sources": "/desk/sources",
    "past": "/desk/issues",
    "readers": "/desk/readers",
    "growth": GROWTH,
    "import": "/desk/readers/import/weekly",
    "settings": "/desk/weekly/settings",
    "operators": "/desk/settings/operators",
    "people": "/desk/people",
    "record": "/desk/audit",
    "me": "/desk/me",
    "board": BOARD,
    "board-words": BOARD + "?open=words",
    "preview": "/desk/{issue}/preview",
    "schedule": "/desk/{issue}/schedule",
    "dates": "/desk/weekly/dates",
    "sent": "/desk/weekly/46/sending",
    "proof": "/desk/weekly/46/proof",
    "corrections": "/desk/weekly/46/corrections",
}


@dataclass  # neither frozen nor with slots: Playwright writes on who owns a handler
class Camera:
    """Looks at the desk with a browser of its own."""

    scene: AtWork
    browser: Browser

    def page(self, size: tuple[int, int], scheme: str) -> Page:
        """Return a page of a browser that has just signed in."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        context.add_cookies(
            [{"name": COOKIE, "value": self.scene.sign_in(), "url": f"{self.scene.url}/desk"}]
        )
        page = context.new_page()
        page.route("**/*", self.answer)
        return page

    def answer(self, route: Route) -> None:
        """Let the desk answer, be the site's pictures and the public address; nothing else."""
        url = route.request.url
        if url.startswith(self.scene.url):
            route.continue_()
        elif url.startswith(f"{SITE}/pictures/"):
            name = Path(urlsplit(url).path).stem
            [picture] = [each for each in self.scene.sample.pictures if each.name == name]
            route.fulfill(body=picture.path.read_bytes(), content_type="image/jpeg")
        elif urlsplit(url).path.startswith("/pictures/"):
            found = httpx.get(self.scene.url + urlsplit(url).path)
            route.fulfill(body=found.content, content_type=found.headers["content-type"])
        else:
            route.abort()

    def take(self, shot: Shot, size: tuple[int, int] = WIDE, *, whole: bool = False) -> Image.Image:
        """Return a picture of a page, once all on it stands still."""
        page = self.page(size, shot.scheme)
        page.goto(self.scene.url + shot.path.format(issue=self.scene.issue))
        if shot.deed:
            shot.deed(page)
        page.wait_for_timeout(SETTLED)
        data = page.screenshot(type="png", full_page=whole)
        page.context.close()
        picture = Image.open(io.BytesIO(data)).convert("RGB")
        return picture if whole else picture.crop((0, 0, size[0], min(size[1], shot.height)))


def main(arguments: list[str]) -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page, as PNG")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as folder, at_work(Path(folder)) as scene, open_browser() as browser:
        camera = Camera(scene, browser)
        if options.all:
            print_all(camera, options.all, options.only)
        else:
            print_docs(camera)


def print_all(camera: Camera, folder: Path, only: str) -> None:
    """Write every page into `folder` as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in EVERY.items():
        if only not in name:
            continue
        for kind, size, scheme in (
            ("light", WIDE, "light"),
            ("dark", WIDE, "dark"),
            ("phone", PHONE, "light"),
        ):
            picture = camera.take(Shot(name, path, scheme=scheme), size, whole=True)
            picture.save(folder / f"{name}-{kind}.png")
        sys.stdout.write(f"{name}\n")


def print_docs(camera: Camera) -> None:
    """Write the pictures that the docs show, from Thursday noon to the send proof."""
    for shot in THURSDAY:
        keep(camera.take(shot), shot.name)
    phones = [camera.take(Shot("", path, PHONE[1]), PHONE) for path in ("/desk", BOARD)]
    scene = camera.scene
    scene.begin_sending()
    scene.send(700)
    camera.take(Shot("", SENDING))  # two readings make a pace
    scene.send(380)
    keep(camera.take(Shot("", SENDING, 700)), "desk-sending")
    phones.append(camera.take(Shot("", SENDING, PHONE[1]), PHONE))
    keep(beside(phones), "desk-phones")
    scene.send(1_000_000)
    scene.close()
    keep(camera.take(Shot("", PROOF, 860)), "desk-proof")


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Return pictures of one height side by side."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, pictures[0].height), BETWEEN)
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place * (picture.width + GAP), 0))
    return sheet


def keep(picture: Image.Image, name: str) -> None:
    """Write a picture for the docs as WebP, in the best quality that fits into MOST_BYTES."""
    for quality in range(88, 30, -6):
        out = io.BytesIO()
        picture.save(out, "WEBP", quality=quality, method=6)
        if out.tell() <= MOST_BYTES:
            break
    (DOCS / f"{name}.webp").write_bytes(out.getvalue())
    sys.stdout.write(f"{name}.webp: {out.tell() / 1000:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
