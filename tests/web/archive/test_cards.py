"""Social cards say what an issue is; of a guarded newsletter, nothing that names it."""

from datetime import UTC, date, datetime

import pytest

from digest.config import NewsletterConfig
from digest.press.archive.past import PastIssue, PastPick
from digest.web.archive.cards import Card, head_of, issue_card, locale_name

OPEN = NewsletterConfig(
    slug="weekly",
    name="The Harbour Courier",
    host="courier.example",
    sender={"name": "The Harbour Courier", "address": "letters@courier.example"},
    relay="main",
    postal_address="12 Quay Street, Harbour Town",
)
GUARDED = OPEN.model_copy(
    update={"guarded": True, "guarded_names": ["courier"], "archive": True, "pictures": "embedded"}
)
LEAD = PastPick(
    "News",
    "The quay",
    "https://courier.example/1",
    is_lead=True,
    picture_url="https://courier.example/1.jpg",
    picture_alt="A quay",
)
AT = "https://letters.example/n/weekly/archive/1"


def issue(*picks: PastPick, subject: str = "This week", preheader: str = "") -> PastIssue:
    sent = datetime(2026, 11, 27, 7, tzinfo=UTC)
    return PastIssue(1, "abc", 1, 1, date(2026, 11, 27), subject, preheader, sent, picks)


def test_picture_is_that_of_the_lead() -> None:
    other = PastPick("News", "Rain", "https://courier.example/2", picture_url="https://x.example/2")

    assert issue_card(issue(LEAD, other), OPEN, url=AT).image == "https://courier.example/1.jpg"
    assert issue_card(issue(other), OPEN, url=AT).image == ""


@pytest.mark.parametrize("pictures", ["embedded", "none"])
def test_pictures_that_are_not_linked_are_not_in_the_card(pictures: str) -> None:
    configured = OPEN.model_copy(update={"pictures": pictures})

    card = issue_card(issue(LEAD), configured, url=AT)

    assert (card.image, card.image_alt) == ("", "")
    assert "og:image" not in head_of(card)
    assert '<meta name="twitter:card" content="summary">' in head_of(card)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:image/png;base64,AA==", "", "//x/y"])
def test_address_that_is_no_web_link_is_no_picture(url: str) -> None:
    lead = PastPick("News", "The quay", "https://courier.example/1", "", "", True, url)

    assert issue_card(issue(lead), OPEN, url=AT).image == ""


def test_headlines_describe_an_issue_without_a_preheader() -> None:
    other = PastPick("News", "Rain", "https://courier.example/2")

    assert issue_card(issue(LEAD, other), OPEN, url=AT).description == "The quay · Rain"


def test_description_is_one_line_of_a_bearable_length() -> None:
    card = issue_card(issue(preheader="long\nwords " * 90), OPEN, url=AT)

    assert len(card.description) <= 301
    assert "\n" not in card.description


def test_what_names_a_guarded_newsletter_is_left_out() -> None:
    card = issue_card(issue(LEAD, preheader="From the C.o.u.r.i.e.r"), GUARDED, url=AT)

    assert (card.site_name, card.description, card.image) == ("", "", "")
    assert card.title == "This week"
    assert "og:site_name" not in head_of(card)


def test_values_are_escaped() -> None:
    card = Card(title='"><script>x</script>', kind="article", description="'&'")

    head = head_of(card, feed='"><script>')

    assert "<script" not in head
    assert 'content="&#34;&gt;&lt;script&gt;x&lt;/script&gt;"' in head


@pytest.mark.parametrize(
    ("language", "name"),
    [
        *(("en", "en_US"), ("en-GB", "en_GB"), ("ar", "ar_EG"), ("fa", "fa_IR")),
        *(("zh-Hant", "zh_TW"), ("ru", "ru_RU"), ("pt-BR", "pt_BR"), ("xx", "en_US")),
    ],
)
def test_language_is_named_with_a_territory(language: str, name: str) -> None:
    assert locale_name(language) == name
