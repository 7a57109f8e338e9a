"""Print the sample issue to pictures: every look, language, width, light and dark.

``python tools/pictures_of_looks.py``: the few that the docs show, into docs/pictures; with
``--all FOLDER``: every one, as PNG, to look through. Needs the development tools (Playwright with a
Chromium, Pillow); Friday never runs this. The variable CHROMIUM may name the browser to use.
"""

import argparse
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, Route, sync_playwright

from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import render_issue
from digest.rendering.personalise import fill_html
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS
from digest.testing.samples import LANGUAGES, sample_picture, sample_reader, sample_view

DOCS = Path(__file__).parent.parent / "docs" / "pictures"
WIDTHS = (700, 375, 320)
SCHEMES = ("light", "dark")
PHONES = (("en", 375, "light"), ("ru", 375, "dark"), ("ar", 320, "light"))
TOP = 1800  # of a picture for the docs, in its pixels: the rest is more of the same
GAP, BETWEEN, QUALITY = 16, "#cfd2d6", 80


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the sample: what is shown, and how."""

    look: str
    language: str
    width: int
    scheme: str
    typeface: str = "serif"

    @property
    def name(self) -> str:
        """Return the name of its file, without an ending."""
        return f"{self.look}-{self.language}-{self.width}-{self.scheme}"


def main(arguments: list[str]) -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every picture, as PNG")
    parser.add_argument("--only", default="", help="names that contain this")
    options = parser.parse_args(arguments)
    with open_browser() as browser:
        if options.all:
            print_all(browser, options.all, options.only)
        else:
            print_docs(browser)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Open the system's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


def print_all(browser: Browser, folder: Path, only: str) -> None:
    """Write every combination into `folder` as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    for combination in product(LOOKS, LANGUAGES, WIDTHS, SCHEMES):
        shot = Shot(*combination)
        if only in shot.name:
            photograph(browser, shot).save(folder / f"{shot.name}.png")
            sys.stdout.write(f"{shot.name}\n")


def photograph(browser: Browser, shot: Shot, scale: float = 1) -> Image.Image:
    """Return the whole mail as a reader of that width and scheme sees it."""
    page = browser.new_page(
        viewport={"width": shot.width, "height": 900},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        device_scale_factor=scale,
    )
    page.route("**/*", answer)
    page.set_content(html_of(shot))
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    picture = Image.open(io.BytesIO(whole_page(page))).convert("RGB")
    page.close()
    return picture


def whole_page(page: Page) -> bytes:
    """Return a PNG of the page from top to bottom."""
    return page.screenshot(type="png", full_page=True)


def html_of(shot: Shot) -> str:
    """Return the sample as one reader gets it."""
    rendering = render_issue(
        replace(sample_view(shot.language, shot.look), typeface=shot.typeface),
        edition="full",
        templates=Templates(),
        compile_mjml=compile_mjml,
    )
    reader = sample_reader(shot.language, without=frozenset({"thanks"}))
    return fill_html(rendering, reader)


def answer(route: Route) -> None:
    """Serve the sample's pictures from this folder, and nothing else."""
    picture = sample_picture(route.request.url)
    if picture is None:
        route.abort()
    else:
        route.fulfill(body=picture, content_type="image/jpeg")


def print_docs(browser: Browser) -> None:
    """Write the few pictures that README and docs show."""
    for look in LOOKS:
        light, dark = (photograph(browser, Shot(look, "en", 700, scheme)) for scheme in SCHEMES)
        keep(beside([light, dark], TOP), f"{look}.webp")
        phones = [photograph(browser, Shot(look, *which), 1.25) for which in PHONES]
        keep(beside(phones, TOP), f"{look}-phones.webp")
    fronts = [photograph(browser, Shot(look, "en", 640, "light")) for look in LOOKS]
    keep(beside(fronts, TOP), "looks.webp")


def beside(pictures: list[Image.Image], height: int) -> Image.Image:
    """Return the tops of the pictures, side by side."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    sheet = Image.new("RGB", (width, min(height, max(p.height for p in pictures))), BETWEEN)
    left = 0
    for picture in pictures:
        sheet.paste(picture, (left, 0))
        left += picture.width + GAP
    return sheet


def keep(sheet: Image.Image, name: str) -> None:
    """Write a picture for the docs as WebP."""
    sheet.save(DOCS / name, "WEBP", quality=QUALITY, method=6)
    sys.stdout.write(f"{name}: {(DOCS / name).stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main(sys.argv[1:])
