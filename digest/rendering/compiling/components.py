"""Which component may stand where, and what mrml would silently drop; pure tables and lookups.

mrml is no validator: it prints a component it does not know, draws one in the wrong place with
tables that do not close for Outlook, and ignores some attributes of the reference. Measured on
mrml 6.0.1 against npm mjml 5.4.
"""

from functools import lru_cache

from digest.rendering.compiling.armour import ATTRIBUTE

ANY = frozenset({"mj-raw"})
CHILDREN = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body"}),
    "mj-head": ANY
    | {"mj-attributes", "mj-breakpoint", "mj-font", "mj-preview", "mj-style", "mj-title"},
    "mj-body": ANY | {"mj-section", "mj-wrapper"},
    "mj-wrapper": ANY | {"mj-section"},
    "mj-section": ANY | {"mj-column", "mj-group"},
    "mj-group": ANY | {"mj-column"},
    "mj-column": ANY
    | {"mj-button", "mj-divider", "mj-image", "mj-social", "mj-spacer", "mj-table", "mj-text"},
    "mj-social": ANY | {"mj-social-element"},
}
WORDLESS = frozenset(CHILDREN) | {"mj-attributes"}  # hold components and no words
DEFAULTS = frozenset({"mj-all", "mj-class"})  # stand in mj-attributes only
KNOWN = frozenset().union(*CHILDREN.values(), DEFAULTS)
# Drawn otherwise than by the reference, or fixed in their ids, so that two in one mail collide.
BANNED = {
    "mj-accordion": "the compiler styles it otherwise than the reference",
    "mj-carousel": "two of them in one mail share their ids",
    "mj-hero": "the compiler gets its height wrong",
    "mj-html-attributes": "the compiler does not know it",
    "mj-include": "use Jinja's include",
    "mj-navbar": "two of them in one mail share their ids",
}
# Attributes of the reference that mrml drops without a word.
DROPPED = {
    "mj-body": {"id"},
    "mj-button": {"title"},
    "mj-image": {"sizes", "border-top", "border-bottom"},
    "mj-section": {"gutter"},
    "mj-social": {"border"},
    "mj-social-element": {"icon-position", "border", "srcset", "sizes"},
    "mj-table": {"role"},
    "mj-wrapper": {"gap"},
}
NOT_DONE = {
    ("mj-raw", "position", "file-start"): "the compiler refuses it",
    ("mj-style", "inline", "inline"): "the compiler does not inline: write style attributes",
}


@lru_cache(maxsize=256)
def misplaced(name: str, parent: str) -> str:
    """Return why a tag may not stand in `parent` (empty: at the top), or nothing."""
    if name in BANNED:
        return f"<{name}> is not for mails: {BANNED[name]}"
    component = name.startswith("mj-") or name == "mjml"
    if component and name not in KNOWN:
        return f"<{name}> is not a component the compiler knows"
    if parent == "mj-attributes":
        return "" if component and name != "mjml" else f"<{name}> is no component"
    if parent in CHILDREN:
        place = f"in <{parent}>" if parent else "at the top"
        return "" if name in CHILDREN[parent] else f"<{name}> may not stand {place}"
    return f"<{name}> may not stand in <{parent}>" if component else ""


def unkept_attribute(name: str, attributes: str) -> str:
    """Return why one of a tag's attributes would not reach the mail as written, or nothing."""
    seen = set()
    for attribute in ATTRIBUTE.finditer(attributes):
        key, value = attribute["name"], attribute["value"][1:-1].strip()
        if key in DROPPED.get(name, ()):
            return f"the compiler drops {key} of <{name}>"
        if key in seen:
            return f"{key} stands twice in <{name}>"
        if reason := NOT_DONE.get((name, key, value)):
            return f'{key}="{value}" of <{name}>: {reason}'
        if key == "mj-class" and len(value.split()) > 1:
            return "of several mj-class the compiler takes the first, others take the last"
        seen.add(key)
    return ""
