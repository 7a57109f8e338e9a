"""Faults put into a good mail on purpose: a judge that does not find its own is no judge.

They are made from the first sample at every run and are judged with the others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tools.judges.samples import Sample

Plant = Callable[[Sample], Sample]


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault: the judge that must find it, how it is made, and what the judge must say."""

    judge: str
    name: str
    plant: Plant
    says: str


def html(old: str, new: str) -> Plant:
    """Return what changes the copy's HTML; `old` is a pattern and must be there."""
    return lambda good: replace(good, html=_changed(good.html, old, new))


def at_end(added: str) -> Plant:
    """Return what adds something to the end of the copy's HTML."""
    return html("</body>", f"{added}</body>")


def mjml(old: str, new: str) -> Plant:
    """Return what changes the MJML; `old` is a pattern and must be there."""
    return lambda good: replace(good, mjml=_changed(good.mjml, old, new))


def message(instead: bytes) -> Plant:
    """Return what puts another message in the copy's place."""
    return lambda good: replace(good, message=instead)


def _changed(text: str, old: str, new: str) -> str:
    changed, count = re.subn(old, new, text, count=1)
    if not count:
        raise ValueError(f"nothing to plant a fault in: the sample has no {old}")
    return changed


SHOUTING = b"""From: BIG WINNER <win@prizes.example>\r
To: <zoe.marlowe@example.org>\r
Subject: YOU WON!!! FREE MONEY, ACT NOW!!!\r
Date: Fri, 27 Nov 2026 07:00:00 +0000\r
Message-ID: <k3vbx9k3vbx9k3vbx9k3vbx9@prizes.example>\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
\r
<html><body><font size="7">CLICK FOR FREE MONEY!!! 100% GUARANTEED. ACT NOW!</font></body></html>\r
"""
PALE = '<p style="color:#aaaaaa;background-color:#ffffff;font-size:16px">Pale words</p>'
# In the dark its ground turns dark and its ink does not.
SUNKEN = """<style>@media (prefers-color-scheme:dark){.sunken{background-color:#222222 !important}}
</style><p class="sunken" style="color:#333333;background-color:#ffffff;font-size:16px">Sunk</p>"""
WIDE = '<table width="400" style="width:400px"><tr><td>Wide</td></tr></table>'
FONT = '<link rel="stylesheet" href="https://fonts.example/f.css" />'
GRID = '<p style="display:grid">x</p>'
MUTE = '<a href="https://courier.example/"></a>'
LANG = r'(<html[^>]*?) lang="[^"]*"'
ALT = r'(<img[^>]*?) alt="[^"]*"'
HEADLINE = r'(<h2 style="[^"]*)'
GROUND = r'(<body[^>]*style=")'
COLUMN = r'(<td style="vertical-align:top;width:)\d+'

PLANTED = (
    Planted("mjml", "an unknown component", mjml("</mj-body>", "<mj-foo /></mj-body>"), "mj-foo"),
    Planted("mjml", "a misspelt attribute", mjml("<mj-body ", '<mj-body wdith="9px" '), "wdith"),
    Planted(
        "mjml", "a column in a column", mjml("<mj-column>", "<mj-column><mj-column />"), "mj-c"
    ),
    Planted("markup", "an id given twice", at_end('<p id="x">1</p><p id="x">2</p>'), "no-dup-id"),
    Planted("markup", "a list of no items", at_end("<ul><p>x</p></ul>"), "permitted-content"),
    Planted("support", "a style that programs lack", at_end(GRID), "display:grid is new"),
    Planted("spam", "a shouting message", message(SHOUTING), "SUBJ_ALL_CAPS"),
    Planted("words", "a description spoilt", html(ALT, r'\1 alt="a\\u{a0}b"'), r"alt=a\\u{a0}b"),
    Planted("words", "a link astray", html(r'href="https', 'href="http'), "href=http:"),
    Planted("outlook", "a column of another width", html(COLUMN, r"\g<1>99"), "width:99"),
    Planted("outlook", "a picture without width", html(r"(<img[^>]*) width=", r"\1 x="), "img"),
    Planted("width", "a table wider than a phone", at_end(WIDE), "320 px: scrolls sideways"),
    Planted("width", "a font from the network", html("</head>", f"{FONT}</head>"), "asks for"),
    Planted("access", "a picture without alt", html(ALT, r"\1"), "image-alt"),
    Planted("access", "pale words", at_end(PALE), "light, serious: color-contrast"),
    Planted("access", "words sunken in the dark", at_end(SUNKEN), "dark, serious: color-contrast"),
    Planted("access", "a link without words", at_end(MUTE), "link-name"),
    Planted("access", "a mail in no language", html(LANG, r"\1"), "html-has-lang"),
    Planted("pictures", "a shade no eye sees", html(HEADLINE, r"\1;background:#fffffe"), "differ"),
    Planted("pictures", "three pixels more", html(GROUND, r"\1padding-top:3px;"), "px high"),
)
