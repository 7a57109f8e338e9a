"""A whole article as plain text: wrapped, its lists and quotes indented, its links below it.

It takes the HTML that `curation.cleaning` lets through. A link's words carry a number in brackets,
and its address stands under the article on a line of its own, so that the text reads on.
"""

from html.parser import HTMLParser

from digest.rendering.lines import one_line, wrapped

QUOTE = "    "
BULLET = "– "
DEEPEST = 24  # columns of indent; what nests deeper stays there
BLOCK_TAGS = frozenset({"p", "h2", "h3", "h4", "li", "ul", "ol", "blockquote"})


def as_text(cleaned: str) -> str:
    """Return the article in finished lines, its paragraphs parted by blank ones."""
    setter = _Setter()
    setter.feed(cleaned)
    setter.close()
    return setter.finished()


class _Setter(HTMLParser):
    """Sets the text while the tags go by."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._set: list[str] = []  # finished paragraphs, each with what parts it from the last
        self._words: list[str] = []  # of the paragraph that is open
        self._indents: list[str] = []  # of the quotes and items that are open
        self._counters: list[int | None] = []  # of the lists that are open; None counts nothing
        self._marker = ""  # of an item of which nothing is set yet
        self._tight = False  # whether the last paragraph was an item
        self._link: tuple[str, int] | None = None  # its address and where its words begin
        self._addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a paragraph, an item, a quote, a line or a link."""
        values = dict(attrs)
        if tag in BLOCK_TAGS:
            self._end_paragraph()
        if tag == "a":
            self._link = (values.get("href") or "", len(self._words))
        elif tag == "br":
            self._words.append("\n")
        elif tag == "hr":
            self._end_paragraph()
            self._add("* * *", tight=False)
        elif tag in {"ul", "ol"}:
            self._counters.append(_start(values.get("start")) if tag == "ol" else None)
        elif tag == "li":
            self._begin_item()
        elif tag == "blockquote":
            self._indents.append(QUOTE)

    def handle_endtag(self, tag: str) -> None:
        """End what the tag began."""
        if tag == "a":
            self._end_link()
        if tag in BLOCK_TAGS:
            self._end_paragraph()
        if tag in {"li", "blockquote"} and self._indents:
            self._indents.pop()
            self._marker = ""
        elif tag in {"ul", "ol"} and self._counters:
            self._counters.pop()

    def handle_data(self, data: str) -> None:
        """Keep the words; newlines of the source are blanks."""
        self._words.append(data.replace("\n", " "))

    def _begin_item(self) -> None:
        counter = self._counters[-1] if self._counters else None
        if counter is None:
            self._marker = BULLET
        else:
            self._marker = f"{counter}. "
            self._counters[-1] = counter + 1
        self._indents.append(" " * len(self._marker))

    def _end_link(self) -> None:
        if self._link is None:
            return
        (url, begin), self._link = self._link, None
        address = url.removeprefix("mailto:")
        words = one_line("".join(self._words[begin:]))
        if not address or words in {"", url, address}:
            return
        if address not in self._addresses:
            self._addresses.append(address)
        self._words.append(f"\u00a0[{self._addresses.index(address) + 1}]")

    def _end_paragraph(self) -> None:
        lines = [line for line in map(one_line, "".join(self._words).split("\n")) if line]
        self._words.clear()
        if not lines:
            return
        later = "".join(self._indents)[:DEEPEST]
        first = later[: len(later) - len(self._marker)] + self._marker
        text = "\n".join(
            wrapped(line, later if number else first, later) for number, line in enumerate(lines)
        )
        self._add(text, tight=bool(self._marker))
        self._marker = ""

    def _add(self, text: str, *, tight: bool) -> None:
        """Add a paragraph; item follows item without a blank line."""
        apart = "" if not self._set else "\n" if tight and self._tight else "\n\n"
        self._set.append(apart + text)
        self._tight = tight

    def finished(self) -> str:
        """Return everything that was set, and the addresses below."""
        self._end_paragraph()
        self._tight = False
        for number, address in enumerate(self._addresses, 1):
            self._add(f"[{number}] {address}", tight=True)
        return "".join(self._set)


def _start(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else 1
