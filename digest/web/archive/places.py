"""Where the parts of an archive are, seen from one of its pages: every link is relative, so that it
holds below any path, on any host, and on a mirror.
"""

from dataclasses import dataclass

FIRST_PAGE = "index.html"
HEADLINES_PAGE = "headlines.html"
OWN_COPY_PAGE = "own-copy.html"
OFFLINE_PAGE = "offline.html"
FEED = "feed.atom"


@dataclass(frozen=True, slots=True)
class Places:
    """The links of one page. Those to issues and to further pages hold ``{number}``; an empty one
    leads nowhere and is not shown.
    """

    index: str
    issue: str
    page: str = ""
    feed: str = ""
    join: str = ""
    offline: str = ""
    own_copy: str = ""
    headlines: str = ""
    search: bool = False

    def issue_at(self, number: int) -> str:
        """Return the link to an issue."""
        return self.issue.format(number=number)

    def page_at(self, number: int) -> str:
        """Return the link to a page of the list, counted from 1."""
        return self.page.format(number=number) if number > 1 else self.index


def served_index(slug: str, *, joins: bool) -> Places:
    """Return the links of ``/n/<slug>/archive``."""
    return Places(
        index="archive",
        issue="archive/{number}",
        page="archive?page={number}",
        feed=FEED,
        join=f"../{slug}" if joins else "",
        search=True,
    )


def served_issue(slug: str, public_id: str, *, joins: bool, offline: bool) -> Places:
    """Return the links of ``/n/<slug>/archive/<number>``."""
    return Places(
        index="../archive",
        issue="{number}",
        feed=f"../{FEED}",
        join=f"../../{slug}" if joins else "",
        offline=f"../../../i/{public_id}/{OFFLINE_PAGE}" if offline else "",
        own_copy="../../../own-copy",
    )


def file_index(*, feed: bool) -> Places:
    """Return the links of the pages at the top of a folder."""
    return Places(
        index=FIRST_PAGE,
        issue=f"{{number}}/{FIRST_PAGE}",
        page="page-{number}.html",
        feed=FEED if feed else "",
        headlines=HEADLINES_PAGE,
    )


def file_issue(*, feed: bool, offline: bool) -> Places:
    """Return the links of an issue's page in a folder."""
    return Places(
        index=f"../{FIRST_PAGE}",
        issue=f"../{{number}}/{FIRST_PAGE}",
        feed=f"../{FEED}" if feed else "",
        offline=OFFLINE_PAGE if offline else "",
        own_copy=f"../{OWN_COPY_PAGE}",
        headlines=f"../{HEADLINES_PAGE}",
    )


@dataclass(frozen=True, slots=True)
class Addresses:
    """The same for those who come from elsewhere: absolute URLs."""

    index: str
    issue: str
    page: str
    feed: str
    headlines: str = ""

    def issue_at(self, number: int) -> str:
        """Return the address of an issue."""
        return self.issue.format(number=number)

    def page_at(self, number: int) -> str:
        """Return the address of a page of the list, counted from 1."""
        return self.page.format(number=number) if number > 1 else self.index


def served_addresses(site: str, slug: str) -> Addresses:
    """Return the addresses of an archive below the reader pages at `site`."""
    # Braces in a configured URL are no place of ours.
    archive = f"{_plain(site)}/n/{slug}/archive"
    return Addresses(
        index=f"{site}/n/{slug}/archive",
        issue=f"{archive}/{{number}}",
        page=f"{archive}?page={{number}}",
        feed=f"{site}/n/{slug}/{FEED}",
    )


def file_addresses(base: str) -> Addresses:
    """Return the addresses of a folder of files that is found at `base`, without a slash."""
    return Addresses(
        index=f"{base}/{FIRST_PAGE}",
        issue=f"{_plain(base)}/{{number}}/{FIRST_PAGE}",
        page=f"{_plain(base)}/page-{{number}}.html",
        feed=f"{base}/{FEED}",
        headlines=f"{base}/{HEADLINES_PAGE}",
    )


def _plain(address: str) -> str:
    return address.replace("{", "{{").replace("}", "}}")
