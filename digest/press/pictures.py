"""The pictures of an issue: linked, sent along with every copy, or left out.

Pictures that are sent along are fetched here, once, before anything is compiled: a mail program
then asks nobody for them, and nobody learns who reads. Changes no file of a picture.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from digest.errors import BadInput, FetchFailed
from digest.rendering.stored import Embedded
from digest.rendering.view import IssueView, PickView, PictureView

ONE_MOST = 300_000  # bytes of one picture; each reader is sent all of them
ALL_MOST = 1_500_000
FILE_MOST = 3_000_000  # of all in an offline file, which is read once and not mailed
# How files begin that every mail program shows.
KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}

Fetch = Callable[[str], bytes]
Find = Callable[[str], bytes | None]
Change = Callable[[PictureView, str], PictureView | None]


def without_pictures(view: IssueView) -> IssueView:
    """Return the view without any picture; the name stands for the logo."""
    return _changed(view, lambda _picture, _place: None)


def embed_pictures(
    view: IssueView, fetch: Fetch, host: str
) -> tuple[IssueView, tuple[Embedded, ...]]:
    """Return the view with pictures that travel in the mail, and these pictures.

    `host` ends their Content-IDs. BadInput names the headline whose picture cannot be fetched, is
    of no kind that mail programs show, or makes the mail too heavy.
    """
    album = _Album(fetch, host)
    changed = _changed(view, album.place)
    if (total := sum(len(picture.data) for picture in album.pictures.values())) > ALL_MOST:
        raise BadInput(
            f"the pictures have {total:,} bytes, sent along with every copy; "
            f"more than {ALL_MOST:,} are too many: use smaller files, or fewer"
        )
    return changed, tuple(album.pictures.values())


def embed_own(view: IssueView, find: Find, host: str) -> tuple[IssueView, tuple[Embedded, ...]]:
    """Return the view with those pictures inside that `find` has at hand, up to FILE_MOST bytes,
    and these pictures; the others stay where they are.
    """
    own: dict[str, Embedded] = {}

    def inside(picture: PictureView, _place: str) -> PictureView:
        if picture.url not in own and (data := find(picture.url)) is not None:
            kind = _kind_of(data)
            total = len(data) + sum(len(each.data) for each in own.values())
            if kind is not None and total <= FILE_MOST:
                own[picture.url] = Embedded(_cid_of(data, host), kind, data)
        there = own.get(picture.url)
        return replace(picture, url=f"cid:{there.cid}") if there else picture

    return _changed(view, inside), tuple(own.values())


def _kind_of(data: bytes) -> str | None:
    return next((kind for start, kind in KINDS.items() if data.startswith(start)), None)


def _cid_of(data: bytes, host: str) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:24]}@{host}"


@dataclass(slots=True)
class _Album:
    """Pictures fetched so far, by the address they came from."""

    fetch: Fetch
    host: str
    pictures: dict[str, Embedded] = field(default_factory=dict)

    def place(self, picture: PictureView, place: str) -> PictureView:
        if picture.url not in self.pictures:
            self.pictures[picture.url] = self._embedded(picture.url, place)
        return replace(picture, url=f"cid:{self.pictures[picture.url].cid}")

    def _embedded(self, url: str, place: str) -> Embedded:
        try:
            data = self.fetch(url)
        except FetchFailed as error:
            raise BadInput(f"{place[:120]!r}: its picture cannot be fetched: {error}") from error
        kind = _kind_of(data)
        if kind is None:
            raise BadInput(f"{place[:120]!r}: its picture is no JPEG, PNG or GIF")
        if len(data) > ONE_MOST:
            raise BadInput(
                f"{place[:120]!r}: its picture has {len(data):,} bytes and is sent along with "
                f"every copy; at most {ONE_MOST:,} are taken"
            )
        return Embedded(_cid_of(data, self.host), kind, data)


def _changed(view: IssueView, change: Change) -> IssueView:
    """Return the view with each picture as `change` has it, told the picture and what it is of."""

    def changed_pick(pick: PickView) -> PickView:
        if pick.picture is None:
            return pick
        return replace(pick, picture=change(pick.picture, pick.headline))

    def changed_picks(picks: Iterable[PickView]) -> tuple[PickView, ...]:
        return tuple(map(changed_pick, picks))

    return replace(
        view,
        logo=change(view.logo, "the logo") if view.logo is not None else None,
        lead=changed_pick(view.lead) if view.lead is not None else None,
        sections=tuple(replace(s, picks=changed_picks(s.picks)) for s in view.sections),
    )
