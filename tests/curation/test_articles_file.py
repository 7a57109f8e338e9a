"""Articles from a file: what is read, and how a mistake is named."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.curation.articles_file import read_articles_file
from digest.curation.sources.base import FoundArticle
from digest.errors import BadInput

TOML = """
[[article]]
url = "https://courier.example/fog"
title = "Fog  closes the harbour"
image_url = "https://courier.example/fog.jpg"
image_alt = "A pier in fog"
published_at = 2026-11-27T07:00:00+01:00
categories = ["Harbour"]
body_html = "<p onclick='x()'>Long.</p>"

[[article]]
url = "https://courier.example/ferry"
title = "Ferry"
published_at = 2026-11-26
"""


def written(folder: Path, text: str, name: str = "week.toml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_toml_file_gives_its_articles_in_order(tmp_path: Path) -> None:
    fog, ferry = read_articles_file(written(tmp_path, TOML))

    assert fog == FoundArticle(
        url="https://courier.example/fog",
        title="Fog closes the harbour",
        image_url="https://courier.example/fog.jpg",
        image_alt="A pier in fog",
        published_at=datetime(2026, 11, 27, 6, tzinfo=UTC),
        categories=("Harbour",),
        body_html="<p>Long.</p>",
    )
    assert ferry.published_at == datetime(2026, 11, 26, tzinfo=UTC)


def test_json_file_is_read_too(tmp_path: Path) -> None:
    tables = {
        "article": [{"url": "https://a.example/", "title": "T", "published_at": "2026-11-27T07:00"}]
    }
    (article,) = read_articles_file(written(tmp_path, json.dumps(tables), "week.json"))

    assert article.published_at == datetime(2026, 11, 27, 7, tzinfo=UTC)


GOOD = '[[article]]\nurl = "https://a.example/"\ntitle = "T"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            GOOD + GOOD.replace("title", "titel"),
            r"week\.toml: article 2: title: this key is missing",
        ),
        (GOOD + 'sumary = "x"', r"week\.toml: article 1: sumary: this key is unknown"),
        (GOOD + 'published_at = "soon"', r"article 1: published_at"),
        (GOOD + 'image_url = "javascript:x"', r"article 1: image_url: must be an http"),
        (GOOD + 'language = "the English"', r"article 1: language: must be a language tag"),
        (GOOD.replace("https://a.example/", "/a"), r"article 1: url: must be an http"),
        (GOOD.replace('"T"', '" "'), r"article 1: title"),
        ("x = 1", r"week\.toml: x: this key is unknown"),
        ("", r"week\.toml: article: there must be a list"),
        ("article = 3", r"week\.toml: article: there must be a list"),
        ("article = [3]", r"week\.toml: article 1"),
        ("[[", r"week\.toml: not a TOML or JSON file"),
    ],
)
def test_mistake_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(BadInput, match=complaint):
        read_articles_file(written(tmp_path, text))


@pytest.mark.parametrize("text", ["[]", "nonsense", "[" * 100_000])
def test_json_that_is_no_object_is_bad_input(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match=r"week\.json"):
        read_articles_file(written(tmp_path, text, "week.json"))


def test_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_articles_file(tmp_path / "none.toml")
