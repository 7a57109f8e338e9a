"""A whole article inside a mail: its cleaned HTML given the look that mail programs only take from
``style`` attributes.

The HTML comes cleaned (curation.cleaning, `safe_html`): few tags, of attributes only ``href`` and
``start``. It enters the mail after the compile, so the compiler never sees it.
"""

import re
from collections.abc import Mapping

from digest.rendering.theme import Theme

TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>")


def styled(cleaned: str, theme: Theme) -> str:
    """Return the article's HTML with a style on each tag that needs one."""
    styles = _styles(theme)

    def with_style(tag: re.Match[str]) -> str:
        close, name, attributes = tag.groups()
        style = styles.get(name)
        return tag[0] if close or style is None else f'<{name}{attributes} style="{style}">'

    return TAG.sub(with_style, cleaned)


def _styles(theme: Theme) -> Mapping[str, str]:
    ink, line = theme.light.ink, theme.line
    bold = f"font-weight:{theme.weight}"
    side = "right" if theme.direction == "rtl" else "left"
    return {
        "p": f"margin:12px 0px 0px;font-size:17px;line-height:{line(26)}",
        "h2": f"margin:24px 0px 0px;font-size:21px;line-height:{line(26)};{bold}",
        "h3": f"margin:20px 0px 0px;font-size:18px;line-height:{line(24)};{bold}",
        "ul": f"margin:12px 0px 0px;padding-{side}:24px",
        "ol": f"margin:12px 0px 0px;padding-{side}:24px",
        "li": f"margin:6px 0px 0px;font-size:17px;line-height:{line(26)}",
        "blockquote": f"margin:16px 0px 0px;padding-{side}:16px;"
        f"border-{side}:3px solid {theme.light.hairline};font-size:17px;line-height:{line(26)}",
        "a": f"color:{ink};text-decoration:underline",
        "hr": f"margin:20px 0px 8px;border:0px;border-top:1px solid {theme.light.hairline}",
    }
