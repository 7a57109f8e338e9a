"""The inbox at the command line."""

import pytest

from digest.testing.web import WebServer, answer

PAGE = """<html><head><title>Site</title><meta property="og:title" content="Fog again">
<meta property="og:description" content="Thick."></head><body></body></html>"""


def rows(out: str) -> list[list[str]]:
    """Return the cells of a table printed on a pipe, headings left out."""
    return [row.split("\t") for row in out.splitlines()[1:]]


def test_page_is_taken_in_by_its_address(line, web: WebServer) -> None:
    web.answers["/fog"] = answer(body=PAGE.encode(), Content_Type="text/html; charset=utf-8")

    out = line.good("articles", "add", web.url("/fog"))

    assert out.splitlines() == ["1 new, 0 known, 0 changed", "    3  Fog again"]


def test_file_s_articles_are_taken_in_once(line) -> None:
    out = line.good("articles", "add", "--file", line.folder / "articles.toml")

    assert out.splitlines()[0] == "0 new, 2 known, 0 changed"
    assert "    1  [Updated] Fog :fog: [/b]" in out


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("application/pdf", b"%PDF-1.7", "/page"),
        ("image/png", b"\x89PNG\r\n\x1a\n", "/page"),
        ("text/html", b"", "/page"),
    ],
)
def test_page_that_is_none_is_one_clear_line(line, web: WebServer, kind, body, said) -> None:
    web.answers["/page"] = answer(body=body, Content_Type=kind)
    before = line.store()

    assert said in line.bad("articles", "add", web.url("/page"))
    assert line.store() == before


def test_page_that_is_gone_is_one_clear_line(line, web: WebServer) -> None:
    assert "the server answered 404" in line.bad("articles", "add", web.url("/gone"))


def test_server_that_is_not_there_is_one_clear_line(line) -> None:
    assert "127.0.0.1:9" in line.bad("articles", "add", "http://127.0.0.1:9/")


def test_mistake_in_a_file_names_article_and_key_and_takes_nothing_in(line) -> None:
    good = '[[article]]\nurl = "https://courier.example/new"\ntitle = "New"\n'
    path = line.write("more.toml", good + '[[article]]\nurl = "https://x.example/"\ntitel = "T"\n')
    before = line.store()

    result = line("articles", "add", "--file", path)

    assert result.status == 1
    assert "more.toml: article 2: titel: this key is unknown" in result.err
    assert line.store() == before


def test_headline_is_listed_as_it_is(line) -> None:
    """Square brackets and colons are a terminal library's markup and must not be taken for it."""
    titles = [row[2] for row in rows(line.good("articles", "list"))]

    assert sorted(titles) == ["Rain", "[Updated] Fog :fog: [/b]"]


def test_search_finds_words(line) -> None:
    assert [row[2] for row in rows(line.good("articles", "list", "--search", "THICK"))] == [
        "[Updated] Fog :fog: [/b]"
    ]
    assert line.good("articles", "list", "--search", "sunshine") == ""


def test_article_leaves_the_inbox_and_comes_back(line) -> None:
    assert line.good("articles", "dismiss", 2) == "Set aside: Rain\n"
    assert len(rows(line.good("articles", "list"))) == 1

    line.good("articles", "restore", "https://courier.example/rain")

    assert len(rows(line.good("articles", "list"))) == 2
