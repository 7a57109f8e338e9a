"""The words of every language: gettext catalogues read as they are written, as ``.po`` files.

A catalogue is ``translations/<language>.po``, beside the templates: the shipped ones, and in the
newsroom's own templates folder any that correct them or add a language. They are read when a
language is first asked for and again when a file has changed, so there is nothing to compile and
nothing to forget. A phrase is looked for in the newsroom's file, then in ours, then in those of the
shorter tag (``de-AT``, ``de``), and is English at last; a blank or a fuzzy entry counts as missing.
It knows no phrase by itself: `furniture` does.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.core import UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from digest.assets import asset
from digest.errors import RenderingFailed

SOURCE = "en"  # the language of the phrases themselves
FOLDER = "translations"
TAG = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")


class Catalogues:
    """The catalogues of one installation; `override` is the newsroom's templates folder."""

    def __init__(self, override: Path | None = None) -> None:
        folders = (override, asset("templates"))
        self._folders = tuple(folder / FOLDER for folder in folders if folder)

    def words(self, language: str) -> NullTranslations:
        """Return what translates into a language (BCP 47), English where it has no words.

        Raises RenderingFailed naming file and line of an entry that cannot be used.
        """
        return _chained(tuple(self._files(language)))

    def languages(self) -> list[str]:
        """Return the languages (BCP 47) there is a catalogue for, that of the phrases included."""
        found = {path.stem for folder in self._folders for path in folder.glob("*.po")}
        return sorted({SOURCE, *filter(TAG.fullmatch, found)})

    def _files(self, language: str) -> Iterator[tuple[Path, int]]:
        """Yield the files to look in, the first first, each with the time of its last change."""
        for tag in [*shorter_tags(language), SOURCE]:
            for folder in self._folders:
                path = folder / f"{tag}.po"
                with suppress(FileNotFoundError, NotADirectoryError):
                    yield path, path.stat().st_mtime_ns


def shorter_tags(language: str) -> list[str]:
    """Return a BCP 47 tag and those it is a kind of, in the case they are written: for ``PT-br``
    ``pt-BR`` and ``pt``. What is no tag has none.
    """
    if not TAG.fullmatch(language):
        return []
    primary, *more = language.split("-")
    parts = [primary.lower(), *map(_as_written, more)]
    return ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]


def _as_written(subtag: str) -> str:
    return {2: subtag.upper(), 4: subtag.title()}.get(len(subtag), subtag.lower())


@lru_cache(maxsize=64)
def _chained(files: tuple[tuple[Path, int], ...]) -> NullTranslations:
    chain = NullTranslations()
    for path, _ in reversed(files):
        translations = GNUTranslations(BytesIO(_compiled(path)))
        translations.add_fallback(chain)
        chain = translations
    return chain


def _compiled(path: Path) -> bytes:
    catalogue = read_catalogue(path)
    for message in [message for message in catalogue if message.id and not _is_complete(message)]:
        catalogue.delete(message.id, message.context)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    return compiled.getvalue()


def read_catalogue(path: Path) -> Catalog:
    """Return a ``.po`` file as Babel reads it; RenderingFailed names the file and, where one entry
    is at fault, its line.
    """
    try:
        with path.open("rb") as file:
            # Without a language Babel would drop the rule for plural forms.
            catalogue = read_po(file, path.stem.replace("-", "_"), abort_invalid=True)
    except (PoFileError, UnknownLocaleError, ValueError, LookupError, OSError) as error:
        raise RenderingFailed(f"catalogue {path.name}: {error}") from error
    for message in catalogue:
        if message.id and _is_complete(message):
            _refuse_other_places(path, message)
    return catalogue


def _is_complete(message: Message) -> bool:
    return not message.fuzzy and all(text.strip() for text in texts_of(message.string))


def _refuse_other_places(path: Path, message: Message) -> None:
    """Raise RenderingFailed for a translation whose values in braces are not the phrase's own.

    A plural form may do without a value: *one week* says the number in words.
    """
    wanted = set().union(*map(_places, texts_of(message.id)))
    for text in texts_of(message.string):
        found = _places(text)
        if not (found <= wanted if message.pluralizable else found == wanted):
            raise RenderingFailed(
                f"catalogue {path.name}, line {message.lineno}: {text!r} must have the places of "
                f"{texts_of(message.id)[-1]!r}"
            )


def texts_of(strings: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return a message's id or translation as a tuple, whether it has plural forms or not."""
    return (strings,) if isinstance(strings, str) else tuple(strings or ("",))


def _places(text: str) -> set[str]:
    """Return the values a text has places for, with all that ``str.format`` would do to them."""
    try:
        return {
            name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "")
            for _, name, form, conversion in Formatter().parse(text)
            if name is not None
        }
    except ValueError as error:
        return {str(error)}  # a single brace; no phrase has it
