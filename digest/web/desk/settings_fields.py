"""The furniture of a newsletter as a form has it: flat fields, and back into the shape it is kept
in. Pure.
"""

from collections.abc import Mapping
from typing import Any

from digest.config import InitialConfig
from digest.curation.plain import one_line
from digest.errors import BadInput
from digest.rendering.theme import readable_accent

WAYS = ("once", "monthly", "annual")
LOOK_LABELS = {
    "look": "Look",
    "typeface": "Headlines in",
    "accent": "Accent colour",
    "logo_url": "Address of the logo",
    "logo_width": "Its width, as shown (pixels)",
    "logo_height": "Its height, as shown (pixels)",
}
WORD_LABELS = {
    "tagline": "Tagline, below the name",
    "about": "About the newsroom, at the end",
    "corrections_address": "Address for corrections",
}
APPEAL_LABELS = {
    "appeal_heading": "Heading",
    "appeal_text": "Text",
    "appeal_once": "Give once: words of the button",
    "appeal_once_url": "Its address",
    "appeal_monthly": "Give monthly: words of the button",
    "appeal_monthly_url": "Its address",
    "appeal_annual": "Give annually: words of the button",
    "appeal_annual_url": "Its address",
    "appeal_payment_line": "Line on how one may pay",
    "appeal_signed": "Signed by",
    "appeal_thanks": "What members read in its place",
}
LABELS = LOOK_LABELS | WORD_LABELS | APPEAL_LABELS
CHOICES = {
    "look": (
        ("front-page", "Front page: news, with pictures"),
        ("quiet-letter", "Quiet letter: one column"),
        ("text-first", "Text first: no pictures"),
    ),
    "typeface": (("serif", "Serif"), ("sans", "Sans")),
}
LONG = frozenset({"about", "appeal_text", "appeal_thanks"})
MOST = 5_000  # characters of one field


def furniture_fields(furniture: Mapping[str, Any]) -> dict[str, str]:
    """Return furniture as its form shows it."""
    logo, appeal = furniture.get("logo") or {}, furniture.get("appeal") or {}
    plain = ("tagline", "about", "corrections_address", "accent", "look", "typeface")
    defaults = InitialConfig().model_dump(mode="json")
    fields = {name: furniture.get(name, defaults[name]) or "" for name in plain}
    fields |= {f"logo_{part}": logo.get(part, "") for part in ("url", "width", "height")}
    for part in ("heading", "text", "payment_line", "signed", "thanks"):
        fields[f"appeal_{part}"] = appeal.get(part, "")
    for way in WAYS:
        fields[f"appeal_{way}"], fields[f"appeal_{way}_url"] = appeal.get(way) or ("", "")
    return {name: typed(name, str(fields[name])) for name in LABELS}


def typed(field: str, value: str) -> str:
    """Return a value as it is kept: long texts with their line ends, all others on one line."""
    if field not in LONG:
        return one_line(value)
    lines = value.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(line) for line in lines).strip()


def furniture_changes(fields: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, Any]:
    """Return what a form changes in the shape that furniture is kept in; `fields` are those of now
    with the changes in them. BadInput or RenderingFailed for what cannot be.
    """
    for name, value in changed.items():
        if len(value) > MOST:
            raise BadInput(f"{LABELS[name]}: {len(value)} characters are more than {MOST}")
    changes: dict[str, Any] = {}
    for name in changed:
        group = name.partition("_")[0]
        if group == "logo":
            changes["logo"] = _logo(fields)
        elif group == "appeal":
            changes["appeal"] = _appeal(fields)
        elif name == "corrections_address":
            changes[name] = fields[name] or None
        else:
            changes[name] = fields[name]
    if "accent" in changes:
        changes["accent"] = readable_accent(changes["accent"])
    return changes


def _logo(fields: Mapping[str, str]) -> dict[str, Any] | None:
    parts = {part: fields[f"logo_{part}"] for part in ("url", "width", "height")}
    if not any(parts.values()):
        return None
    for part in ("width", "height"):
        if not (parts[part].isascii() and parts[part].isdecimal() and len(parts[part]) < 6):
            raise BadInput(f"Logo: write its {part} in pixels, as it is shown.")
    return {"url": parts["url"], "width": int(parts["width"]), "height": int(parts["height"])}


def _appeal(fields: Mapping[str, str]) -> dict[str, Any] | None:
    own = {name: value for name, value in fields.items() if name.startswith("appeal_")}
    if not any(own.values()):
        return None
    lacking = [name for name in own if not own[name] and name in REQUIRED]
    if lacking:
        raise BadInput(
            f"The appeal lacks: {', '.join(_named(name) for name in lacking)}. "
            "Empty all of its fields to have none."
        )
    appeal: dict[str, Any] = {
        part: fields[f"appeal_{part}"]
        for part in ("heading", "text", "payment_line", "signed", "thanks")
    }
    return appeal | {way: (fields[f"appeal_{way}"], fields[f"appeal_{way}_url"]) for way in WAYS}


REQUIRED = frozenset(
    {"appeal_heading", "appeal_text"}
    | {f"appeal_{way}" for way in WAYS}
    | {f"appeal_{way}_url" for way in WAYS}
)


def _named(name: str) -> str:
    if name.endswith("_url"):
        return f"the address of “{APPEAL_LABELS[name.removesuffix('_url')].split(':')[0]}”"
    return APPEAL_LABELS[name].lower()
