"""MJML to HTML through mrml, hardened against what mjml-python 1.4.2 (mrml 6.0.1) gets wrong.

The traps, each with a golden test that fails when a new mrml fixes or moves it:

1. mrml writes attributes with Rust's debug formatting: newlines, backslashes and some nine
   thousand characters of the BMP (NBSP, ZWNJ, combining marks, emoji selectors) come out as
   ``\\n`` or ``\\u{200c}``. `armour` puts them on as ``&#N;`` before the compile and takes them off
   afterwards. The title goes the same way, because mrml copies it into ``aria-label``.
2. A padding of ``0`` without a unit breaks the column widths Outlook sees: it becomes ``0px``.
3. A title is pasted unescaped into an attribute; the armour covers its quotes.
4. Nesting of some ten thousand tags overflows the stack and kills the process: depth and size are
   capped by `refusals`, and `child` runs this module in a process of its own in case they were not
   enough.
5. PyPI's ``mjml`` installs the same import name; the tests assert that it is not here.
6. What mrml does not understand it prints, drops or refuses without saying where; `refusals` says
   it first, with line and column.

It never cleans editors' HTML (that enters after the compile) and never includes files: mrml gets
no loader.
"""

import re

from mjml import mjml2html

from digest.errors import RenderingFailed
from digest.rendering.compiling.armour import armour, mend, unarmour
from digest.rendering.compiling.compact import compact
from digest.rendering.compiling.refusals import (
    refuse_bad_structure,
    refuse_leftovers,
    refuse_oversize,
    refuse_what_is_no_text,
)

POSITION = re.compile(r"at position (\d+):\d+")


def compile_mjml(source: str) -> str:
    """Return the HTML of an MJML document, every attribute as written and nothing fetched.

    Raises RenderingFailed naming line and column of `source`, counted from 1, where they are known.
    """
    refuse_oversize(source)
    refuse_bad_structure(source)
    refuse_what_is_no_text(source)
    html = unarmour(compact(mend(_run_mrml(armour(source)))))
    refuse_leftovers(html)
    return html


def _run_mrml(armoured: str) -> str:
    try:
        # fonts={}: mrml would link Google's Ubuntu into every mail.
        return mjml2html(armoured, disable_comments=True, fonts={})
    except ValueError as error:
        raise RenderingFailed(f"{_line_named_by(str(error), armoured)}: {error}") from error


def _line_named_by(message: str, armoured: str) -> str:
    """Return where mrml says the trouble is; its positions are byte offsets into what it got, whose
    lines are those of the source.
    """
    position = POSITION.search(message)
    if position is None:
        return "MJML"
    line = armoured.encode()[: int(position[1])].count(b"\n") + 1
    return f"MJML line {line}"
