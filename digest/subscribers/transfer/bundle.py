"""Which files of an export make up one import, and what each of them is: found out and said aloud.

What could be two things is a question with a name, BadInput, and never a guess. Reads headers and
nothing else.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digest.errors import BadInput
from digest.subscribers.transfer.csv_encoding import NoList
from digest.subscribers.transfer.csv_file import CsvShape, find_shape
from digest.subscribers.transfer.fates import WORDS, Fate
from digest.subscribers.transfer.places import Place, find_places
from digest.subscribers.transfer.providers import (
    BY_NAME,
    FRIDAY,
    FRIDAY_BARRED,
    LISTMONK,
    MAILCHIMP,
    PLAIN,
    family_of,
    notes_on_unused,
)
from digest.subscribers.transfer.reading import Part, Source
from digest.subscribers.transfer.rows import Meaning, is_fateful

TEXTS = "consent-texts.json"  # beside our own lists: the wordings that consent refers to
LONGEST_TEXTS = 50_000_000  # bytes
READERS_OF = "subscribers-{}.csv"

# What the names of files inside an export say of everybody in them.
_BY_FILE_NAME = (
    *(("unsubscribed", Fate.LEFT), ("cleaned", Fate.BOUNCED), ("blocklisted", Fate.BLOCKED)),
    *(("bounced", Fate.BOUNCED), ("nonsubscribed", None), ("unconfirmed", None)),
    *(("subscribed", Fate.ACTIVE), ("confirmed", Fate.ACTIVE)),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator says of an export beside where it is: whose it is (`--from`), what
    everybody in it is (`--status`), that only who has left is of interest (`--leaves`), and the
    newsletter's slug, by which our own export names its lists.
    """

    said: str | None = None
    status: str | None = None
    only_leaves: bool = False
    slug: str = ""

    def check(self) -> "Asked":
        """Return itself; BadInput for words that are none of ours."""
        if self.said is not None and self.said not in BY_NAME:
            known = ", ".join(sorted({family_of(name) for name in BY_NAME}))
            raise BadInput(f"no system is known as {self.said}; known are {known}")
        if self.status is not None and not self.status_fate():
            known = ", ".join(sorted(word for word in WORDS if WORDS[word] is not None and word))
            raise BadInput(f"no status is known as {self.status}; known are {known}")
        return self

    def status_fate(self) -> tuple[Fate, str] | None:
        """Return what everybody in the files is said to be."""
        if self.only_leaves and self.status is None:
            return None
        fate = WORDS.get((self.status or "").lower()) if self.status else None
        return None if fate is None or self.status is None else (fate, self.status.lower())

    def mark(self) -> bytes:
        """Return what tells one way of reading a file from another; empty for the usual way."""
        told = [self.said, self.status, self.only_leaves]
        return json.dumps(told).encode() if any(told) else b""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of one import. `digest` names all of it, `title` says whose it is, `notes` are
    remarks for the operator, `texts` wordings by their SHA-256.
    """

    source: Source
    digest: str
    title: str
    notes: tuple[str, ...]
    texts: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return those of our own fields that the files have."""
        return tuple(sorted({name for part in self.source.parts for name in part.shape.columns}))

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the files are called, in the order in which they are read."""
        return tuple(part.place.name for part in self.source.parts)


def open_bundle(path: Path, asked: Asked) -> Bundle:
    """Find out what `path`, a file, a zip file or a folder, is as an export.

    BadInput where it is none, or could be two things; the message says which and what to say.
    """
    asked.check()
    places = find_places(path)
    several = len(places) > 1 or bool(places[0].member)
    shapes = _known(places, asked) if several else [(places[0], find_shape(places[0], asked.said))]
    chosen = _one_list(path, _one_system(path, shapes), asked)
    found = [_part(place, shape, asked, named=several) for place, shape in chosen]
    parts = tuple(part for part in found if part is not None)
    if not parts:
        raise BadInput(f"{path}: nobody in it is subscribed, or has left")
    title = BY_NAME[parts[0].shape.provider].title
    notes = _notes(parts, left_aside=len(places) - len(parts), several=several)
    return Bundle(Source(parts), _digest(parts, asked), title, notes, _texts(path, chosen))


def _known(places: Sequence[Place], asked: Asked) -> list[tuple[Place, CsvShape]]:
    """Return the files of known systems; where there are none, the lists among them."""
    shapes = []
    for place in places:
        try:
            shapes.append((place, find_shape(place, None)))
        except NoList:
            continue  # statistics, posts: an export is full of them; damaged lists are no such
    known = [each for each in shapes if each[1].provider != PLAIN]
    if asked.said is None:
        return known or shapes
    theirs = [each for each in known if family_of(each[1].provider) == family_of(asked.said)]
    return theirs or [(place, find_shape(place, asked.said)) for place, _shape in shapes]


def _one_system(
    path: Path, shapes: Sequence[tuple[Place, CsvShape]]
) -> Sequence[tuple[Place, CsvShape]]:
    if not shapes:
        raise BadInput(f"{path}: no list of addresses is in it")
    systems = sorted({family_of(shape.provider) for _place, shape in shapes})
    if len(systems) > 1:
        raise BadInput(f"{path}: it has lists of {' and '.join(systems)}: say --from with one")
    return shapes


def _one_list(
    path: Path, shapes: Sequence[tuple[Place, CsvShape]], asked: Asked
) -> Sequence[tuple[Place, CsvShape]]:
    """Return the files of one list of readers: exports of whole accounts have several."""
    if len(shapes) == 1:
        return shapes
    system = family_of(shapes[0][1].provider)
    if system == FRIDAY:
        return _of_newsletter(path, shapes, asked.slug)
    audiences = sorted({_audience(place, system) for place, _shape in shapes})
    if len(audiences) == 1:
        return shapes
    raise BadInput(f"{path}: it has several lists: {', '.join(audiences)}. Bring one at a time")


def _of_newsletter(
    path: Path, shapes: Sequence[tuple[Place, CsvShape]], slug: str
) -> Sequence[tuple[Place, CsvShape]]:
    wanted = READERS_OF.format(slug)
    readers = [each for each in shapes if each[1].provider == FRIDAY]
    found = [each for each in readers if each[0].name == wanted]
    if readers and not found:
        names = ", ".join(sorted(place.name for place, _shape in readers))
        raise BadInput(f"{path}: {wanted} is not in it, but {names}: bring the one you mean")
    return [each for each in shapes if each[1].provider == FRIDAY_BARRED.name] + found


def _audience(place: Place, system: str) -> str:
    """Return what tells the lists in one export apart: the folder for the systems that make several
    files of one list, else the file.
    """
    where = place.member or str(place.path)
    folder = where.rpartition("/")[0]
    if system == MAILCHIMP.name:
        _kind, _, rest = place.name.partition("_")  # subscribed, unsubscribed, cleaned
        return f"{folder}/…{rest}" if rest else folder or place.name
    return folder if system == LISTMONK.name else where


def _part(place: Place, shape: CsvShape, asked: Asked, *, named: bool) -> Part | None:
    """Return how a file is to be read; None when nobody in it is of interest."""
    everybody = asked.status_fate()
    system = BY_NAME[shape.provider]
    if everybody is None and (named or system is MAILCHIMP):
        word, fate = _said_by_name(place.name)
        if word and fate is None:
            return None
        everybody = (fate, word) if fate is not None else None
    fateful = is_fateful(shape.columns)
    if everybody is None and asked.only_leaves and (not fateful or system.unsaid):
        everybody = (Fate.LEFT, "unsubscribed")
    if everybody is None and system.unsaid:
        raise BadInput(f"{place}: {system.unsaid} Say --status confirmed, or --leaves")
    fate, word = everybody or (None, "")
    meaning = Meaning(shape.provider, fate, word, asked.only_leaves, fateful)
    return Part(place, shape, place.digest(), meaning)


def _said_by_name(name: str) -> tuple[str, Fate | None]:
    low = name.lower()
    for word, fate in _BY_FILE_NAME:
        if low.startswith(word) or f"_{word}" in low or f"-{word}" in low:
            return word, fate
    return "", None


def _notes(parts: Sequence[Part], *, left_aside: int, several: bool) -> tuple[str, ...]:
    notes: list[str] = []
    for part in parts:
        start = f"{part.place.name}: " if several else ""
        notes += [f"{start}{note}" for note in part.shape.notes]
    unused = dict.fromkeys(column for part in parts for column in part.shape.unused)
    notes += notes_on_unused(tuple(unused))
    if left_aside:
        notes.append(f"other files in it that are not read: {left_aside}")
    return tuple(dict.fromkeys(notes))


def _digest(parts: Sequence[Part], asked: Asked) -> str:
    """Return what names this import: for one file read the usual way its own SHA-256."""
    mark = asked.mark()
    if len(parts) == 1 and not mark:
        return parts[0].digest
    whole = "".join(part.digest for part in parts).encode() + mark
    return hashlib.sha256(whole).hexdigest()


def _texts(path: Path, chosen: Sequence[tuple[Place, CsvShape]]) -> Mapping[str, str]:
    """Return the wordings beside our own lists."""
    if all(shape.provider != FRIDAY for _place, shape in chosen):
        return {}
    beside = Path(path if path.is_dir() else path.parent) / TEXTS
    if not beside.is_file() or beside.stat().st_size > LONGEST_TEXTS:
        return {}
    try:
        found = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{beside}: not the JSON that digest export wrote") from error
    kept = {
        digest: wording
        for digest, wording in found.items()
        if hashlib.sha256(str(wording).encode()).hexdigest() == digest
    }
    if len(kept) < len(found):
        raise BadInput(f"{beside}: a wording was altered since it was exported")
    return kept
