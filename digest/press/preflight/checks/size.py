"""Group 2: how much mail programs show, and how much style they keep."""

from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material
from digest.press.preflight.registry import Said, check

# Gmail shows about 102,000 bytes of HTML and cuts off the rest, the unsubscribe link with it.
MOST_HTML_BYTES = 100_000
MANY_HTML_BYTES = 80_000
# Gmail drops every style sheet when their sum passes 16,384 characters.
MOST_STYLE = 16_000
MUCH_STYLE = 12_000


@check("html-too-large", Level.BLOCK, "The mail is longer than mail programs show.")
def too_large(material: Material) -> Iterator[Said]:
    """From 100,000 bytes, for the reader with the longest values and every block."""
    size = _html_bytes(material)
    if size >= MOST_HTML_BYTES:
        yield Said(
            f"the mail has {size:,} bytes of HTML, and mail programs cut off what is beyond "
            f"{MOST_HTML_BYTES:,}: shorten texts or take articles out"
        )


@check("html-large", Level.WARN, "The mail is nearly longer than mail programs show.")
def large(material: Material) -> Iterator[Said]:
    """From 80,000 bytes."""
    size = _html_bytes(material)
    if MANY_HTML_BYTES <= size < MOST_HTML_BYTES:
        yield Said(
            f"the mail has {size:,} bytes of HTML; mail programs cut off what is beyond "
            f"{MOST_HTML_BYTES:,}"
        )


def _html_bytes(material: Material) -> int:
    return len(material.largest.html.encode())


@check("style-too-large", Level.BLOCK, "The style sheets are longer than Gmail keeps.")
def style_too_large(material: Material) -> Iterator[Said]:
    """More than 16,000 characters."""
    size = _style(material)
    if size > MOST_STYLE:
        yield Said(f"{size:,} characters of style; Gmail drops all of it beyond {MOST_STYLE:,}")


@check("style-large", Level.WARN, "The style sheets are nearly longer than Gmail keeps.")
def style_large(material: Material) -> Iterator[Said]:
    """More than 12,000 characters."""
    size = _style(material)
    if MUCH_STYLE < size <= MOST_STYLE:
        yield Said(f"{size:,} characters of style; Gmail drops all of it beyond {MOST_STYLE:,}")


def _style(material: Material) -> int:
    return max(sum(map(len, edition.page.sheets)) for edition in material.editions)


@check("style-nested", Level.BLOCK, "A rule with @ stands in another one; Gmail drops the sheet.")
def style_nested(material: Material) -> Iterator[Said]:
    """Such as @media in @supports."""
    if any(edition.styling.nested_at for edition in material.editions):
        yield Said("a rule that begins with @ stands in another one: Gmail drops the whole sheet")
