"""The sample newsroom keeps the rules a real one sets itself."""

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from digest.demo.newsroom import CONTENT, Newsroom, load_newsroom
from digest.errors import BadInput

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def newsroom() -> Newsroom:
    return load_newsroom()


def test_newsroom_has_articles_enough_in_every_category(newsroom: Newsroom) -> None:
    sizes = Counter(article.category for article in newsroom.articles)

    assert len(newsroom.articles) >= 28
    assert set(sizes) == {"News", "Features", "Analysis", "Opinion"}
    assert min(sizes.values()) >= 6


def test_articles_have_slugs_of_their_own(newsroom: Newsroom) -> None:
    slugs = [article.slug for article in newsroom.articles]

    assert len(set(slugs)) == len(slugs)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in slugs)


def test_articles_are_complete(newsroom: Newsroom) -> None:
    for article in newsroom.articles:
        words = len(article.dek.split())

        assert 25 <= words <= 40, (article.slug, words)
        assert 2 <= len(article.paragraphs) <= 4, article.slug
        assert article.headline, article.slug
        assert article.byline, article.slug
        assert article.kicker, article.slug


def test_articles_are_typeset(newsroom: Newsroom) -> None:
    """Typographic quotes only, no placeholder and nothing pictorial."""
    text = "\n".join(p for a in newsroom.articles for p in (a.headline, a.dek, *a.paragraphs))

    assert not re.search("[\"']", text)
    assert not re.search(r"\b(TK|TBD|XXX|lorem)\b", text)
    assert max(text) < "\u2100"


def test_articles_came_out_within_eight_days_newest_first(newsroom: Newsroom) -> None:
    times = [article.published_at(NOW) for article in newsroom.articles]

    assert times == sorted(times, reverse=True)
    assert NOW - timedelta(days=8) < times[-1]
    assert times[0] < NOW


def test_pictures_are_illustrations_a_mail_can_carry(newsroom: Newsroom) -> None:
    for picture in newsroom.pictures:
        with Image.open(picture.path) as image:
            assert image.format == "JPEG"
            assert image.size == (1200, 800)
            assert not image.getexif()
        assert picture.path.stat().st_size <= 120_000
        assert 40 <= len(picture.alt) <= 125, picture.name
        assert picture.credit


def test_pictures_are_all_used_and_none_lies_about(newsroom: Newsroom) -> None:
    files = {path.stem for path in (CONTENT / "pictures").glob("*.jpg")}

    assert files == {picture.name for picture in newsroom.pictures}
    assert files == {article.picture.name for article in newsroom.articles}


def test_issue_words_have_the_right_length(newsroom: Newsroom) -> None:
    issue = newsroom.issue

    assert 0 < len(issue.subject) <= 60
    assert 40 <= len(issue.preheader) <= 110
    assert issue.subject.lower() not in issue.preheader.lower()
    assert 40 <= len(issue.topper[0].split()) <= 80
    assert len(issue.numbers) == 3
    assert all(len(words.split()) <= 6 for _, words in issue.numbers)


def test_issue_appeal_links_to_the_paper(newsroom: Newsroom) -> None:
    appeal = newsroom.issue.appeal

    for label, url in (appeal.once, appeal.monthly, appeal.annual):
        assert "€" in label
        assert urlsplit(url)[:2] == ("https", "courier.example")


def test_issue_picks_refer_to_articles(newsroom: Newsroom) -> None:
    picks = newsroom.issue.picks

    assert all(newsroom.article(pick.article) for pick in picks)
    assert len({pick.article for pick in picks}) == len(picks) >= 10
    assert Counter(pick.layout for pick in picks)["lead"] == 1
    assert {pick.layout for pick in picks} == {"lead", "column", "brief"}


def test_issue_has_a_section_for_every_category(newsroom: Newsroom) -> None:
    assert newsroom.issue.sections == ("News", "Features", "Analysis", "Opinion")


def test_illustrated_picks_share_their_picture_with_no_other_article(newsroom: Newsroom) -> None:
    used = Counter(article.picture.name for article in newsroom.articles)

    for pick in newsroom.issue.picks:
        article = newsroom.article(pick.article)
        assert article is not None
        if pick.layout != "brief":
            assert used[article.picture.name] == 1, pick.article


def test_newsroom_names_the_file_with_a_missing_key(tmp_path: Path) -> None:
    desk = (CONTENT / "newsroom.toml").read_text("utf-8").replace("tagline =", "slogan =")
    (tmp_path / "newsroom.toml").write_text(desk, "utf-8")

    with pytest.raises(BadInput, match=r"newsroom\.toml: .*slogan"):
        load_newsroom(tmp_path)


def test_newsroom_names_a_file_that_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "newsroom.toml").write_text("[paper", "utf-8")

    with pytest.raises(BadInput, match=r"newsroom\.toml"):
        load_newsroom(tmp_path)


def test_newsroom_content_has_no_key_nobody_reads() -> None:
    desk = tomllib.loads((CONTENT / "newsroom.toml").read_text("utf-8"))

    assert set(desk) == {"paper", "pictures", "issue"}
    assert set(desk["issue"]) == {
        "subject",
        "preheader",
        "topper",
        "quote",
        "numbers",
        "appeal",
        "picks",
    }
