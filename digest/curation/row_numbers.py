"""Numbers as editors type them, told apart from the URLs that may stand in the same place."""


def row_number(ref: int | str) -> int | None:
    """Return the row number a reference spells, or None when it spells none."""
    text = str(ref).strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
