"""The names of a mail's optional parts, and of its editions: what the renderer marks, a reader may
do without, and the sender leaves out. Names only; the lowest floor, so that all three agree.
"""

import re

FULL, HEADLINES = "full", "headlines"
EDITIONS = (FULL, HEADLINES)

GREETING, APPEAL, THANKS, WHOLE_TEXTS = "greeting", "appeal", "thanks", "whole texts"
BLOCKS = (GREETING, APPEAL, THANKS, WHOLE_TEXTS)  # and one for each section


def section_block(key: int) -> str:
    """Return the name of the block that holds the section of that key."""
    return f"section {key}"


def is_block(name: str) -> bool:
    """Return whether a block may be called that."""
    return name in BLOCKS or re.fullmatch(r"section [0-9]{1,19}", name) is not None
