"""Links by way of mirrors: a slot where the host was, and later the address that was chosen.

When an issue is set, `through` writes a slot's marker in place of each mirrored host. When its
audience is frozen one address is chosen for all copies, and `fold` puts it into the fixed segments:
a copy costs what it cost without.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from digest.errors import Refused
from digest.mirrors import (
    FIRST,
    PAGES,
    PICTURES,
    Mirrored,
    Order,
    choose,
    first_slot,
    is_mirror_slot,
    mirrored_by,
    second_slot,
)
from digest.rendering.links import is_reader_link
from digest.rendering.markers import Part, join_neighbours
from digest.rendering.stored import Rendering
from digest.rendering.view import IssueView, PickView, PictureView

Change = Callable[[str], str]


def changer(mirrors: Iterable[Mirrored], address_of: Callable[[str], str]) -> Change:
    """Return what changes every mirrored address in a text, whole or part of it.

    A host is mirrored with ``www.`` before it or not, at the usual ports; `address_of` tells what
    comes in place of scheme and host. Of the reader pages, pictures alone are led to here: links
    to pages are a reader's own, and made with the copy.
    """
    mirrors = tuple(mirrors)
    of_hosts, of_pictures = _of_hosts(mirrors, address_of), _of_pictures(mirrors, address_of)
    return lambda text: of_pictures(of_hosts(text))


def _of_pictures(mirrors: Iterable[Mirrored], address_of: Callable[[str], str]) -> Change:
    sites = sorted((at for m in mirrors if m.of == PAGES for at in m.at), key=len, reverse=True)
    if not sites:
        return lambda text: text
    pattern = re.compile(rf"(?:{'|'.join(map(re.escape, sites))})(?={PICTURES})")
    return lambda text: pattern.sub(lambda _: address_of(PAGES), text)


def _of_hosts(mirrors: Iterable[Mirrored], address_of: Callable[[str], str]) -> Change:
    hosts = {name: m.of for m in mirrors if m.of != PAGES for name in _written(m.of)}
    if not hosts:
        return lambda text: text
    names = "|".join(map(re.escape, sorted(hosts, key=len, reverse=True)))
    # What follows must end the host: neither more of a name, nor another port, nor a log-in.
    pattern = re.compile(
        rf"\bhttps?://(?:www\.)?({names})(?::(?:80|443)(?!\d))?(?![\w:@-]|\.[\w-])(?=([?#]?))", re.I
    )

    def changed(found: re.Match[str]) -> str:
        return address_of(hosts[found[1].lower()]) + ("/" if found[2] else "")

    return lambda text: pattern.sub(changed, text)


def rest_behind(url: str, mirror: Mirrored) -> str | None:
    """Return what comes behind scheme and host of an address that is mirrored, None when it is not
    mirrored: ``/2026/strike`` of ``https://courier.example/2026/strike``.
    """
    rest = changer([mirror], lambda _: "")(url)
    return None if rest == url else rest


def _written(host: str) -> set[str]:
    """Return a host as links write it: in ASCII, and in its own letters."""
    try:
        return {host, host.encode().decode("idna").lower()}
    except UnicodeError:
        return {host}


def through(view: IssueView, change: Change) -> IssueView:
    """Return the issue with its links changed: of articles, in their texts, of pictures, and of the
    newsroom's site. Links to give money stay: a mirror takes none.
    """
    topper = view.topper and replace(view.topper, text=change(view.topper.text))
    return replace(
        view,
        topper=topper,
        lead=view.lead and _pick_through(view.lead, change),
        sections=tuple(
            replace(section, picks=tuple(_pick_through(pick, change) for pick in section.picks))
            for section in view.sections
        ),
        logo=_picture_through(view.logo, change),
        about=change(view.about),
        site_url=change(view.site_url),
        privacy_url=change(view.privacy_url),
    )


def _pick_through(pick: PickView, change: Change) -> PickView:
    return replace(
        pick,
        url=change(pick.url),
        blurb=change(pick.blurb),
        picture=_picture_through(pick.picture, change),
        whole_html=change(pick.whole_html),
    )


def _picture_through(picture: PictureView | None, change: Change) -> PictureView | None:
    return picture and replace(picture, url=change(picture.url))


def marked(view: IssueView, slot: Callable[[str], str]) -> IssueView:
    """Return the issue with markers in place of the mirrored hosts; `slot` makes them."""
    return through(view, changer(view.mirrors, lambda of: slot(first_slot(of))))


def second_way(view: IssueView, slot: Callable[[str], str]) -> str:
    """Return where to try when a link does not open, or nothing where there is no second address:
    this issue at the next mirror of the reader pages, else the next mirror of the articles.
    """
    more = sorted((m for m in view.mirrors if len(m.at) > 1), key=lambda m: m.of != PAGES)
    if not more:
        return ""
    page = f"/i/{view.public_id}" if more[0].of == PAGES and view.public_id else ""
    return slot(second_slot(more[0].of)) + page


def fold(rendering: Rendering, chosen: Order) -> Rendering:
    """Return a rendering with the chosen addresses in its fixed segments, and no mirror's slot.

    Refused when an address is missing, or none of those that were approved.
    """
    if not rendering.mirrors:
        return rendering
    addresses = dict(_addresses(rendering.mirrors, chosen))
    return replace(
        rendering,
        html=_folded(rendering.html, {slot: html.escape(a) for slot, a in addresses.items()}),
        text=_folded(rendering.text, addresses),
        mirrors=(),
    )


def shown(rendering: Rendering, wanted: Order | None) -> Rendering:
    """Return a rendering as `fold` does, in the wanted order, for whoever looks at it: what is
    wanted and was not approved is passed over.
    """
    return fold(rendering, choose(rendering.mirrors, wanted))


def listed(renderings: Iterable[Rendering]) -> tuple[Mirrored, ...]:
    """Return what is mirrored in an issue, with the approved addresses; each once."""
    return tuple({m.of: m for rendering in renderings for m in rendering.mirrors}.values())


def _addresses(mirrors: Sequence[Mirrored], chosen: Order) -> Iterable[tuple[str, str]]:
    for mirror in mirrors:
        order = chosen.get(mirror.of, ())
        if not order:
            raise Refused(f"no address was chosen for {mirror.of}")
        for name, address in zip((first_slot, second_slot), order, strict=False):
            if address not in mirror.at or not is_reader_link(address):
                raise Refused(f"{address} is no approved mirror of {mirror.of}")
            yield name(mirror.of), address


def _folded(parts: Sequence[Part], addresses: Mapping[str, str]) -> tuple[Part, ...]:
    return join_neighbours(
        Part(_address(p.slot, addresses), block=p.block) if is_mirror_slot(p.slot) else p
        for p in parts
    )


def _address(slot: str, addresses: Mapping[str, str]) -> str:
    if slot not in addresses:
        which = "first" if slot.startswith(f"{FIRST}:") else "second"
        raise Refused(f"no {which} address was chosen for {mirrored_by(slot)}")
    return addresses[slot]
