"""Attributes in a form that mrml copies without harm, and back; and what its output needs mended.

Before the compile every attribute and the title hold nothing but printable ASCII without
backslashes: other characters are ``&#N;``, blanks are single, quotes are double. After it the
references are characters again.
"""

import re
from functools import lru_cache

# A possessive scan: no quote, however unbalanced, makes it look twice.
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
STRAY_ALIGN = re.compile(r"(<td\b[^>]*?) vertical-align=\"[^\"]*\"")
IMAGE_WITHOUT_ALT = re.compile(r"<img(?![^>]*\salt=)")


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
