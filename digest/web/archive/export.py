"""The archive as a folder of files, for any web server and any mirror, an onion address included.

Every link is relative and nothing is fetched but linked pictures, so the folder also opens from a
disk. It holds no reader's token: its issues are nobody's copies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from markupsafe import Markup

from digest.blocks import FULL
from digest.config import Config
from digest.db import Database
from digest.press.archive.past import (
    PastIssue,
    find_around,
    find_edition,
    find_order,
    list_editions,
)
from digest.rendering.offline import shown_inside
from digest.rendering.stored import OFFLINE
from digest.web.archive.cards import head_of, issue_card
from digest.web.archive.corrected_page import with_corrections
from digest.web.archive.feed import ENTRIES, atom_feed
from digest.web.archive.folder import Folder
from digest.web.archive.issue_page import (
    issue_bar,
    nobodys_copy,
    with_bar,
    with_head,
    without_linked_pictures,
)
from digest.web.archive.lists import (
    Slice,
    Template,
    headline_list,
    issue_list,
    list_head,
    slices_of,
)
from digest.web.archive.opened import Archive, find_archive
from digest.web.archive.places import (
    FEED,
    FIRST_PAGE,
    HEADLINES_PAGE,
    OFFLINE_PAGE,
    OWN_COPY_PAGE,
    Addresses,
    file_addresses,
    file_index,
    file_issue,
)
from digest.web.pages import Pages

NOT_FOUND_PAGE = "404.html"
NOWHERE = Addresses(index="", issue="", page="", feed="")

Progress = Callable[[int, int], None]
Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Options:
    """`base` is the address, without a slash at its end, under which the folder will be found;
    empty where nobody knows. Without `pictures`, linked ones are left out.
    """

    base: str = ""
    pictures: bool = True


@dataclass(slots=True)
class Exported:
    """What an export did: the names of files that were written and removed, and how many stayed."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0


def export_archive(
    db: Database,
    config: Config,
    pages: Pages,
    slug: str,
    folder: Path,
    options: Options,
    progress: Progress,
) -> Exported:
    """Bring a folder up to date with an archive.

    NotFound when there is no such archive; Refused when the folder holds something else in a place
    that is needed. May be cut short at any moment, and run again.
    """
    done = Exported()
    kept = Folder(folder, slug)
    with db.read() as session:
        archive = find_archive(session, config, slug)
        files = dict(Files(archive, pages, options).planned())
        kept.claim(files)
        for number, (name, make) in enumerate(files.items(), 1):
            if kept.put(name, make()):
                done.written.append(name)
            else:
                done.unchanged += 1
            progress(number, len(files))
    done.removed = kept.finish()
    return done


class Files:
    """The files of one archive: which there are, and what is in each."""

    def __init__(self, archive: Archive, pages: Pages, options: Options) -> None:
        self._archive = archive
        self._configured = archive.configured
        self._pages = pages
        self._words = pages.words(archive.masthead.language)
        self._options = options
        self._entries = archive.entries()
        self._issues = archive.read(*self._entries)
        self._kept = list_editions(archive.session, archive.newsletter_id)
        self._addresses = file_addresses(options.base) if options.base else NOWHERE
        self._places = file_index(feed=bool(options.base))

    def planned(self) -> Iterator[tuple[str, Make]]:
        """Yield the name of each file, and what makes its content."""
        for part in slices_of(self._issues):
            yield self._places.page_at(part.number), partial(self._list, part)
        yield HEADLINES_PAGE, self._headlines
        for issue in self._issues:
            yield f"{issue.number}/{FIRST_PAGE}", partial(self._issue, issue)
            if self._is_kept(issue):
                yield f"{issue.number}/{OFFLINE_PAGE}", partial(self._offline, issue)
        yield OWN_COPY_PAGE, partial(self._plain, "own_copy.html")
        yield NOT_FOUND_PAGE, partial(self._plain, "not_found.html")
        if self._options.base:
            yield FEED, self._feed

    def _list(self, part: Slice[PastIssue]) -> bytes:
        title = self._words.gettext("Past issues")
        head = self._list_head(title, self._addresses.page_at(part.number))
        return self._shown(issue_list(self._configured, self._places, part, head))

    def _headlines(self) -> bytes:
        head = self._list_head(self._words.gettext("All headlines"), self._addresses.headlines)
        return self._shown(headline_list(self._configured, self._places, self._issues, head))

    def _list_head(self, title: str, url: str) -> Markup:
        tagline = self._archive.publication.tagline
        feed = self._places.feed
        head = list_head(self._configured, title, url=url, feed=feed, description=tagline)
        return _policy("data:") + head

    def _shown(self, page: Template) -> bytes:
        template, values = page
        return self._plain(template, **values)

    def _plain(self, template: str, **values: object) -> bytes:
        html, _ = self._pages.render(template, self._archive.masthead, **values)
        return html.encode()

    def _issue(self, issue: PastIssue) -> bytes:
        pictures = self._options.pictures
        around = find_around(self._entries, issue.number)
        rendering = find_edition(self._archive.session, around.entry, FULL)
        places = file_issue(feed=bool(self._options.base), offline=self._is_kept(issue))
        page = nobodys_copy(rendering, places, FIRST_PAGE)
        page = page if pictures else without_linked_pictures(page)
        url = self._addresses.issue_at(issue.number)
        card = issue_card(issue, self._configured, url=url, pictures=pictures)
        sources = "data: https: http:" if pictures else "data:"
        page = with_head(page, _policy(sources) + head_of(card, feed=places.feed))
        page = self._corrected(page, issue)
        page = with_bar(page, issue_bar(self._pages, self._archive.masthead, around, places))
        return shown_inside(page, rendering.pictures).encode()

    def _is_kept(self, issue: PastIssue) -> bool:
        return (issue.id, OFFLINE) in self._kept

    def _offline(self, issue: PastIssue) -> bytes:
        entry = find_around(self._entries, issue.number).entry
        rendering = find_edition(self._archive.session, entry, OFFLINE)
        page = "".join(part.text for part in rendering.html)
        return self._corrected(page, issue).encode()

    def _corrected(self, page: str, issue: PastIssue) -> str:
        order = find_order(self._archive.session, issue.id)
        masthead = self._archive.masthead
        return with_corrections(page, self._pages, masthead, issue.corrections, order)

    def _feed(self) -> bytes:
        issues = self._issues[:ENTRIES]
        word = self._words.gettext("Correction")
        return atom_feed(self._archive.publication, issues, self._addresses, correction=word)


def _policy(pictures: str) -> Markup:
    """Return the policy of a file. Its style is not named by a hash: a mail has styles all over."""
    return Markup('<meta http-equiv="Content-Security-Policy" content="{}">\n').format(
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"img-src {pictures}; base-uri 'none'; form-action 'none'"
    )
