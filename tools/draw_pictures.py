"""Draw every illustration of the sample newsroom: ``python tools/draw_pictures.py [name …]``.

Needs the development tools (Playwright with a Chromium, Pillow); Friday never runs this. Each scene
is SVG (tools/pictures), printed by Chromium and kept as a JPEG of 1200 by 800 pixels and at most
120 kB. The variable CHROMIUM may name the browser to use.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pictures import harbour, nature, rooms, tables, town
from pictures.sheet import HEIGHT, WIDTH, Sheet
from PIL import Image
from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent.parent / "digest" / "demo" / "content" / "pictures"
MOST_BYTES = 120_000

SCENES: dict[str, Callable[[Sheet], None]] = {
    **harbour.SCENES,
    **town.SCENES,
    **rooms.SCENES,
    **nature.SCENES,
    **tables.SCENES,
}


def main(names: list[str]) -> None:
    """Draw the named scenes, or all of them, into the demo's folder of pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with press() as page:
        for name in names or SCENES:
            sheet = Sheet(name)
            SCENES[name](sheet)
            data = jpeg(printed(page, sheet.svg()))
            (FOLDER / f"{name}.jpg").write_bytes(data)
            sys.stdout.write(f"{name}: {len(data) / 1000:.0f} kB\n")


@contextmanager
def press() -> Iterator[Page]:
    """Open a page of exactly the size of a sheet in a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        browser.close()


def printed(page: Page, svg: str) -> Image.Image:
    """Return the picture Chromium makes of an SVG."""
    page.set_content(f"<body style='margin:0'>{svg}</body>")
    return Image.open(io.BytesIO(page.screenshot(type="png"))).convert("RGB")


def jpeg(picture: Image.Image) -> bytes:
    """Return the picture as a progressive JPEG, in the best quality that fits into MOST_BYTES."""
    for quality in range(86, 30, -4):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
