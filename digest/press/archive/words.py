"""Which letters are the same to somebody who searches, and where in a text they stand; pure.

Case, width and ligatures make no difference in any script (NFKC and case folding, The Unicode
Standard, section 3.13). Nor do accents of Latin, Greek and Cyrillic letters, vowel signs of Arabic
and Hebrew, the tatweel, the hamza's seat, and the forms of alef, yeh, kaf and heh by which Arabic,
Persian and Urdu keyboards differ. Turkish has four letters i, which are one here.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby

QUERY_MOST = 100  # characters
EXCERPT = 200  # characters
BEFORE_HIT = 60  # of them, at most

SIGNS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
)
# Tatweel, soft hyphen, joiners, marks of direction, variation selectors: seen or not, never typed.
UNTYPED = "\u0640\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff"
# Part of the letter before them as well, but they make another letter of it: the voiced marks of
# kana, and the parts of a Korean syllable.
JOINED = "\u3099\u309a\uff9e\uff9f\u1160-\u11ff"
CLUSTER = re.compile(f"(?s:.)[{SIGNS}{UNTYPED}{JOINED}]*")
DROPPED = re.compile(f"[{SIGNS}{UNTYPED}]")
KEPT = frozenset("йїў")  # letters of their own, although Unicode writes them with an accent
SAME = str.maketrans(
    {
        **{"ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"},
        **{"ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه"},
        **dict.fromkeys("‘’ʼ", "'"),
        **dict.fromkeys("‐–—", "-"),
    }
)
ENDS = "\"'«»‹›„“”‚()[]{}<>.,;:!?…-،؛؟。、「」"  # around a word, not of it

Piece = tuple[str, bool]  # a run of text, and whether it was looked for


class _Letters(dict[int, str]):
    """What each letter is compared as; filled as letters come by, for str.translate."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        if letter not in KEPT:
            bare = DROPPED.sub("", unicodedata.normalize("NFKD", letter)).translate(SAME)
            digits = (str(unicodedata.decimal(c)) if c.isdecimal() else c for c in bare)
            letter = unicodedata.normalize("NFC", "".join(digits))
        self[code] = letter
        return letter


LETTERS = _Letters()


def fold(text: str) -> str:
    """Return a text as it is compared."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold().translate(LETTERS)


def words_of(query: str) -> tuple[str, ...]:
    """Return the words of a query as they are compared, without those that stand in another one;
    what is beyond QUERY_MOST characters is not looked at.
    """
    parts = (part.strip(ENDS) for part in fold(query[:QUERY_MOST]).split())
    words = dict.fromkeys(part for part in parts if part)
    return tuple(w for w in words if not any(w != other and w in other for other in words))


def has_all(folded: str, words: Sequence[str]) -> bool:
    """Return whether each of the words is in a text, both as they are compared."""
    return all(word in folded for word in words)


def marked(text: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Return a text cut where the words begin and end."""
    clusters = CLUSTER.findall(text)
    folded = [fold(cluster) for cluster in clusters]
    owners = [at for at, letters in enumerate(folded) for _ in letters]
    hits = [False] * len(clusters)
    for begin, end in _spans("".join(folded), words):
        first, last = owners[begin], owners[end - 1]
        hits[first : last + 1] = [True] * (last + 1 - first)
    runs = groupby(zip(clusters, hits, strict=True), key=lambda pair: pair[1])
    return tuple(("".join(cluster for cluster, _ in run), hit) for hit, run in runs)


def _spans(folded: str, words: Sequence[str]) -> Iterator[tuple[int, int]]:
    for word in words:
        at = folded.find(word)
        while at >= 0:
            yield at, at + len(word)
            at = folded.find(word, at + len(word))


def excerpt(text: str, words: Sequence[str]) -> tuple[Piece, ...]:
    """Return what stands around the first of the words, on one line, cut between words and marked;
    nothing when none is in the text.
    """
    folded = fold(text)
    if not any(word in folded for word in words):
        return ()
    pieces = marked(" ".join(text.split()), words)
    whole = "".join(part for part, _ in pieces)
    if len(whole) <= EXCERPT:
        return pieces
    before = pieces[0][0] if not pieces[0][1] else ""
    begin = _cut(whole, max(0, len(before) - BEFORE_HIT), len(before))
    end = begin + EXCERPT
    shown = whole[begin:end].rpartition(" ")[0] or whole[begin:end]
    if end >= len(whole):
        shown = whole[begin:]
    opening, closing = ("… " if begin else ""), ("…" if begin + len(shown) < len(whole) else "")
    return ((opening, False), *marked(shown, words), (closing, False))


def _cut(text: str, earliest: int, latest: int) -> int:
    """Return where a word begins between two places, the earlier place when none does."""
    if earliest == 0:
        return 0
    blank = text.find(" ", earliest, latest)
    return blank + 1 if blank >= 0 else earliest
