"""The mail's own words, in the newsletter's language: what no editor types and every issue needs.

Each phrase stands here once, in English, and with it what translators must know; its translations
are in ``templates/translations/``. To add one, write it here and run ``make messages``
(docs/translating.md). Values that go into a phrase are named in braces. Dates and numbers are
`written`'s.
"""

import re
from collections.abc import Callable
from gettext import NullTranslations
from typing import overload

from digest.rendering.catalogues import SOURCE
from digest.rendering.view import IssueView
from digest.rendering.written import number_written

PLACE = re.compile(r"\{\w+\}")


class phrase:
    """A phrase of `Furniture`; reading it gives the words in the furniture's language.

    `context` parts phrases that are the same in English and not elsewhere. Babel's extractor finds
    the calls by this name.
    """

    def __init__(self, context: str, text: str) -> None:
        self.context = context
        self.text = text

    @overload
    def __get__(self, furniture: None, owner: type) -> "phrase": ...
    @overload
    def __get__(self, furniture: "Furniture", owner: type) -> str: ...
    def __get__(self, furniture: "Furniture | None", owner: type) -> "str | phrase":
        """Return the words; of the class, the phrase itself."""
        if furniture is None:
            return self
        return furniture.words.pgettext(self.context, self.text)


class counted:
    """A phrase that says a number, ``{count}``; reading it gives a function of that number."""

    def __init__(self, context: str, one: str, many: str) -> None:
        self.context = context
        self.one = one
        self.many = many

    def __get__(self, furniture: "Furniture", owner: type) -> Callable[[int], str]:
        """Return what says a number in the plural form the language wants for it."""

        def said(count: int) -> str:
            form = furniture.words.npgettext(self.context, self.one, self.many, count)
            return form.format(count=number_written(count, furniture.language))

        return said


class Furniture:
    """The fixed words of a mail in one language (BCP 47); `words` translates."""

    def __init__(self, words: NullTranslations, language: str) -> None:
        self.words = words
        self.language = language

    # Translators: the issue's number; the blank is a no-break space.
    number = phrase("head", "No.\u00a0{number}")
    read_in_browser = phrase("link", "Read in browser")
    unsubscribe = phrase("link", "Unsubscribe")
    # Translators: pausing for some weeks; fewer sections, headlines only, another address.
    pause_or_change = phrase("link", "Pause or change what you get")
    # Translators: opens the editor's note, which follows as a paragraph of its own.
    greeting = phrase("greeting", "Good morning {first_name},")
    # Translators: under a picture; the name is a photographer's or an agency's.
    photo = phrase("credit", "Photo: {name}")
    # Translators: heading over a row of large figures with a few words under each.
    numbers = phrase("heading", "By the numbers")
    # Translators: under the appeal for money; the reader puts it off for some weeks.
    remind_later = phrase("link", "Not today? Remind me later")
    # Translators: heading of what members read in place of the appeal.
    thanks = phrase("heading", "Thank you for your support")
    # Translators: with the marks in which your papers quote a paper's name.
    why = phrase("footer", "You get this letter because you signed up for {newsletter}.")
    # Translators: the reader's e-mail address. No full stop right behind it.
    sent_to = phrase("footer", "This copy went to {address}")
    # Translators: the newsroom's e-mail address. No full stop right behind it.
    corrections = phrase("footer", "Found a mistake? Tell us: {address}")
    privacy = phrase("link", "Privacy policy")
    # Translators: at the end of an issue saved as one file, without network; "it names nobody": no
    # reader is named in it.
    pass_on = phrase("offline file", "This file needs no connection and names nobody. Pass it on.")
    # Translators: an address on another host that shows the same. No full stop right behind it.
    try_also = phrase("footer", "If the links here do not open, try: {address}")
    # Translators: who publishes, and where. Only the comma may need translation.
    imprint = phrase("footer", "{newsletter}, {postal_address}")
    # Translators: words before a link, which is on the next line. Only the
    # colon may need translation.
    labelled = phrase("text part", "{words}:")


PHRASES = {name: value for name, value in vars(Furniture).items() if isinstance(value, phrase)}


def untranslated(words: Furniture) -> list[str]:
    """Return the names of the phrases that are English for want of a translation."""
    if words.language.split("-")[0].lower() == SOURCE:
        return []
    return [
        name
        for name, said in PHRASES.items()
        # A phrase of nothing but places may rightly be the same.
        if getattr(words, name) == said.text and re.search(r"[^\W\d_]", PLACE.sub("", said.text))
    ]


def number_line(view: IssueView, words: Furniture) -> str:
    """Return the issue's number as the language writes it, such as ``No. 47``."""
    return words.number.format(number=number_written(view.number, view.language))


def why_line(view: IssueView, words: Furniture) -> str:
    """Return the sentence that says why the reader gets this."""
    return view.why or words.why.format(newsletter=view.newsletter)


def credit_line(credit: str, words: Furniture) -> str:
    """Return a picture's credit; one that says by itself what it is ("Drawing: …") stays as it
    is.
    """
    says_itself = ":" in credit or "：" in credit
    return credit if says_itself else words.photo.format(name=credit)


def on_own_line(phrase: str, **value: str) -> str:
    """Return a phrase whose one value stands on a line by itself, whatever surrounds it."""
    set_apart = phrase.format(**{name: f"\n{text}\n" for name, text in value.items()})
    return "\n".join(line.strip(" ") for line in set_apart.strip("\n ").split("\n"))
