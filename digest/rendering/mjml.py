"""MJML to HTML through mrml, hardened against what mjml-python 1.4.2 (mrml 6.0.1) gets wrong.

The traps, each with a golden test that fails when a new mrml fixes or moves it:

1. mrml writes attributes with Rust's debug formatting: newlines, backslashes and some nine
   thousand characters of the BMP (NBSP, ZWNJ, combining marks, emoji selectors) come out as
   ``\\n`` or ``\\u{200c}``. We *armour* such characters as ``&#N;`` before the compile and take
   the armour off afterwards. The title goes the same way, because mrml copies it into
   ``aria-label``.
2. A padding of ``0`` without a unit breaks the column widths Outlook sees: it becomes ``0px``.
3. A title is pasted unescaped into an attribute; the armour covers its quotes.
4. Nesting of some ten thousand tags overflows the stack and kills the process: depth and size are
   capped here, and `compiler` runs this module in a child process in case they were not enough.
5. PyPI's ``mjml`` installs the same import name; the tests assert that it is not here.

It never cleans editors' HTML (that enters after the compile) and never includes files: mrml gets
no loader.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from mjml import mjml2html

from digest.errors import RenderingFailed
from digest.rendering.compact import compact

SIZE_CAP = 1_000_000  # bytes of MJML; an issue of 60 stories has about 60,000
DEPTH_CAP = 100  # nested tags; the shipped templates reach 7
VOID = frozenset({"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
TAG = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*+)"
    r"(?P<attributes>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>"
)
ATTRIBUTE = re.compile(r"(?P<space>\s)(?P<name>[^\s=/>\"'<]+)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*')")
TITLE = re.compile(r"(?<=<mj-title>).*?(?=</mj-title>)", re.DOTALL)
BLANKS = re.compile(r"[ \t\r\n]+")  # not \s, which would eat no-break spaces
LENGTHS = re.compile(r"(?:(?:inner|icon|text)-)?padding|border-radius")
COLOURS = re.compile(r"color$|^border")
BARE_ZERO = re.compile(r"(?<![\w.#-])0(?![\w.%])")
SHORT_HEX = re.compile(r"#([0-9a-f])([0-9a-f])([0-9a-f])(?![0-9a-f])", re.IGNORECASE)
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")
# All but printable ASCII, and of that the double quote, the backslash and the angle brackets; an
# ampersand stays, for it may begin a reference.
UNSAFE = re.compile(r"[^ !#-;=?-\[\]-~]")
REFERENCE = re.compile(r"&#(\d{3,7});")
POSITION = re.compile(r"at position (\d+):\d+")
STRAY_ALIGN = re.compile(r"(<td\b[^>]*?) vertical-align=\"[^\"]*\"")
IMAGE_WITHOUT_ALT = re.compile(r"<img(?![^>]*\salt=)")
DEBUG_ESCAPE = re.compile(r"<[^<>]*\\u\{[^<>]*>")


def compile_mjml(source: str) -> str:
    """Return the HTML of an MJML document, every attribute as written and nothing fetched.

    Raises RenderingFailed naming the line of `source`, counted from 1, where it is known.
    """
    refuse_oversize(source)
    refuse_bad_nesting(source)
    html = unarmour(compact(mend(_run_mrml(armour(source)))))
    refuse_leftovers(html)
    return html


def refuse_oversize(source: str) -> None:
    """Raise RenderingFailed when the document has more than SIZE_CAP bytes or lone surrogates."""
    try:
        size = len(source.encode())
    except UnicodeEncodeError as error:
        raise RenderingFailed("MJML: the text is not valid Unicode") from error
    if size > SIZE_CAP:
        raise RenderingFailed(f"MJML: {size:,} bytes are more than the {SIZE_CAP:,} allowed")


def refuse_bad_nesting(source: str) -> None:
    """Raise RenderingFailed when tags nest deeper than DEPTH_CAP or close what is not open.

    mrml lets ``<mj-column></mj-section>`` pass and names no line for an unclosed tag.
    """
    open_tags: list[tuple[str, int]] = []
    for tag in _tags(source):
        if not tag["close"]:
            open_tags.append((tag["name"], tag.start()))
        elif not open_tags or open_tags.pop()[0] != tag["name"]:
            raise RenderingFailed(
                f"{_at(source, tag.start())}: </{tag['name']}> closes no open tag"
            )
        if len(open_tags) > DEPTH_CAP:
            raise RenderingFailed(f"{_at(source, tag.start())}: more than {DEPTH_CAP} tags nested")
    if open_tags:
        name, start = open_tags[-1]
        raise RenderingFailed(f"{_at(source, start)}: <{name}> is never closed")


def _tags(source: str) -> Iterator[re.Match[str]]:
    """Yield the tags that open or close a level, at their offsets in `source`."""
    for tag in TAG.finditer(COMMENT.sub(lambda m: " " * len(m[0]), source)):
        if tag["name"].lower() not in VOID and not tag["attributes"].endswith("/"):
            yield tag


def _at(source: str, offset: int) -> str:
    line = source.count("\n", 0, offset) + 1
    return f"MJML line {line}"


def armour(source: str) -> str:
    """Return the document with its attributes and title in a form that mrml copies without harm.

    Lines keep their numbers outside a tag: a newline inside a value moves behind it.
    """
    titled = TITLE.sub(lambda m: _as_references(BLANKS.sub(" ", m[0])), source)
    return TAG.sub(_armour_tag, titled)


def _armour_tag(tag: re.Match[str]) -> str:
    if not tag["attributes"]:
        return tag[0]
    attributes = _armour_attributes(tag["attributes"], tag["name"].startswith("mj-"))
    return f"<{tag['close']}{tag['name']}{attributes}>"


@lru_cache(maxsize=1024)  # a template writes most of its tags again for each article
def _armour_attributes(attributes: str, component: bool) -> str:
    return ATTRIBUTE.sub(lambda m: _armour_attribute(m, component), attributes)


def _armour_attribute(attribute: re.Match[str], component: bool) -> str:
    name, raw = attribute["name"], attribute["value"][1:-1]
    value = BLANKS.sub(" ", raw)
    if component and LENGTHS.match(name):
        value = BARE_ZERO.sub("0px", value)
    if component and COLOURS.search(name):
        value = SHORT_HEX.sub(r"#\1\1\2\2\3\3", value)
    newlines = "\n" * raw.count("\n")
    return f'{attribute["space"]}{name}="{_as_references(value)}"{newlines}'


def _as_references(value: str) -> str:
    return UNSAFE.sub(lambda m: f"&#{ord(m[0])};", CONTROLS.sub("", value))


def _run_mrml(armoured: str) -> str:
    try:
        # fonts={}: mrml would link Google's Ubuntu into every mail.
        return mjml2html(armoured, disable_comments=True, fonts={})
    except ValueError as error:
        raise RenderingFailed(f"{_line_named_by(str(error), armoured)}: {error}") from error


def _line_named_by(message: str, armoured: str) -> str:
    """Return where mrml says the trouble is; its positions are byte offsets."""
    position = POSITION.search(message)
    if position is None:
        return "MJML"
    line = armoured.encode()[: int(position[1])].count(b"\n") + 1
    return f"MJML line {line}"


def mend(html: str) -> str:
    """Return the HTML with an alt on every image and no invalid align, as the reference has it."""
    return IMAGE_WITHOUT_ALT.sub('<img alt=""', STRAY_ALIGN.sub(r"\1", html))


def unarmour(html: str) -> str:
    """Return the HTML with visible characters in place of references; markup stays as it is."""
    return REFERENCE.sub(_character, html)


def _character(reference: re.Match[str]) -> str:
    number = int(reference[1])
    # Below 161 and at 173 are controls, the no-break space and the soft hyphen: invisible, so left
    # readable.
    if number < 161 or number == 173 or number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return reference[0]
    return chr(number)


def refuse_leftovers(html: str) -> None:
    """Raise RenderingFailed when MJML or mrml's debug escapes are left in the output."""
    if "<mj" in html:
        name = html[html.index("<mj") + 1 :].split(None, 1)[0].split(">")[0]
        raise RenderingFailed(f"MJML: <{name[:40]}> is not a component the compiler knows")
    if "\\u{" in html and DEBUG_ESCAPE.search(html):
        raise RenderingFailed(
            "MJML: the compiler corrupted an attribute; is mjml-python still 1.4.2?"
        )
