"""Group 14: other addresses of the same, for readers whose network blocks the first."""

from collections.abc import Iterator

from digest.config import mirrors_of
from digest.mirrors import PAGES
from digest.press.preflight.findings import Level
from digest.press.preflight.hosts import host_of, scheme_of
from digest.press.preflight.material import Material, pages_of
from digest.press.preflight.registry import Said, check
from digest.rendering.mirroring import rest_behind


@check("mirror-insecure", Level.BLOCK, "A mirror is asked over the wire unencrypted.")
def mirror_insecure(material: Material) -> Iterator[Said]:
    """http:// instead of https://. An instance on loopback is left alone."""
    if material.is_trial:
        return
    for mirror in material.mirrors:
        for address in mirror.at:
            if scheme_of(address) != "https":
                yield Said(f"the mirror {address} of {mirror.of} must be https://")


@check("mirror-same", Level.WARN, "A mirror is the very address that it should stand for.")
def mirror_same(material: Material) -> Iterator[Said]:
    """The original is the last resort anyway; a probe may put it first."""
    site = pages_of(material.newsletter, material.rules)
    for mirror in material.newsletter.mirrors:
        for address in mirror.at:
            same = address == site if mirror.of == PAGES else host_of(address) == mirror.of
            if same:
                yield Said(f"{address} is where {mirror.of} is already: it is no mirror")


@check("mirror-unlisted", Level.WARN, "A mirror is set up and not among those approved.")
def mirror_unlisted(material: Material) -> Iterator[Said]:
    """Copies lead only to addresses that were listed when the issue was approved."""
    approved = {mirror.of: mirror.at for mirror in material.mirrors}
    for mirror in mirrors_of(material.newsletter, pages_of(material.newsletter, material.rules)):
        for address in mirror.at:
            if address not in approved.get(mirror.of, ()):
                yield Said(f"{address} of {mirror.of} is new: approve again to have it used")


@check("mirror-none", Level.NOTE, "An article's host has no mirror, and others' hosts have.")
def mirror_none(material: Material) -> Iterator[Said]:
    """Where no host of articles is mirrored, nobody is told."""
    mirrors = [mirror for mirror in material.mirrors if mirror.of != PAGES]
    hosts: dict[str, str] = {}
    for pick in material.picks if mirrors else ():
        url = material.original_of(pick.url)
        if all(rest_behind(url, mirror) is None for mirror in mirrors):
            hosts.setdefault(host_of(url), pick.headline)
    for host, headline in hosts.items():
        yield Said(f"{host} has no mirror: who cannot open it cannot read on", headline)
