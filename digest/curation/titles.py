"""When two headlines say the same; pure.

Two headlines are near when at least four fifths of all the words that carry them are in both (the
Jaccard index of their sets of words), and each has at least four such words. With that, one word in
five may be added, or one in nine replaced: "Dockers go back to work at last" and "At last, the
dockers go back to work" are near, and "Twelve hurt in ferry fire" and "Twelve hurt in school fire"
are not. The order of words does not count, for editors turn headlines around; words that every
headline has (articles, the commonest prepositions) do not, for those come and go. Shorter headlines
must be equal: two of three words say little.
"""

import re
import unicodedata
from functools import lru_cache

WORD = re.compile(r"\w+")
ENOUGH_WORDS = 4
NEAR = 0.8
CARRY_NOTHING = frozenset(
    # English, German, French, Spanish, Persian, Arabic; in the letters that `_plain` leaves.
    " ".join(
        (
            "a an and as at by for from in is it its of on or s that the their to was were will",
            "with am auf aus bei das dem den der des die ein eine einem einen einer für im ist mit",
            "nach sich und vom von vor wird zu zum zur au aux d dans de du en est et l la le les",
            "par pour sur un une al con del el los las por que se una y",
            "از است این ان با به بر برای تا در را شد که می نمی ها های هم و یا یک",
            "الی عن فی علی من ما مع هذا هذه التی الذی بعد قبل",
        )
    ).split()
)
# Letters that Arabic and Persian keyboards, and writers in a hurry, write for one another.
ONE_LETTER = str.maketrans("يىئكأإآةۀؤ", "یییکاااههو", "\N{ARABIC TATWEEL}")


def is_same_title(one: str, other: str) -> bool:
    """Return whether two headlines are the same but for case, signs and a word or so."""
    ours, theirs = words_in_order(one), words_in_order(other)
    if ours == theirs:
        return bool(ours)
    return are_near(carrying_words(one), carrying_words(other))


def are_near(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Return whether two sets of words are those of one headline."""
    if min(len(ours), len(theirs)) < ENOUGH_WORDS:
        return False
    return len(ours & theirs) / len(ours | theirs) >= NEAR


@lru_cache(maxsize=30_000)  # five years of a weekly and its inbox: they are compared all day
def words_in_order(title: str) -> tuple[str, ...]:
    """Return every word of a headline, without case and signs."""
    return tuple(WORD.findall(_plain(title)))


@lru_cache(maxsize=30_000)
def carrying_words(title: str) -> frozenset[str]:
    """Return the words that tell a headline from others."""
    return frozenset(words_in_order(title)) - CARRY_NOTHING


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(ONE_LETTER)
    # What is left of marks after NFKC are vowel signs, which Arabic writes or leaves out.
    return "".join(letter for letter in folded if unicodedata.category(letter) != "Mn")
