"""A corrected page whose links lead by way of mirrors."""

from datetime import UTC, date, datetime

from digest.press.archive.corrected import PastCorrection
from digest.web.archive.corrected_page import with_corrections
from digest.web.pages import NOBODYS, Pages

CORRECTION = PastCorrection(
    at=datetime(2026, 11, 28, 9, tzinfo=UTC),
    day=date(2026, 11, 28),
    note="It votes on Monday.",
    headline="Cranes <b>",
    wrong_url="https://courier.example/a",
    right_url="https://courier.example/b",
)
ORDER = {"courier.example": ["https://mirror.example"]}


def test_mirrored_link_is_put_right_and_stays_mirrored() -> None:
    page = '<html><body class="x"><a href="https://mirror.example/a">x</a></body></html>'
    shown = with_corrections(page, Pages(), NOBODYS, [CORRECTION], ORDER)
    assert '<a href="https://mirror.example/b">x</a>' in shown


def test_note_comes_first_into_the_body_and_is_text() -> None:
    page = '<html><body class="x"><p>One</p></body></html>'
    shown = with_corrections(page, Pages(), NOBODYS, [CORRECTION], None)
    assert shown.index('<body class="x">') < shown.index("It votes") < shown.index("<p>One</p>")
    assert "Cranes &lt;b&gt;" in shown


def test_page_without_corrections_stays_as_it_is() -> None:
    page = "<html><body></body></html>"
    assert with_corrections(page, Pages(), NOBODYS, [], ORDER) == page
