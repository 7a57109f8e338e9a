"""The Jinja environments behind a mail: newsroom's own templates first, the shipped ones after.

Templates are code, installed by an operator; editors never write one. Undefined names are errors,
and every error names template and line. Autoescape is on for MJML by our own word: Jinja would
switch it on by file name and knows no ``.mjml``.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from markupsafe import Markup

from digest.assets import asset
from digest.errors import RenderingFailed
from digest.rendering.catalogues import Catalogues
from digest.rendering.compiling.notes import Noted, Source
from digest.rendering.lines import one_line, paragraphs, wrapped

# What neither XML nor a mail may hold: controls (not tab and newline), non-characters, surrogates.
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


# What a template's own mistakes raise, a missing name, a wrong type, an endless include among them.
FAILURES: tuple[type[Exception], ...] = (
    *(TemplateError, RenderingFailed, TypeError, ValueError),
    *(LookupError, ArithmeticError, AttributeError, RecursionError),
)


class Templates:
    """Renders ``*.mjml.j2`` and ``*.html.j2`` escaped and ``*.txt.j2`` as plain text.

    `override` is a folder whose files win over the shipped ones of the same name; so do the
    `catalogues` in it.
    """

    def __init__(self, override: Path | None = None) -> None:
        folders = [folder for folder in (override, asset("templates") / "email") if folder]
        self.catalogues = Catalogues(override)
        self._override = override
        self._folders = tuple(folder.resolve() for folder in folders)
        self._html = _environment(self._folders, autoescape=True)
        self._text = _environment(self._folders, autoescape=False)

    def list_faults(self) -> Iterator[tuple[str, str]]:
        """Yield the newsroom's own templates that cannot be read, each with file, line and why; and
        with no reason those that have the name of none of ours.
        """
        own = self._folders[0]
        if self._override is None:
            return
        shipped = asset("templates")
        known = {path.name for path in shipped.rglob("*.*")}
        for path in sorted(own.rglob("*.*")):
            if path.suffix not in {".j2", ".html"}:
                continue
            name = path.relative_to(own).as_posix()
            try:
                self._html.parse(path.read_text(encoding="utf-8"), name, str(path))
            except (TemplateError, UnicodeDecodeError) as error:
                line = getattr(error, "lineno", None)
                yield name, f"line {line}: {error}" if line else str(error)
            else:
                if path.name not in known:
                    yield name, ""

    def part(self, look: str, name: str) -> str:
        """Return the template that shows a part of an issue in a look, such as ``lead``.

        The newsroom's own files win over the shipped ones; within a folder the look's own
        (``quiet-letter/_lead.mjml.j2``) over what all looks share (``_lead.mjml.j2``).
        """
        shared = f"_{name}.mjml.j2"
        names = [f"{look}/{shared}", shared]
        found = (n for folder in self._folders for n in names if (folder / n).is_file())
        return next(found, shared)

    def mjml(self, name: str, values: dict[str, Any]) -> Source:
        """Return a template's MJML and where its lines come from, values escaped; RenderingFailed
        names template and line.
        """
        noted = cast(Noted, self._html.extensions[Noted.identifier])
        return Source(name, self._render(self._html, name, values), noted.names)

    def html(self, name: str, values: dict[str, Any]) -> str:
        """Return a template's HTML, values escaped; RenderingFailed names template and line."""
        return self.mjml(name, values).text

    def text(self, name: str, values: dict[str, Any]) -> str:
        """Return a template's plain text; RenderingFailed names template and line."""
        return self._render(self._text, name, values)

    def _render(self, environment: Environment, name: str, values: dict[str, Any]) -> str:
        try:
            return environment.get_template(name).render(values)
        except TemplateNotFound as error:
            raise RenderingFailed(f"template {error.message} does not exist") from error
        except FAILURES as error:
            raise RenderingFailed(f"template {self._place(error, name)}: {error}") from error

    def _place(self, error: Exception, name: str) -> str:
        """Return ``name, line N`` of the innermost template an error came through."""
        if line := getattr(error, "lineno", None):
            return f"{getattr(error, 'name', None) or name}, line {line}"
        for frame, line in reversed(list(walk_tb(error.__traceback__))):
            path = Path(frame.f_code.co_filename)
            if path.suffix == ".j2":
                return f"{self._name_of(path)}, line {line}"
        return name

    def _name_of(self, path: Path) -> str:
        """Return a template's name as an include writes it."""
        homes = [folder for folder in self._folders if path.is_relative_to(folder)]
        return path.relative_to(homes[0]).as_posix() if homes else path.name


def _environment(folders: tuple[Path, ...], *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=autoescape,  # noqa: S701 - off for plain text only
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=[Noted] if autoescape else [],
    )
    environment.filters.update(paragraphs=paragraphs, one_line=one_line, wrapped=wrapped)
    return environment


def _printable(value: Any) -> Any:
    """Return a value fit for output; markup is our own templates' and passes."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNPRINTABLE.sub("", value)
    return value
