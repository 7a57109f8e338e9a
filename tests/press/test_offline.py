"""The offline file: whole, safe to pass on, and asking nothing of any network."""

from datetime import date

import lxml.html
import pytest

from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.rendering.stored import OFFLINE
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)
BODY = '<p>The quay was empty.</p><img src="https://spy.example/p.gif"><script>x()</script>'


@pytest.fixture
def page(newsroom: Newsroom) -> str:
    newsroom.subscribe("anna@example.org", name="Anna Fox")
    issue = newsroom.draft(
        FRIDAY,
        topper={"text": "Hello.", "signed": "Ada"},
        quote={"text": "Enough.", "who": "Bo"},
        numbers=[["41", "days"]],
    )
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        _, pick, _ = list_picks(session, row.id)[0]
        picture = {"image_url": "https://courier.example/a.jpg", "image_alt": "Fog"}
        edit_pick(session, row, pick, {"body_html": BODY, "blurb": "5 < 6", **picture})
    offline = newsroom.render(issue)[-1]
    assert (offline.edition, offline.is_mail, offline.text) == (OFFLINE, False, ())
    (part,) = offline.html
    return part.text


def test_everything_of_the_issue_is_in_it(page: str) -> None:
    tree = lxml.html.fromstring(page)
    words = tree.text_content()

    for expected in ("Headline 0", "Headline 2", "Hello.", "Enough.", "41", "5 < 6"):
        assert expected in words
    assert "The quay was empty." in words
    assert [h.tag for h in tree.iter("h1", "h2")][:2] == ["h1", "h2"]
    links = [a.get("href") for a in tree.iter("a")]
    assert links == [f"https://courier.example/{n}" for n in range(3)]


def test_nothing_is_fetched_and_nobody_is_named(page: str) -> None:
    tree = lxml.html.fromstring(page)

    assert "default-src 'none'" in page
    assert not list(tree.iter("img", "script", "link", "iframe", "object", "form"))
    assert not [e for e in tree.iter() if e.get("src") or e.get("srcset")]
    assert not any(word in page for word in ("url(", "@import", "/u/", "/later/", "Zq"))
    assert not any(word in page for word in ("anna@example.org", "Anna", "unsubscribe"))


def test_two_files_of_one_issue_are_the_same(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    assert newsroom.render(issue)[-1] == newsroom.render(issue)[-1]
