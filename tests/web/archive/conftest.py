"""A house whose newsletter has sent some issues; and one that must not show its name."""

from collections.abc import Iterator

import pytest

ANNA = "anna@example.org"
GUARDED = {
    'name = "The Harbour Courier"\nhost = "courier.example"': (
        'name = "The Harbour Courier"\nguarded = true\narchive = true\n'
        'guarded_names = ["courier", "harbour"]\n'
        'public_url = "https://letters.neutral.example"\nhost = "post.neutral.example"'
    ),
    'sender = { name = "The Harbour Courier", address = "letters@courier.example" }': (
        'sender = { name = "Friday letter", address = "letters@neutral.example" }\n'
        'bounce_address = "back@neutral.example"'
    ),
}
ARABIC = {
    'language = "en"': 'language = "ar"',
    'name = "The Harbour Courier"\nhost': 'name = "بريد الميناء"\nhost',
}


@pytest.fixture
def guarded_house(open_house) -> Iterator:
    """A guarded newsletter that says its archive is public."""
    with open_house(more=GUARDED) as opened:
        opened.newsroom.subscribe(ANNA)
        opened.client.headers["Host"] = "letters.neutral.example"  # its pages are nowhere else
        yield opened


@pytest.fixture
def arabic_house(open_house) -> Iterator:
    """A newsletter in Arabic."""
    with open_house(more=ARABIC) as opened:
        opened.newsroom.subscribe(ANNA)
        yield opened
