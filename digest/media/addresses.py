"""Where everybody finds a print: below the reader pages, by the name of its content, the same for
every reader. Pure.
"""

from collections.abc import Iterable

from digest.media.store import NAME
from digest.mirrors import PICTURES


def address_of(site: str, name: str) -> str:
    """Return the address of a print below the reader pages at `site`."""
    return f"{site}{PICTURES}{name}"


def name_in(url: str, sites: Iterable[str]) -> str | None:
    """Return the name of the print that an address leads to, None when it is none of ours; `sites`
    are all the places of our pages.
    """
    for site in sites:
        name = url.removeprefix(f"{site}{PICTURES}")
        if name != url and NAME.fullmatch(name):
            return name
    return None
