"""``digest newsletters form``: HTML for a newsroom's own site."""

from html.parser import HTMLParser
from typing import Any

from digest.cli.signup_form import signup_form
from digest.config import NewsletterConfig, SenderConfig
from digest.rendering.catalogues import Catalogues

SITE = "https://pages.neutral.example"


class Forms(HTMLParser):
    """Remembers the tags it saw with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for each, attributes in self.seen if each == tag]


def test_form_posts_an_address_to_the_signup_page(line) -> None:
    html = line.good("newsletters", "form", "weekly")
    forms = Forms(html)

    [form] = forms.of("form")
    [field] = forms.of("input")
    assert (form["action"], form["method"]) == ("http://127.0.0.1:8000/n/weekly", "post")
    assert (field["name"], field["type"]) == ("address", "email")
    assert "The Harbour Courier: free, by e-mail, once a week" in html
    assert not forms.of("script")


def test_form_of_an_unknown_newsletter_is_named(line) -> None:
    assert "no newsletter has the slug 'nothing'" in line.bad("newsletters", "form", "nothing")


def form_called(name: str, language: str, **more: Any) -> str:
    configured = NewsletterConfig(
        slug="letter",
        name=name,
        host="neutral.example",
        sender=SenderConfig(name="Friday letter", address="letter@neutral.example"),
        relay="main",
        postal_address="12 Quay Street",
        language=language,
        public_url=SITE,
        **more,
    )
    return signup_form(configured, SITE, Catalogues().words(language))


def test_form_escapes_and_turns_with_its_language() -> None:
    html = form_called('"A" & <B>', "ar")

    assert "&quot;A&quot; &amp; &lt;B&gt;" in html
    assert 'lang="ar" dir="rtl"' in html


def test_form_of_a_guarded_newsletter_does_not_name_it() -> None:
    html = form_called("The Courier", "en", guarded=True, guarded_names=["Courier"])

    assert "Courier" not in html
    assert "A free letter by e-mail, once a week" in html
