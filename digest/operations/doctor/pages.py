"""PAGES, MIRROR, CLOCK-2: what readers and their mail programs find at our addresses, as seen from
here.
"""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from digest.config import mirrors_of
from digest.curation.newsletters import find_newsletter
from digest.errors import FetchFailed, NotFound
from digest.fetch import Fetched
from digest.operations.doctor.case import Case, side_by_side
from digest.operations.doctor.findings import Said, note, warn, well, wrong
from digest.operations.doctor.names import is_here
from digest.operations.doctor.relays import judge_certificate
from digest.press.mirror_probe import Probed, probe, questions

OFF_SECONDS = 5.0  # a Date has whole seconds, and an answer takes a while
FAR_OFF_SECONDS = 60.0


def _health(case: Case, site: str) -> Fetched:
    return case.once(("health", site), lambda: case.app.fetcher.get(f"{site}/health"))


def _public_sites(case: Case) -> list[str]:
    config = case.app.config
    sites = [config.site_of(newsletter) for newsletter in config.newsletters]
    sites = list(dict.fromkeys([config.web.public_url, *sites]))
    return [site for site in sites if not is_here(urlsplit(site).hostname or "")]


def check_pages(case: Case) -> Iterator[Said]:
    """PAGES-1: the reader pages answer at their public address, without a redirect."""
    for said in side_by_side(lambda site: list(_page(case, site)), _public_sites(case)):
        yield from said


def _page(case: Case, site: str) -> Iterator[Said]:
    try:
        found = _health(case, site)
    except FetchFailed as error:
        yield wrong(str(error), _advice(str(error)))
        return
    yield from judge_page(site, found, case.app.clock.now())


def _advice(problem: str) -> str:
    if "not on the public internet" in problem:
        return (
            "from this machine the name leads to a private address: ask from outside, or open that "
            "network in fetch.allow_networks"
        )
    if "cannot be resolved" in problem:
        return "give that name an address in the DNS, or correct public_url"
    if "certificate" in problem:
        return "renew the certificate of the reverse proxy, with its whole chain"
    return "see that the reverse proxy runs and hands everything to digest web"


def judge_page(site: str, found: Fetched, now: datetime) -> Iterator[Said]:
    """Judge what came from the /health of a site."""
    if found.url.rstrip("/") != f"{site}/health":
        yield wrong(
            f"{site}: it redirects to another address, and a one-click POST becomes a GET on it",
            "set public_url to where the pages really are",
        )
    elif found.body.strip() != b"ok":
        yield wrong(
            f"{site}: something else answers there, not the reader pages",
            "let the reverse proxy hand everything below public_url to digest web",
        )
    else:
        yield well(f"{site}: the reader pages answer")
    if found.certificate_ends is not None:
        yield judge_certificate(site, found.certificate_ends, now)


def check_time(case: Case) -> Iterator[Said]:
    """CLOCK-2: this machine's clock agrees with that of the server before the public pages."""
    for site in _public_sites(case):
        try:
            found = _health(case, site)
        except FetchFailed:
            continue  # PAGES-1 says it
        if found.served_at is not None:
            off = (found.served_at - case.app.clock.now()).total_seconds()
            yield judge_time(urlsplit(site).hostname or site, off)


def judge_time(host: str, off: float) -> Said:
    """Judge by how many seconds another machine's clock is before ours."""
    if abs(off) <= OFF_SECONDS:
        return well(f"the clock agrees with that of {host}")
    say = warn if abs(off) < FAR_OFF_SECONDS else wrong
    return say(
        f"the clock is {abs(off):,.0f} seconds {'behind' if off > 0 else 'before'} that of {host}",
        "find out which of the two is right: mail with a wrong Date is refused",
    )


def check_mirrors(case: Case) -> Iterator[Said]:
    """MIRROR-1: every mirror answers from here, under the title of what it mirrors."""
    for configured in case.app.config.newsletters:
        if not configured.mirrors:
            continue
        mirrors = mirrors_of(configured, case.app.config.site_of(configured))
        try:
            with case.app.db.read() as session:
                newsletter = find_newsletter(session, configured.slug)
                asked = questions(session, newsletter.id, mirrors)
        except NotFound as error:
            yield wrong(str(error), "digest migrate")
            continue
        yield from judge_mirrors(configured.slug, probe(case.app.fetcher, asked))


def judge_mirrors(slug: str, found: list[Probed]) -> Iterator[Said]:
    """Judge how the mirrors of a newsletter, and their originals, answered."""
    for one in found:
        if not one.problem:
            yield well(f"{slug}: {one.address} answers for {one.of}")
    for one in found:
        if one.problem:
            left = any(other.of == one.of and not other.problem for other in found)
            say = note if left else wrong
            yield say(
                f"{slug}: {one.address} for {one.of}: {one.problem}",
                f"digest mirrors probe {slug} puts those first that answer",
            )
