"""Which addresses may stand for a host of articles, or for a newsletter's own reader pages."""

from digest.config.file import Config
from digest.config.newsletter import MirrorConfig, NewsletterConfig, names_it
from digest.mirrors import PAGES, Mirrored, Order, choose


def mirrors_of(configured: NewsletterConfig, site: str) -> tuple[Mirrored, ...]:
    """Return all that is mirrored, each with its list: the mirrors in their order, the original
    last. `site` is where the reader pages are without any mirror.

    A guarded newsletter's list leaves out an original that holds a guarded name.
    """
    return tuple(_listed(mirror, configured, site) for mirror in configured.mirrors)


def _listed(mirror: MirrorConfig, configured: NewsletterConfig, site: str) -> Mirrored:
    every = [*mirror.at, *_original(mirror, configured, site)]
    return Mirrored(mirror.of, tuple(dict.fromkeys(every)))


def _original(mirror: MirrorConfig, configured: NewsletterConfig, site: str) -> list[str]:
    original = site if mirror.of == PAGES else f"https://{mirror.of}"
    names = configured.guarded_names if configured.guarded else []
    return [] if any(names_it(original, name) for name in names) else [original]


def pages_at(config: Config, configured: NewsletterConfig, order: Order | None) -> str:
    """Return the address, without a slash, under which readers find their pages now: the first
    mirror in the present order, or `Config.site_of` where there is none.
    """
    site = config.site_of(configured)
    chosen = choose(mirrors_of(configured, site), order)
    return chosen.get(PAGES, [site])[0]
