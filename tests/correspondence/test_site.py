"""Where a letter's links begin: the first mirror of the reader pages as a probe last found them."""

from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.config import mirrors_of
from digest.curation.newsletters import find_newsletter, order_mirrors
from digest.testing.newsroom import open_newsroom

SITE = "http://127.0.0.1:8000"
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
MIRRORS = (
    f'{SCHEDULE}\n[[newsletters.mirrors]]\nof = "pages"\n'
    'at = ["https://p1.example", "https://p2.example"]\n'
)


@pytest.mark.parametrize(
    ("order", "site"),
    [
        ([], "https://p1.example"),
        (["https://p2.example"], "https://p2.example"),
        ([SITE], SITE),
    ],
)
def test_letters_lead_to_the_first_mirror(
    tmp_path: Path, clock: FixedClock, order: list[str], site: str
) -> None:
    with open_newsroom(tmp_path, clock, more={SCHEDULE: MIRRORS}) as newsroom:
        configured = newsroom.configured
        with newsroom.app.db.write() as session:
            row = find_newsletter(session, "weekly")
            order_mirrors(session, row, mirrors_of(configured, SITE), {"pages": order})

            assert newsroom.app.correspondent.site(session, configured) == site


def test_letters_without_mirrors_lead_to_the_pages(tmp_path: Path, clock: FixedClock) -> None:
    with open_newsroom(tmp_path, clock) as newsroom, newsroom.app.db.read() as session:
        assert newsroom.app.correspondent.site(session, newsroom.configured) == SITE
