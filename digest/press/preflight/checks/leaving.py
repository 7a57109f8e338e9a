"""Group 3: how a reader leaves, who wrote, and why."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Edition, Material
from digest.press.preflight.registry import Said, check

LETTERS = re.compile(r"\w+")


@check("unsubscribe-link", Level.BLOCK, "A reader cannot leave from the HTML or the text.")
def unsubscribe_link(material: Material) -> Iterator[Said]:
    """A link in HTML, an address in the text, both outside of any block."""
    for edition in material.editions:
        leave = f"{material.reader_pages}/u/"
        if not any(link.url.startswith(leave) for link in edition.page.links):
            yield Said("the HTML has no link to unsubscribe")
        if leave not in edition.text:
            yield Said("the text part has no address to unsubscribe")


@check(
    "unsubscribe-header", Level.BLOCK, "The headers for unsubscribing with one click are missing."
)
def unsubscribe_header(material: Material) -> Iterator[Said]:
    """List-Unsubscribe with https, and List-Unsubscribe-Post (RFC 8058)."""
    for edition in material.editions:
        message = message_from_bytes(edition.message, policy=default)
        if "<http" not in str(message.get("List-Unsubscribe", "")):
            yield Said("the copy has no List-Unsubscribe header with a link")
        elif message.get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click":
            yield Said("the copy has no List-Unsubscribe-Post header")


@check("postal-address", Level.BLOCK, "The postal address is missing; many countries ask for it.")
def postal_address(material: Material) -> Iterator[Said]:
    """Not asked of a guarded newsletter, which must not say where it comes from."""
    if not material.view.guarded:
        yield from _absent(material, material.view.postal_address, "the postal address")


@check("why", Level.BLOCK, "The sentence that says why the reader gets this is missing.")
def why(material: Material) -> Iterator[Said]:
    """As `furniture.why_line` has it; a footer in a newsroom's own words turns this check off."""
    if not material.view.guarded:
        yield from _absent(material, material.why, "why the reader gets this")


def _absent(material: Material, words: str, what: str) -> Iterator[Said]:
    for edition in material.editions:
        for kind, text in _both(edition):
            if _plain(words) not in _plain(text):
                yield Said(f"the {kind} part does not say {what}: {words[:80]!r}")


def _both(edition: Edition) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("HTML", edition.page.words), ("text", edition.text)


def _plain(text: str) -> str:
    """Return the letters alone: each part breaks its lines elsewhere, some scripts within words."""
    return "".join(LETTERS.findall(text))
