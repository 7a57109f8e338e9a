"""Group 10: tags and styles that mail programs refuse, or that not enough of them show."""

from collections.abc import Iterator

from digest.press.preflight import caniemail
from digest.press.preflight.findings import Level
from digest.press.preflight.material import Edition, Material
from digest.press.preflight.registry import Said, check

FORBIDDEN = (
    ("tags", caniemail.FORBIDDEN_TAGS),
    ("properties", caniemail.FORBIDDEN_PROPERTIES),
    ("values", caniemail.FORBIDDEN_VALUES),
    ("functions", caniemail.FORBIDDEN_FUNCTIONS),
    ("at_rules", caniemail.FORBIDDEN_AT_RULES),
)


@check("markup-forbidden", Level.BLOCK, "The mail uses what mail programs refuse or take apart.")
def forbidden(material: Material) -> Iterator[Said]:
    """Scripts, forms, frames, films, web fonts; position, flex, grid, variables, url()."""
    for kind, name in _used(material):
        if any(name in names for listed, names in FORBIDDEN if listed == kind):
            yield Said(f"{_written(kind, name)} has no place in a mail: a template is wrong")


@check("markup-unsafe", Level.WARN, "The mail uses what too few mail programs show.")
def unsafe(material: Material) -> Iterator[Said]:
    """What is not on the allow-list made of caniemail's data and our templates' needs."""
    for kind, name in _used(material):
        if any(name in names for listed, names in FORBIDDEN if listed == kind):
            continue
        if kind != "values" and not _is_allowed(kind, name):
            share = caniemail.per_cent(kind).get(name)
            known = "caniemail does not know it" if share is None else f"shown by {share} %"
            yield Said(f"{_written(kind, name)} is not safe in mail programs ({known})")


def _used(material: Material) -> Iterator[tuple[str, str]]:
    """Yield kind and name of everything used in any edition, each once."""
    used = {pair for edition in material.editions for pair in _used_by(edition)}
    yield from sorted(used)


def _used_by(edition: Edition) -> Iterator[tuple[str, str]]:
    styling = edition.styling
    yield from (("tags", tag) for tag in edition.page.tags)
    yield from (("properties", name) for name in styling.properties)
    yield from (("values", name) for name in styling.values)
    yield from (("functions", name) for name in styling.functions)
    yield from (("at_rules", name) for name in styling.at_rules)
    yield from (("pseudos", name) for name in styling.pseudos)


def _is_allowed(kind: str, name: str) -> bool:
    if kind == "properties":
        return caniemail.is_allowed_property(name)
    return name in caniemail.allowed(kind)


def _written(kind: str, name: str) -> str:
    return {"tags": f"<{name}>", "functions": f"{name}()"}.get(kind, name)
