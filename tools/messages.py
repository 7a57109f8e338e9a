"""The catalogues beside the code: ``python -m tools.messages`` brings them up to date.

Babel's extractor reads every phrase out of Python and templates into ``digest.pot``, and each
``<language>.po`` gains what is new, empty, and loses what is gone. Nothing is guessed: a changed
phrase is a new one. ``--check`` writes nothing and exits 1 where a run would change something or
a translation is missing. A language is begun by ``python -m tools.messages hy``.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "translations"
TEMPLATE = FOLDER / "digest.pot"
METHODS = [("**.py", "python"), ("**.j2", "jinja2"), ("**.html", "jinja2")]
OPTIONS = {kind: {"silent": "false", "trimmed": "true"} for kind in ("**.j2", "**.html")}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "phrase": ((1, "c"), 2),
    "counted": ((1, "c"), 2, 3),
}
# Babel's own head has dates and its version in it, over which two branches would clash.
HEAD = """# Friday's own words; how to translate them: docs/translating.md
msgid ""
msgstr ""
{language}"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
{plurals}
"""


def main(arguments: list[str]) -> int:
    """Update, check or begin catalogues; the exit code."""
    check = "--check" in arguments
    changed = [path for path, text in fresh(new_languages(arguments)) if differs(path, text, check)]
    for path in changed:
        print(f"{path.relative_to(ROOT)}: {'out of date' if check else 'written'}")  # noqa: T201
    blanks = [line for path in sorted(FOLDER.glob("*.po")) for line in untranslated(path)]
    for line in blanks:
        print(line)  # noqa: T201
    return int(check and bool(changed or blanks))


def new_languages(arguments: list[str]) -> list[Path]:
    """Return the files of languages named on the command line."""
    return [FOLDER / f"{name}.po" for name in arguments if not name.startswith("-")]


def differs(path: Path, text: bytes, check: bool) -> bool:
    """Return whether a file is not what it should be, having written it unless only checking."""
    if path.exists() and path.read_bytes() == text:
        return False
    if not check:
        path.write_bytes(text)
    return True


def fresh(more: list[Path]) -> Iterator[tuple[Path, bytes]]:
    """Yield every catalogue's path with what should stand in it."""
    template = extracted()
    yield TEMPLATE, written(template)
    for path in sorted({*FOLDER.glob("*.po"), *more}):
        yield path, written(updated(path, template))


def extracted() -> Catalog:
    """Return all phrases of code and templates."""
    catalogue = Catalog(charset="utf-8")
    for folder in ("digest", "templates"):
        found = extract_from_dir(
            ROOT / folder, METHODS, OPTIONS, KEYWORDS, ["Translators:"], strip_comment_tags=True
        )
        for name, line, message, comments, context in sorted(found, key=lambda f: (f[0], f[1])):
            place = (f"{folder}/{name}", line)
            catalogue.add(message, None, [place], auto_comments=comments, context=context)
    return catalogue


def updated(path: Path, template: Catalog) -> Catalog:
    """Return a language's catalogue with exactly the template's phrases."""
    language = path.stem.replace("-", "_")
    if path.exists():
        with path.open("rb") as file:
            catalogue = read_po(file, locale=language)
    else:
        catalogue = Catalog(locale=language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return the file: long lines whole, places without line numbers, so that little changes."""
    file = BytesIO()
    write_po(file, catalogue, width=0, include_lineno=False, omit_header=True)
    language = plurals = ""
    if catalogue.locale:
        language = f'"Language: {str(catalogue.locale).replace("_", "-")}\\n"\n'
        plurals = f'"Plural-Forms: {catalogue.plural_forms}\\n"\n'
    return HEAD.format(language=language, plurals=plurals).encode() + file.getvalue()


def untranslated(path: Path) -> list[str]:
    """Return a line for each phrase a language lacks."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    return [
        f"{path.relative_to(ROOT)}: {message.id!r} is not translated"
        for message in catalogue
        if message.id and (message.fuzzy or not message.string or not all(message.string))
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
