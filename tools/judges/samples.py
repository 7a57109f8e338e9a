"""What is judged: every look in every sample language, in English as headlines only too, and the
offline file.

Each is there in all its forms: the MJML the compiler gets, one reader's HTML, the whole message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import product

from digest.blocks import THANKS
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import Rendering, render_issue
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.offline import render_offline
from digest.rendering.personalise import ReaderValues, fill_html
from digest.rendering.templates import Templates
from digest.rendering.view import LOOKS, IssueView
from digest.testing.samples import LANGUAGES, sample_reader, sample_view

# Two compilers are given the same document only if the marks of its slots are the same.
NONCE = "0123456789ab"
# Another compiler's HTML goes past our own steps after the compile in disguise, untouched by them:
# what they do to our HTML is judged as well.
VEIL = {ord(mark): 0xE000 + number for number, mark in enumerate('<>";')}
UNVEIL = {veiled: mark for mark, veiled in VEIL.items()}
FRIDAY = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
# Quotes, a backslash, French spaces, Persian joins, Thai vowels, niqqud, emoji, a combining accent.
AWKWARD = '"C:\\new" & a\u00a0b\u202fc می\u200cخواهم ที่นี่ שָׁלוֹם ❤\ufe0f 👩\u200d👧 e\u0301'
LEAVE = "leave@courier.example?subject=k3VbX9k3VbX9"


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail in all its forms; `fill` makes the same copy from another compiler's HTML.

    The offline file is no mail: it has only its HTML.
    """

    name: str
    html: str  # every block is there, also those that no one reader gets together
    mjml: str = ""
    message: bytes = b""
    fill: Callable[[str], str] = str

    @property
    def is_mail(self) -> bool:
        """Whether it is a mail, and not the offline file."""
        return bool(self.message)


def make_samples() -> tuple[Sample, ...]:
    """Return every sample, the first of which is the plainest: English, the default look, whole."""
    templates = Templates()
    mails = [
        _sample(templates, f"{look} {language}", sample_view(language, look))
        for look, language in product(LOOKS, LANGUAGES)
    ]
    headlines = [
        _sample(templates, f"{look} headlines", sample_view("en", look), "headlines")
        for look in LOOKS
    ]
    awkward = _sample(templates, "awkward words", _awkward(sample_view()))
    return (
        *mails,
        *headlines,
        awkward,
        *(_offline_file(templates, language) for language in LANGUAGES),
    )


def _awkward(view: IssueView) -> IssueView:
    """Return the issue with words that compilers have stumbled over, where they stumble."""
    if view.lead is None or view.lead.picture is None:
        raise ValueError("the sample has no lead with a picture")
    picture = replace(view.lead.picture, alt=AWKWARD)
    lead = replace(view.lead, headline=AWKWARD, kicker=AWKWARD, picture=picture)
    return replace(view, subject=AWKWARD[:40], lead=lead)


def _offline_file(templates: Templates, language: str) -> Sample:
    rendering = render_offline(sample_view(language), templates=templates)
    return Sample(f"offline file {language}", fill_html(rendering, sample_reader(language)))


def _sample(templates: Templates, name: str, view: IssueView, edition: str = "full") -> Sample:
    reader = sample_reader(view.language)
    given: list[str] = []

    def compile_and_note(source: str) -> str:
        given.append(source)
        return compile_mjml(source)

    rendering = _render(view, edition, templates, compile_and_note)
    return Sample(
        name=name,
        mjml=given[0],
        html=fill_html(rendering, reader),
        message=_message(view, rendering),
        fill=partial(_filled, view, edition, templates, reader),
    )


def _render(
    view: IssueView, edition: str, templates: Templates, compiler: Callable[[str], str]
) -> Rendering:
    return render_issue(
        view, edition=edition, templates=templates, compile_mjml=compiler, nonce=NONCE
    )


def _filled(
    view: IssueView, edition: str, templates: Templates, reader: ReaderValues, compiled: str
) -> str:
    veiled = compiled.translate(VEIL)
    rendering = _render(view, edition, templates, lambda _source: veiled)
    return fill_html(rendering, reader).translate(UNVEIL)


def _message(view: IssueView, rendering: Rendering) -> bytes:
    """Return the copy of a reader who does not pay yet, as it goes over the wire."""
    values = sample_reader(view.language, without=frozenset({THANKS}))
    press = CopyPress(
        rendering,
        Letterhead(
            from_name=view.newsletter,
            from_address="letter@courier.example",
            list_name=view.newsletter,
            list_id="weekly.courier.example",
            feedback_id=f"{view.number}:weekly:issue:friday",
            reply_to="desk@courier.example",
        ),
    )
    return press.build(
        values,
        to=values.slots["address"],
        message_id=f"<{'k3vbx9' * 6}@courier.example>",
        date=FRIDAY,
        unsubscribe_url=values.slots["unsubscribe_url"],
        leave_address=LEAVE,
    )


def texts(samples: Sequence[Sample], form: str) -> dict[str, str]:
    """Return one form of each sample, ``mjml`` or ``html``, by its name."""
    return {sample.name: getattr(sample, form) for sample in samples}
