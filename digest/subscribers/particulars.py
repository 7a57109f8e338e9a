"""What a reader tells us beside the address: name, language, time zone; cleaned or refused, never
stored here.
"""

import re
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo

from digest.errors import BadInput

LONGEST_NAME = 200
JOINERS = "\u200c\u200d"  # letters of Persian and Indic names need them
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")


def clean_name(text: str | None) -> str | None:
    """Return a name as one line without control or direction characters, at most 200 long; None
    when empty.
    """
    if not text:
        return None
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(" " if c.isspace() else c for c in text if _belongs_in_a_name(c))
    return " ".join(text.split())[:LONGEST_NAME].rstrip() or None


def _belongs_in_a_name(character: str) -> bool:
    category = unicodedata.category(character)
    return character.isspace() or character in JOINERS or category not in {"Cc", "Cf", "Cs"}


def check_language(text: str | None) -> str | None:
    """Return a language tag (BCP 47, such as ``en`` or ``pt-BR``), None when empty; BadInput
    otherwise.
    """
    if not text or not text.strip():
        return None
    primary, hyphen, rest = text.strip().replace("_", "-").partition("-")
    tag = primary.lower() + hyphen + rest
    if not _LANGUAGE.fullmatch(tag):
        raise BadInput("not a language tag such as en or pt-BR")
    return tag


def check_timezone(text: str | None) -> str | None:
    """Return an IANA time zone name, None when empty; BadInput otherwise."""
    if not text or not text.strip():
        return None
    if not _is_zone(text.strip()):
        raise BadInput("not a time zone such as Europe/Riga")
    return text.strip()


@lru_cache(maxsize=1000)
def _is_zone(name: str) -> bool:
    if len(name) > 64:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
