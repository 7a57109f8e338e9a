"""Two ways to work at the desk in a real browser: by mouse, and by keyboard alone.

A story tells what is pressed and written; a hand does it. The keyboard's hand reaches whatever it
acts on by Tab, so what cannot be reached that way cannot be done.
"""

from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 400  # of a page before something counts as out of reach


class Hand(Protocol):
    """What a story asks of a hand."""

    page: Page

    def press(self, what: Locator) -> None:
        """Press a button, a link, a summary."""

    def write(self, field: Locator, words: str) -> None:
        """Write words into a field, in place of what it has; leave it afterwards."""

    def move_below(self, card: Locator, other: Locator) -> None:
        """Move a card of the board below the next one."""


class Mouse:
    """Points, presses and drags."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        """Press the left button over something."""
        what.click()

    def write(self, field: Locator, words: str) -> None:
        """Point at a field, write, and point elsewhere."""
        field.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(words)
        self.page.mouse.click(2, 2)

    def move_below(self, card: Locator, other: Locator) -> None:
        """Drag a card by its grip to below another one."""
        card.scroll_into_view_if_needed()
        grip, box = card.locator(".grip").bounding_box(), other.bounding_box()
        assert grip is not None
        assert box is not None
        self.page.mouse.move(grip["x"] + 4, grip["y"] + 8)
        self.page.mouse.down()
        end = box["y"] + box["height"] - 4
        self.page.mouse.move(box["x"] + 40, end - 20, steps=8)
        self.page.mouse.move(box["x"] + 40, end, steps=4)
        self.page.wait_for_timeout(200)  # the cards make room, animated
        self.page.mouse.up()


class Keyboard:
    """Tab, Enter, letters; no pointer at all."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        """Go to something by Tab and press Enter."""
        self.reach(what)
        self.page.keyboard.press("Enter")

    def write(self, field: Locator, words: str) -> None:
        """Go to a field by Tab, write, and go on by Tab."""
        self.reach(field)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(words)
        self.page.keyboard.press("Tab")

    def move_below(self, card: Locator, other: Locator) -> None:
        """Press Alt and the arrow down on a card."""
        self.reach(card.locator("summary"))
        self.page.keyboard.press("Alt+ArrowDown")

    def reach(self, what: Locator) -> None:
        """Press Tab until something has the focus."""
        what.wait_for()
        for _ in range(MOST_TABS):
            if what.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{what} is out of the keyboard's reach")
