"""What a style sheet asks of a mail program: at-rules, pseudo-classes, properties and values.

A reader of the CSS our templates write, not of all there is: braces, semicolons, comments and
quotes are told apart, the rest is looked for with patterns.
"""

import re
from dataclasses import dataclass

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
FEATURE = re.compile(r"\((?:any-)?(prefers-[a-z-]+|orientation|hover|-webkit-[a-z-]+)")
PSEUDO = re.compile(r"::?[a-z-]+")
FUNCTION = re.compile(r"([a-z-]+)\(")


@dataclass(frozen=True, slots=True)
class Styling:
    """What was asked for, each by its name as caniemail writes it."""

    at_rules: frozenset[str]
    pseudos: frozenset[str]
    properties: frozenset[str]
    values: frozenset[str]  # such as display:flex
    functions: frozenset[str]
    nested_at: bool  # an at-rule stands in another


def read_styling(sheets: tuple[str, ...], styles: tuple[str, ...]) -> Styling:
    """Return what style sheets and ``style`` attributes ask for."""
    at_rules: set[str] = set()
    selectors: list[str] = []
    declarations = [*styles]
    nested = False
    for sheet in sheets:
        inside = 0
        levels: list[bool] = []
        for prelude, mark in _steps(QUOTED.sub("''", COMMENT.sub("", sheet))):
            is_at = prelude.startswith("@")
            if is_at:
                at_rules.update(_at_names(prelude))
                nested = nested or inside > 0
            if mark == "{":
                levels.append(is_at)
                inside += is_at
                selectors += [] if is_at else [prelude]
            elif not is_at:
                declarations.append(prelude)
            if mark == "}" and levels:
                inside -= levels.pop()
    return _styling(at_rules, selectors, declarations, nested)


def _steps(css: str) -> list[tuple[str, str]]:
    """Return the texts before each brace and semicolon, with the mark they end at."""
    steps = re.split(r"([{};])", css)
    return [(text.strip(), mark) for text, mark in zip(steps[::2], [*steps[1::2], ""], strict=True)]


def _at_names(prelude: str) -> set[str]:
    name = re.match(r"@[a-z-]*", prelude.lower())
    names = {name[0]} if name else set()
    return names | {f"@media ({feature})" for feature in FEATURE.findall(prelude.lower())}


def _styling(
    at_rules: set[str], selectors: list[str], declarations: list[str], nested: bool
) -> Styling:
    pairs = [
        (name.strip().lower(), value.replace("!important", "").strip().lower())
        for text in declarations
        for name, colon, value in (part.partition(":") for part in text.split(";"))
        if colon
    ]
    return Styling(
        at_rules=frozenset(at_rules),
        pseudos=frozenset(found for one in selectors for found in PSEUDO.findall(one.lower())),
        properties=frozenset(name for name, _ in pairs),
        values=frozenset(f"{name}:{value}" for name, value in pairs),
        functions=frozenset(found for _, value in pairs for found in FUNCTION.findall(value)),
        nested_at=nested,
    )
