"""All checks by id, in the order in which they are run; a new module of checks is named here."""

from collections.abc import Mapping

from digest.press.preflight.checks import (
    colours,
    compiled,
    content,
    envelope,
    guarded,
    leaving,
    links,
    markup,
    mirrors,
    mirrors_online,
    online,
    pictures,
    plain,
    size,
    spam,
    structure,
    watched,
)
from digest.press.preflight.registry import Check, gathered

CHECKS: Mapping[str, Check] = gathered(
    *(compiled, size, leaving, links, pictures, colours, structure),
    *(envelope, plain, markup, spam, content, guarded, mirrors, online, mirrors_online, watched),
)
# What only `--online` can find; kept for as long as the version they speak of is the present one.
ONLINE: frozenset[str] = frozenset(gathered(online, mirrors_online))
