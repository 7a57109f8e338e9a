"""Every script survives, from the view to the message as a mail program reads it."""

import email
import email.policy
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage

import lxml.html
import pytest

from digest.rendering.issue import Rendering
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.personalise import ReaderValues
from digest.rendering.view import PictureView, QuoteView, SectionView, TopperView
from tests.rendering.samples import ENGLISH, SITE

SCRIPTS = {
    "chinese": ("zh", "港口工人返回工作岗位，「輪班表」𠮷野家"),
    "japanese": ("ja", "が゙辻󠄀 港の労働者、ｶﾅ・ッ「交代表」"),
    "korean": ("ko", "부두 노동자들이 일터로 돌아왔다"),
    "korean in jamo": ("ko", unicodedata.normalize("NFD", "부두 노동자")),
    "hindi": ("hi", "बंदरगाह के मज़दूर क्‍ष लौटे, क्षत्रिय"),
    "bengali": ("bn", "বন্দরের শ্রমিকেরা কাজে ফিরলেন, র‍্যাব"),
    "tamil": ("ta", "துறைமுகத் தொழிலாளர்கள் வேலைக்குத் திரும்பினர்"),
    "burmese": ("my", "ဆိပ်ကမ်းအလုပ်သမားများ ပြန်လာပြီ"),
    "sinhala": ("si", "ශ්‍රී ලංකා වරාය"),
    "thai": ("th", "คนงานท่าเรือกลับเข้าทำงาน ที่นี่มีน้ำท่วม"),
    "hebrew with points": ("he", "שָׁלוֹם לְפוֹעֲלֵי הַנָּמָל״"),
    "arabic with marks": ("ar", "عُمَّالُ المِينَاءِ يَعُودُونَ ﷺ لٰكِنَّ"),
    "persian": ("fa", "می‌خواهم خانه‌ها را ببینم، «چرا؟»"),
    "urdu": ("ur", "بندرگاہ کے مزدور لوٹ آئے۔"),
    "vietnamese decomposed": (
        "vi",
        unicodedata.normalize("NFD", "Công nhân cảng trở lại làm việc"),
    ),
    "french": ("fr", "Grève\u00a0: c’est fini\u202f! «\u00a0Enfin\u00a0»"),
    "soft hyphens": ("de", "Hafen\u00adarbeiter\u2011Rück\u00adkehr"),
    "emoji": ("en", "👩‍👩‍👧 and 🏴‍☠️ ❤️‍🔥 1️⃣ 👋🏽 🇺🇦 🏴󠁧󠁢󠁷󠁬󠁳󠁿"),
    "bidi marks": ("he", "\u2067ב-\u200f(\u2066C++\u2069)\u200e\u2069"),
}
Message = Callable[[str], EmailMessage]


def words_of(element: lxml.html.HtmlElement | None) -> str:
    assert element is not None
    return element.text_content().strip()


@pytest.fixture(scope="module", params=sorted(SCRIPTS))
def sample(request: pytest.FixtureRequest) -> tuple[str, str]:
    return SCRIPTS[request.param]


@pytest.fixture(scope="module")
def message(
    sample: tuple[str, str],
    render: Callable[..., Rendering],
    letterhead: Letterhead,
    reader: ReaderValues,
) -> EmailMessage:
    """A copy whose every field is the sample, as the standard library reads it."""
    language, words = sample
    picture = PictureView(f"{SITE}/p.jpg", words, words)
    assert ENGLISH.lead
    lead = replace(
        ENGLISH.lead, headline=words, blurb=words, kicker=words, byline=words, picture=picture
    )
    view = replace(
        ENGLISH,
        language=language,
        newsletter=words,
        subject=words,
        preheader=words,
        topper=TopperView(words, words),
        lead=lead,
        sections=(SectionView(words, (replace(lead, whole_html=f"<p>{words}</p>"),), key=1),),
        quote=QuoteView(words, words),
        numbers=(("7", words),),
    )
    copy = CopyPress(render(view), replace(letterhead, list_name=words)).build(
        reader,
        to="zoe@example.net",
        message_id="<abcdefghijklmnopqrstuvwxyz.47@courier.example>",
        date=datetime(2026, 11, 27, 7, tzinfo=UTC),
        unsubscribe_url="https://letters.example/u/t",
    )
    return email.message_from_bytes(copy, policy=email.policy.default)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def page(message: EmailMessage) -> lxml.html.HtmlElement:
    part = message.get_body(("html",))
    assert part
    return lxml.html.fromstring(part.get_content())


def test_subject_survives(sample: tuple[str, str], message: EmailMessage) -> None:
    assert message["Subject"] == sample[1]


def test_preheader_survives(sample: tuple[str, str], page: lxml.html.HtmlElement) -> None:
    hidden = [e for e in page.iter("div") if "display:none" in (e.get("style") or "")]

    assert [words_of(element) for element in hidden] == [sample[1]]


def test_title_and_label_survive(sample: tuple[str, str], page: lxml.html.HtmlElement) -> None:
    assert page.findtext(".//title") == sample[1]
    assert page.find(".//div[@role='article']").get("aria-label") == sample[1]


def test_descriptions_survive(sample: tuple[str, str], page: lxml.html.HtmlElement) -> None:
    assert {picture.get("alt") for picture in page.iter("img")} == {sample[1]}


def test_headlines_and_headings_survive(
    sample: tuple[str, str], page: lxml.html.HtmlElement
) -> None:
    headings = [words_of(element) for element in page.iter("h1", "h2", "h3")]

    # The name, the lead, the section, its story; then the figures' and the appeal's own.
    assert headings[:4] == [sample[1]] * 4


def test_blurbs_and_whole_texts_survive(
    sample: tuple[str, str], page: lxml.html.HtmlElement
) -> None:
    paragraphs = [words_of(element) for element in page.iter("p")]

    assert paragraphs.count(sample[1]) >= 6


def test_quote_survives(sample: tuple[str, str], page: lxml.html.HtmlElement) -> None:
    assert words_of(page.find(".//blockquote")) == sample[1]


def test_text_part_survives(sample: tuple[str, str], message: EmailMessage) -> None:
    part = message.get_body(("plain",))
    assert part
    lines = part.get_content().replace("\r\n", "\n").split("\n")

    # Name; topper; kicker, headline, blurb, byline of two stories; the section; the whole text.
    assert lines.count(sample[1]) == 12
    assert lines.count(f"— {sample[1]}") == 1
    assert f"    {sample[1]}" in lines
    assert f"7  {sample[1]}" in lines
