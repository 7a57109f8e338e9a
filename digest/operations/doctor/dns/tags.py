"""Lists of ``tag=value``, as DKIM keys, DKIM signatures and DMARC records are written (RFC 6376,
3.2); pure.
"""

from digest.errors import BadInput


def read_tags(text: str) -> dict[str, str]:
    """Return the tags in their order, blanks around them taken away; BadInput for what is no such
    list, or has a tag twice.
    """
    tags: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name:
            raise BadInput(f"{part.strip()[:40]!r} is not tag=value")
        if name in tags:
            raise BadInput(f"the tag {name[:20]!r} is there twice")
        tags[name] = value.strip()
    return tags
