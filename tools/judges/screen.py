"""Chromium, showing mails: pictures come from the samples, and nothing else is ever fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Page, Route, sync_playwright

from digest.testing.samples import sample_picture

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage")
HEIGHT = 900

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


class Screen:
    """Shows one mail at a time; `asked` are the addresses the shown mail wanted and did not get."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.asked: list[str] = []

    @contextmanager
    def show(self, html: str, *, width: int, scheme: Scheme = "light") -> Iterator[Page]:
        """Show a mail, its pictures loaded, for the length of a ``with`` block."""
        self.asked = []
        page = self._browser.new_page(
            viewport={"width": width, "height": HEIGHT}, color_scheme=scheme
        )
        try:
            page.route("**/*", self._answer)
            page.set_content(html, wait_until="load")
            yield page
        finally:
            page.close()

    def _answer(self, route: Route) -> None:
        picture = sample_picture(route.request.url)
        if picture is None:
            self.asked.append(route.request.url)
            route.abort()
        else:
            route.fulfill(body=picture, content_type="image/jpeg")


@contextmanager
def open_screen() -> Iterator[Screen]:
    """Start the system's Chromium, and end it after the ``with`` block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield Screen(browser)
        finally:
            browser.close()
