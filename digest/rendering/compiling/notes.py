"""Which template and line a line of MJML came from.

While Jinja reads a template, a *note* is put behind the words of each of its lines; the notes
travel with the words through includes, macros and loops. They are taken out before anything is
compiled, so the bytes are those that would be without them, and they are looked up only when the
compiler refuses something. A note is written in control characters, which no value of an issue can
bring in: `templates` leaves them out of all output.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

DIGITS = {ord(digit): 0x0E + number for number, digit in enumerate("01234567")}
PLAIN = {note: chr(digit) for digit, note in DIGITS.items()}
NOTE = re.compile("\x01([\x0e-\x15]+)\x02([\x0e-\x15]+)\x03")
# The words of a line, without the blanks at its end: what trims those must find them as before.
WORDS = re.compile(r"[^\n]*[^\s]")
PLACE = re.compile(r"MJML line (?P<line>\d+)(?:, column (?P<column>\d+))?: (?P<why>.*)", re.DOTALL)


class Noted(Extension):
    """Puts the notes in; `names` are the templates they speak of, by number."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.names: list[str] = []

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        """Yield a template's tokens, its words with notes behind them."""
        name = stream.name or "a template"
        if name not in self.names:
            self.names.append(name)
        number = self.names.index(name)
        for token in stream:
            if token.type == "data":
                noted = _with_notes(token.value, number, token.lineno)
                yield Token(token.lineno, token.type, noted)
            else:
                yield token


def _with_notes(text: str, number: int, line: int) -> str:
    def noted(words: re.Match[str]) -> str:
        here = line + text.count("\n", 0, words.start())
        return f"{words[0]}\x01{_digits(number)}\x02{_digits(here)}\x03"

    return WORDS.sub(noted, text)


def _digits(number: int) -> str:
    return f"{number:o}".translate(DIGITS)


@dataclass(frozen=True, slots=True)
class Source:
    """What a template gave, with its notes; `name` is the template's."""

    name: str
    noted: str
    names: Sequence[str]

    @property
    def text(self) -> str:
        """Return it as it is meant."""
        return NOTE.sub("", self.noted)

    def explained(self, refusal: str, block_at: Callable[[str], str]) -> str:
        """Return a refusal of the compiler's in words for who wrote the template: its name and
        line, and the block that is open there, which `block_at` reads off the text before.
        """
        said = PLACE.match(refusal)
        if said is None:
            return f"template {self.name}: {refusal}"
        text = self.text
        offset = _offset(text, int(said["line"]), int(said["column"] or 1))
        block = block_at(text[:offset])
        where = f", in block {block!r}" if block else ""
        return f"template {self._place_of(offset)}{where}: {said['why']}"

    def _place_of(self, offset: int) -> str:
        """Return template and line of the first note behind an offset of the text."""
        taken, place = 0, self.name
        for note in NOTE.finditer(self.noted):
            number, line = (int(digits.translate(PLAIN), 8) for digits in note.groups())
            place = f"{self.names[number]}, line {line}"
            if note.start() - taken > offset:
                break
            taken += len(note[0])
        return place


def _offset(text: str, line: int, column: int) -> int:
    """Return where a line and column, counted from 1, are in a text."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1
