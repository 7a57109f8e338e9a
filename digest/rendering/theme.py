"""The look of a mail: colours for light and dark, fonts, and what a script asks of type.

Everything follows from the newsletter's accent and its language, by arithmetic; contrast is WCAG
2's (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio). It lays nothing out: that is the work of
`layout` and the templates.
"""

import colorsys
import re
from dataclasses import dataclass

from digest.errors import RenderingFailed

READABLE = 4.5  # WCAG AA for text
VISIBLE = 3.0  # WCAG AA for the shape of a control
WHITE = "#ffffff"
DARK_CARD = "#1c1c1c"

RIGHT_TO_LEFT = frozenset({"ar", "arc", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "nkoo", "syrc", "thaa"})
UPRIGHT = frozenset({"zh", "ja", "ko", "th", "hi", "bn", "my", "km", "lo", "ta", "te", "ka", "am"})
TALL = frozenset({"th", "hi", "bn", "my", "km", "lo", "ta", "te", "ne", "mr", "bo"})

SERIF = "Georgia,'Times New Roman',serif"
SANS = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
# Without a font of its own language a reader of Chinese sees Japanese glyphs, and the reverse.
EAST_ASIAN = {
    "ja": ("'Hiragino Mincho ProN','Yu Mincho','Noto Serif CJK JP'", "'Hiragino Sans','Yu Gothic'"),
    "ko": ("AppleMyungjo,Batang,'Noto Serif CJK KR'", "'Apple SD Gothic Neo','Malgun Gothic'"),
    "zh": ("'Songti SC',SimSun,'Noto Serif CJK SC'", "'PingFang SC','Microsoft YaHei'"),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """One set of colours, each ``#rrggbb``; every text colour is readable on what it stands on."""

    page: str
    card: str
    tint: str  # behind the appeal
    ink: str
    meta: str
    rule: str
    hairline: str
    accent: str
    button: str  # carries white text


@dataclass(frozen=True, slots=True)
class Theme:
    """What the templates need to know of the look."""

    light: Palette
    dark: Palette
    direction: str  # ltr or rtl
    serif: str
    sans: str
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


def theme_for(language: str, accent: str) -> Theme:
    """Return the look for a language (BCP 47) and an accent (``#rrggbb``).

    Raises RenderingFailed when the accent is no colour or too pale to be read on white.
    """
    accent = readable_accent(accent)
    primary = language.split("-")[0].lower()
    direction = direction_of(language)
    serif, sans = EAST_ASIAN.get(primary, ("", ""))
    return Theme(
        light=_light(accent),
        dark=_dark(accent),
        direction=direction,
        serif=f"{serif},{SERIF}" if serif else SERIF,
        sans=f"{sans},{SANS}" if sans else SANS,
        italics=direction == "ltr" and primary not in UPRIGHT,
        tall=direction == "rtl" or primary in TALL,
    )


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
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    while contrast(colour, ground) < ratio and lightness < 1:
        lightness = min(1.0, lightness + 0.01)
        channels = colorsys.hls_to_rgb(hue, lightness, saturation)
        colour = "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
    return colour


def _light(accent: str) -> Palette:
    return Palette(
        page="#f3f1ec",
        card=WHITE,
        tint="#f6ecd9",
        ink="#1d1d1b",
        meta="#5c5c58",
        rule="#1d1d1b",
        hairline="#d8d4ca",
        accent=accent,
        button=accent,
    )


def _dark(accent: str) -> Palette:
    button = lightened_until(accent, DARK_CARD, VISIBLE)
    return Palette(
        page="#121212",
        card=DARK_CARD,
        tint="#26221b",
        ink="#f2f0eb",
        meta="#b8b5ae",
        rule="#8a867d",
        hairline="#3a3833",
        accent=lightened_until(accent, DARK_CARD, READABLE),
        # White must stay readable on the button, even where its shape then stands out less.
        button=button if contrast(button, WHITE) >= READABLE else accent,
    )
