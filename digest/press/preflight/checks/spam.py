"""Group 11: what SpamAssassin says, where it was asked."""

from collections.abc import Iterator

from digest.press.preflight.findings import Level
from digest.press.preflight.material import Material, SpamScore
from digest.press.preflight.registry import Said, check

MANY_POINTS, TOO_MANY_POINTS = 2.0, 4.0  # its own limit is 5, and the network's tests come on top


@check("spam-too-much", Level.BLOCK, "SpamAssassin would nearly call it spam.")
def too_much(material: Material) -> Iterator[Said]:
    """From 4 points, without asking the network."""
    if material.spam and material.spam.points >= TOO_MANY_POINTS:
        yield Said(_words(material.spam))


@check("spam-much", Level.WARN, "SpamAssassin has something against it.")
def much(material: Material) -> Iterator[Said]:
    """From 2 points, without asking the network."""
    if material.spam and MANY_POINTS <= material.spam.points < TOO_MANY_POINTS:
        yield Said(_words(material.spam))


def _words(spam: SpamScore) -> str:
    rules = ", ".join(f"{name} {points:g}" for name, points in spam.rules[:5])
    return f"SpamAssassin gives {spam.points:g} points: {rules or 'it names no rule'}"
