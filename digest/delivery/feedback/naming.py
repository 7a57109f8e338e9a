"""How an event names the copy it is about: by our Message-ID, or by the return path. Pure."""

import re

# What we write ourselves, and what others could: nothing that ends a line or a bracket early.
_MESSAGE_ID = re.compile(r"<?([\x21-\x3b\x3d\x3f-\x7e]{1,200}@[\x21-\x3b\x3d\x3f-\x7e]{1,190})>?")
_PATH = re.compile(r"(?:.*<)?([\x21-\x3b\x3d\x3f-\x7e]{1,64}@[\x21-\x3b\x3d\x3f-\x7e]{1,255})>?")
_TOKEN = re.compile(r"[+-]([cn][a-z2-7]{1,13}\.[a-z2-7]{20})$")


def message_id_in(value: object, *, made_by: re.Pattern[str] | None = None) -> str:
    """Return a Message-ID in its brackets, with which it may have come or not; empty for others,
    and for one whose host says that the provider made it, which names nothing of ours.
    """
    match = _MESSAGE_ID.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or (made_by and made_by.fullmatch(match[1].rpartition("@")[2].lower())):
        return ""
    return f"<{match[1]}>"


def address_in(value: object) -> str:
    """Return the address in what may have a name before it; empty for others."""
    if not isinstance(value, str) or len(value) > 500:
        return ""
    match = _PATH.fullmatch(value.strip())
    return match[1] if match else ""


def token_in(sender: object) -> str:
    """Return what has the shape of our signed name of a copy (`return_paths`) in the envelope's
    sender; empty where there is none, for the sender may be a plain one, or the provider's own.
    """
    local = address_in(sender).rpartition("@")[0].lower()
    match = _TOKEN.search(local)
    return match[1] if match else ""
