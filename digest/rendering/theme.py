"""The look of a mail: colours for light and dark, fonts, and what a script asks of type.

Everything follows from the newsletter's look, accent, typeface and language, by arithmetic;
contrast is WCAG 2's (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). It lays nothing out: that
is the work of `layout` and the templates.
"""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from digest.errors import RenderingFailed
from digest.rendering.papers import PAPERS, WHITE, Palette

READABLE = 4.5  # WCAG AA for text
VISIBLE = 3.0  # WCAG AA for the shape of a control

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "nkoo", "syrc", "thaa"})
UPRIGHT = frozenset({"zh", "ja", "ko", "th", "hi", "bn", "my", "km", "lo", "ta", "te", "ka", "am"})
TALL = frozenset({"th", "hi", "bn", "my", "km", "lo", "ta", "te", "ne", "mr", "bo"})

# Short stacks of what every system has: they stand in a mail some sixty times.
SERIF = "Georgia,'Times New Roman',serif"
SANS = "Helvetica,Arial,sans-serif"
# Without a font of its own language a reader of Chinese sees Japanese glyphs, and the reverse;
# Arabic falls to whatever face a system finds last, and digits of another face stand beside it.
FACES: Mapping[str, tuple[str, str]] = {
    "ja": (
        f"'Hiragino Mincho ProN','Yu Mincho','Noto Serif CJK JP',{SERIF}",
        f"'Hiragino Sans','Yu Gothic',{SANS}",
    ),
    "ko": (
        f"AppleMyungjo,Batang,'Noto Serif CJK KR',{SERIF}",
        f"'Apple SD Gothic Neo','Malgun Gothic',{SANS}",
    ),
    "zh": (
        f"'Songti SC',SimSun,'Noto Serif CJK SC',{SERIF}",
        f"'PingFang SC','Microsoft YaHei',{SANS}",
    ),
}
ARABIC_FACES = (
    "'Noto Naskh Arabic','Geeza Pro','Times New Roman',serif",
    "'Noto Sans Arabic','Geeza Pro',Tahoma,Arial,sans-serif",
)
ARABIC_LETTERS = frozenset({"ar", "fa", "ur", "ps", "ckb", "sd", "ug"})


@dataclass(frozen=True, slots=True)
class Theme:
    """What the templates need to know of the look."""

    light: Palette
    dark: Palette
    direction: str  # ltr or rtl
    serif: str  # of running text
    sans: str  # of labels and small print
    head: str  # of headlines and the nameplate: one of the two
    weight: int  # of headlines and the nameplate
    underlined: bool  # whether headlines are, as links in a letter
    italics: bool
    tall: bool

    @property
    def start(self) -> str:
        """Return the side a line begins on."""
        return "right" if self.direction == "rtl" else "left"

    @property
    def end(self) -> str:
        """Return the side a line ends on."""
        return "left" if self.direction == "rtl" else "right"

    def line(self, pixels: int) -> str:
        """Return a line height as CSS, a tenth more for scripts with marks above and below."""
        return f"{round(pixels * 1.1) if self.tall else pixels}px"


@lru_cache(maxsize=64)  # each edition asks several times
def theme_for(
    language: str, accent: str, look: str = "front-page", typeface: str = "serif"
) -> Theme:
    """Return the theme for a language (BCP 47), an accent (``#rrggbb``), a look and a typeface.

    `look` is one of `view.LOOKS`, `typeface` one of `view.TYPEFACES`. Raises RenderingFailed when
    the accent is no colour or too pale to be read on white.
    """
    accent = readable_accent(accent)
    primary = language.split("-")[0].lower()
    direction = direction_of(language)
    serif, sans = _faces(primary, direction)
    light, dark = PAPERS[look]
    return Theme(
        light=_with_light_accent(light, accent),
        dark=_with_dark_accent(dark, accent),
        direction=direction,
        serif=serif,
        sans=sans,
        head=sans if typeface == "sans" else serif,
        weight=400 if look == "quiet-letter" else 700,
        underlined=look == "quiet-letter",
        italics=direction == "ltr" and primary not in UPRIGHT,
        tall=direction == "rtl" or primary in TALL,
    )


def _faces(primary: str, direction: str) -> tuple[str, str]:
    """Return the font stacks, serif and sans, for a language's first subtag."""
    if direction == "rtl" and primary in ARABIC_LETTERS:
        return ARABIC_FACES
    return FACES.get(primary, (SERIF, SANS))


def readable_accent(accent: str) -> str:
    """Return the accent in lower case; RenderingFailed when it cannot be read on white."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise RenderingFailed(f"accent {accent!r}: a colour is written #rrggbb")
    if (ratio := contrast(accent, WHITE)) < READABLE:
        raise RenderingFailed(
            f"accent {accent}: contrast {ratio:.1f} on white; to be read it needs {READABLE}"
        )
    return accent.lower()


def direction_of(language: str) -> str:
    """Return ``rtl`` or ``ltr`` for a BCP 47 tag; a script subtag decides before the language."""
    primary, *rest = language.lower().split("-")
    script = next((tag for tag in rest if len(tag) == 4 and tag.isalpha()), "")
    rtl = script in RIGHT_TO_LEFT_SCRIPTS if script else primary in RIGHT_TO_LEFT
    return "rtl" if rtl else "ltr"


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def lightened_until(colour: str, ground: str, ratio: float) -> str:
    """Return the colour, its lightness raised in steps until it has that contrast on `ground`."""
    return _shifted_until(colour, ground, ratio, 0.01)


def darkened_until(colour: str, ground: str, ratio: float) -> str:
    """Return the colour, its lightness lowered in steps until it has that contrast on `ground`."""
    return _shifted_until(colour, ground, ratio, -0.01)


def _shifted_until(colour: str, ground: str, ratio: float, step: float) -> str:
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    while contrast(colour, ground) < ratio and 0 <= lightness <= 1:
        lightness += step
        channels = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness)), saturation)
        colour = "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
    return colour


def _with_light_accent(paper: Palette, accent: str) -> Palette:
    # Exactly the newsroom's own on white; a shade deeper on tinted paper where that must be.
    return replace(paper, accent=darkened_until(accent, paper.card, READABLE), button=accent)


def _with_dark_accent(paper: Palette, accent: str) -> Palette:
    button = lightened_until(accent, paper.card, VISIBLE)
    return replace(
        paper,
        accent=lightened_until(accent, paper.card, READABLE),
        # White must stay readable on the button, even where its shape then stands out less.
        button=button if contrast(button, WHITE) >= READABLE else accent,
    )
