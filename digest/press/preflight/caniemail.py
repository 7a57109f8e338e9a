"""The allow-list of what a mail may be made of: what enough mail programs show, by caniemail's data
(`caniemail.json`, distilled by tools/distil_caniemail.py; MIT licence, source and date in it), and
what our templates need all the same, because nothing is lost where it is not shown.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

SAFE = 80  # per cent of mail programs, each counted once

# Not in caniemail's data, or below SAFE, and harmless: the reason stands beside each.
NEEDED: Mapping[str, frozenset[str]] = {
    "tags": frozenset(
        {
            *("html", "head", "title", "meta", "body", "style"),  # the frame of any HTML
            *("tbody", "thead", "tfoot", "tr", "td", "th"),  # tables; <table> is safe
            *("a", "b", "i", "u", "s", "em", "br", "sub", "sup", "li", "center"),  # since HTML 2
            "bdi",  # a name's direction; elsewhere it is shown like a span
            *("abbr", "cite", "q", "ins", "figure", "figcaption", "section", "article"),  # as text
        }
    ),
    "properties": frozenset(
        {
            *("color", "font-family", "font-style", "border-color", "border-width"),  # CSS 1
            *("border-style", "quotes", "content", "line-break"),
            *("cursor", "word-break", "overflow-wrap", "word-wrap", "text-wrap"),  # comfort
            *("text-underline-offset", "text-decoration-thickness"),  # a finer line where it works
            *("color-scheme", "supported-color-schemes", "text-size-adjust"),  # dark mode
            "box-sizing",
            "hyphens",
        }
    ),
    "at_rules": frozenset(
        # Where they are not known, the mail is light and wide, and still whole.
        {"@media (prefers-color-scheme)", "@media (prefers-reduced-motion)"}
    ),
    "pseudos": frozenset({":hover", ":root", ":link", ":visited", ":first-child", ":last-child"}),
}
# These break a mail or open a door; each stops an approval.
FORBIDDEN_TAGS = frozenset(
    {
        *("script", "form", "input", "textarea", "select", "button", "iframe", "frame", "object"),
        *("embed", "applet", "video", "audio", "svg", "math", "link", "base", "dialog", "canvas"),
        *("marquee", "noscript", "template", "slot", "portal"),
    }
)
FORBIDDEN_PROPERTIES = frozenset({"position", "behavior", "-moz-binding"})
FORBIDDEN_VALUES = frozenset({"display:flex", "display:inline-flex", "display:grid"})
FORBIDDEN_FUNCTIONS = frozenset({"var", "env", "url", "expression", "image-set", "attr"})
FORBIDDEN_AT_RULES = frozenset({"@import", "@font-face"})
OWN_PREFIXES = ("mso-", "-webkit-", "-ms-", "-moz-")  # for one mail program, unseen by others


@cache
def _data() -> dict[str, Any]:
    text = files("digest.press.preflight").joinpath("caniemail.json").read_text("utf-8")
    value: dict[str, Any] = json.loads(text)
    return value


def per_cent(kind: str) -> Mapping[str, int]:
    """Return in how many of a hundred mail programs each feature of a kind works."""
    shares: dict[str, int] = _data()["per_cent"][kind]
    return shares


def data_date() -> str:
    """Return the day of the data, as caniemail dates it."""
    return str(_data()["date"])


@cache
def allowed(kind: str) -> frozenset[str]:
    """Return the names of a kind that a mail may use."""
    safe = {name for name, share in per_cent(kind).items() if share >= SAFE}
    return frozenset(safe) | NEEDED.get(kind, frozenset())


def is_allowed_property(name: str) -> bool:
    """Return whether a property is safe by itself, as a side of a safe one, or of one program."""
    if name.startswith(OWN_PREFIXES) or name in allowed("properties"):
        return True
    # caniemail tests the shorthand: padding-left is as safe as padding, border-top-color as border.
    first, _, side = name.partition("-")
    sides = side.split("-")[0] in {"top", "right", "bottom", "left"}
    return sides and first in {"padding", "margin", "border"} and first in allowed("properties")
