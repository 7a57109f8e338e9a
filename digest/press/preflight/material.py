"""Everything the checks may look at, as frozen values: the issue, its editions filled for the
reader with the longest values, what the database knows of the articles, what the outside answered.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

from digest.config import NewsletterConfig
from digest.curation.watches import Watched
from digest.mirrors import PAGES, Mirrored, Order, choose
from digest.press.preflight.hosts import host_of, scheme_of
from digest.press.preflight.page import Page, read_page
from digest.press.preflight.rules import Rules
from digest.press.preflight.sheets import Styling, read_styling
from digest.press.preview import neutral_values
from digest.press.proofs import build_proof
from digest.rendering.layout import edition_of
from digest.rendering.mirroring import changer, fold, listed, rest_behind, through
from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView, PickView

LOOPBACK = re.compile(r"http://(127\.|localhost|\[::1\])")
# As long as they come: our own tokens have some 90 characters, and 60 are many for an address.
LONG_TOKEN = "x" * 160
LONG_ADDRESS = f"{'reader' * 8}@{'mail' * 4}.example"
LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff"


@dataclass(frozen=True)
class Edition:
    """One edition as the reader with the longest values gets it, every block shown."""

    rendering: Rendering
    view: IssueView  # with what this edition shows of it
    html: str
    text: str
    message: bytes  # a whole copy that names nobody, but for pictures that are sent along

    @cached_property
    def page(self) -> Page:
        """Its HTML, read."""
        return read_page(self.html)

    @cached_property
    def styling(self) -> Styling:
        """What its style sheets and attributes ask for."""
        return read_styling(self.page.sheets, self.page.styles)


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """What the database knows of a picked article."""

    url: str
    canonical_url: str
    title: str
    published_at: datetime | None
    id: int | None = None
    ran_before_allowed: str = ""  # why an editor says that it may run again
    watched: Watched | None = None  # what the drift watch saw last


@dataclass(frozen=True, slots=True)
class EarlierPick:
    """An article in an issue of this newsletter that was approved or sent."""

    number: int
    day: date | None
    headline: str
    canonical_url: str
    title: str = ""  # the article's own


@dataclass(frozen=True, slots=True)
class SpamScore:
    """What SpamAssassin says: points, and the rules that gave some, the costliest first."""

    points: float
    rules: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a link or a picture. `status` is 0 where nothing came back; `problem` says
    why it is no use, empty when it is.
    """

    status: int = 200
    problem: str = ""
    url: str = ""  # after redirects, and as the page itself names it
    title: str = ""  # of a page
    size: int = 0  # bytes
    width: int = 0  # of a picture, in pixels; 0 when unknown
    height: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A mirror of a host of articles, and an article that must be there as well."""

    of: str
    address: str
    url: str  # where the article should be
    pick: PickView


@dataclass(frozen=True)
class Material:
    """One issue on the table. `answers` is None when nobody was asked."""

    view: IssueView
    editions: tuple[Edition, ...]
    newsletter: NewsletterConfig
    rules: Rules
    now: datetime
    why: str  # the sentence that says why the reader gets this
    articles: Mapping[str, ArticleFacts] = field(default_factory=dict)  # by URL
    earlier: Sequence[EarlierPick] = ()
    spam: SpamScore | None = None
    answers: Mapping[str, Answer] | None = None
    reader_pages: str = ""  # where copies find them; their links carry readers' tokens
    mirrors: tuple[Mirrored, ...] = ()
    originals: Mapping[str, str] = field(default_factory=dict)  # by what a pick's link became
    spare: frozenset[str] = frozenset()  # addresses that are printed to be tried next

    @cached_property
    def picks(self) -> tuple[PickView, ...]:
        """The picks in reading order."""
        return picks_of(self.view)

    @cached_property
    def largest(self) -> Edition:
        """The edition with the most HTML."""
        return max(self.editions, key=lambda edition: len(edition.html.encode()))

    @cached_property
    def headlines(self) -> Mapping[str, str]:
        """Headlines by the URL of article and picture, to say what a finding is about."""
        pictures = {pick.picture.url: pick.headline for pick in self.picks if pick.picture}
        return {**pictures, **{pick.url: pick.headline for pick in self.picks}}

    def headline_of(self, url: str) -> str:
        """Return the headline of the pick a URL belongs to, or nothing."""
        return self.headlines.get(url, "")

    def article_of(self, headline: str) -> int | None:
        """Return the id of the article that is picked under a headline, the first one's where two
        have the same.
        """
        url = next((pick.url for pick in self.picks if pick.headline == headline), "")
        facts = self.articles.get(url)
        return facts.id if facts else None

    @property
    def is_trial(self) -> bool:
        """Whether all of it lives on one machine, so that links to it are meant: the demo, or
        somebody's first try.
        """
        return LOOPBACK.match(pages_of(self.newsletter, self.rules)) is not None

    def is_own(self, url: str) -> bool:
        """Return whether a URL is one of this instance's own pages, by way of a mirror or not."""
        sites = [self.reader_pages, *(a for m in self.mirrors if m.of == PAGES for a in m.at)]
        return any(f"{url}/".startswith(f"{site}/") for site in sites)

    def original_of(self, url: str) -> str:
        """Return where a pick's article is without any mirror."""
        return self.originals.get(url, url)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Every mirror of articles, with the first article of the issue that it should have."""
        return tuple(trial for mirror in self.mirrors for trial in self._trials_of(mirror))

    def _trials_of(self, mirror: Mirrored) -> Iterator[Trial]:
        for pick in self.picks:
            rest = rest_behind(self.original_of(pick.url), mirror)
            if rest is not None:
                for address in mirror.at:
                    if host_of(address) != host_of(f"https://{mirror.of}"):
                        yield Trial(mirror.of, address, f"{address}{rest}", pick)
                return

    def asked_for(self) -> Iterator[str]:
        """Yield the addresses that are asked for online, each once: links, pictures, mirrors."""
        yield from dict.fromkeys([*self.web_links(), *(trial.url for trial in self.trials)])

    def web_links(self) -> Iterator[str]:
        """Yield the addresses that a reader may be led to, each once: links, then pictures."""
        pages = [edition.page for edition in self.editions]
        urls = [link.url for page in pages for link in page.links]
        urls += [image.url for page in pages for image in page.images]
        for url in dict.fromkeys(urls):
            is_web = scheme_of(url) in {"http", "https"} and url not in self.spare
            if is_web and not self.is_own(url):
                yield url


def picks_of(view: IssueView) -> tuple[PickView, ...]:
    """Return an issue's picks in reading order."""
    lead = (view.lead,) if view.lead else ()
    return (*lead, *(pick for section in view.sections for pick in section.picks))


def pages_of(newsletter: NewsletterConfig, rules: Rules) -> str:
    """Return the address of the reader pages, without a slash at the end."""
    return newsletter.public_url or rules.public_url or f"https://{newsletter.host}"


def set_out(
    view: IssueView,
    renderings: Sequence[Rendering],
    newsletter: NewsletterConfig,
    rules: Rules,
    *,
    why: str,
    now: datetime,
    order: Order | None = None,
) -> Material:
    """Return an issue's editions filled and ready to be judged, led by its mirrors in `order`.

    BadInput when no mail can be made of one, RenderingFailed when a slot has no value.
    """
    mirrors = listed(renderings)
    chosen = choose(mirrors, order)
    change = changer(mirrors, lambda of: chosen[of][0])
    site = chosen.get(PAGES, [pages_of(newsletter, rules)])[0]
    led, mails = through(view, change), [fold(one, chosen) for one in renderings if one.is_mail]
    return Material(
        view=led,
        editions=tuple(_edition(led, one, newsletter, site, now) for one in mails),
        reader_pages=site,
        mirrors=mirrors,
        spare=frozenset(address for order in chosen.values() for address in order[1:2]),
        originals={change(pick.url): pick.url for pick in picks_of(view)},
        newsletter=newsletter,
        rules=rules,
        now=now,
        why=why,
    )


def _edition(
    view: IssueView, rendering: Rendering, newsletter: NewsletterConfig, site: str, now: datetime
) -> Edition:
    values = longest_values(site)
    message = build_proof(
        replace(rendering, pictures=()),
        newsletter,
        to=newsletter.sender.address,
        public_url=site,
        issue_public_id="trial",
        now=now,
        mark="",
    )
    return Edition(
        rendering=rendering,
        view=edition_of(view, rendering.edition),
        html=fill_html(rendering, values),
        text=fill_text(rendering, values),
        message=message,
    )


def longest_values(site: str) -> ReaderValues:
    """Return the values of the reader whose copy is the largest, every block shown."""
    slots = {
        **neutral_values(site, "trial").slots,
        "unsubscribe_url": f"{site}/u/{LONG_TOKEN}",
        "remind_later_url": f"{site}/later/{LONG_TOKEN}",
        "address": LONG_ADDRESS,
        "first_name": LONG_NAME,
    }
    return ReaderValues(slots=slots)
