"""What a probe asks of each mirror, and the order that the answers suggest."""

from collections.abc import Iterator

import pytest

from digest.curation.issues import find_issue
from digest.mirrors import Mirrored
from digest.press.mirror_probe import Probed, Question, order_found, probe, questions
from digest.testing.newsroom import Newsroom
from digest.testing.web import WebServer, answer, loopback_fetcher

PAGES = Mirrored("pages", ("https://p1.example", "https://p2.example/x"))
ARTICLES = Mirrored("courier.example", ("https://m1.example/c", "https://courier.example"))
ELSEWHERE = Mirrored("elsewhere.example", ("https://m3.example",))


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


def asked(newsroom: Newsroom, *mirrors: Mirrored) -> list[Question]:
    with newsroom.app.db.read() as session:
        return questions(session, 1, mirrors)


def test_empty_newsroom_asks_for_front_pages(newsroom: Newsroom) -> None:
    assert asked(newsroom, PAGES, ARTICLES) == [
        Question("pages", "https://p1.example", "https://p1.example/"),
        Question("pages", "https://p2.example/x", "https://p2.example/x/"),
        Question("courier.example", "https://m1.example/c", "https://m1.example/c/"),
        Question("courier.example", "https://courier.example", "https://courier.example/"),
    ]


def test_articles_are_asked_for_the_newest_that_came_in(newsroom: Newsroom) -> None:
    newsroom.draft(picks=2)

    assert asked(newsroom, ARTICLES, ELSEWHERE) == [
        Question(
            *("courier.example", "https://m1.example/c", "https://m1.example/c/1", "Headline 1")
        ),
        Question(
            *("courier.example", "https://courier.example", "https://courier.example/1"),
            "Headline 1",
        ),
        Question("elsewhere.example", "https://m3.example", "https://m3.example/"),
    ]


def test_pages_are_asked_for_the_newest_issue_they_show(newsroom: Newsroom) -> None:
    issue = newsroom.draft()
    newsroom.approve(issue)
    newsroom.draft(picks=1)  # a draft is shown to nobody
    with newsroom.app.db.read() as session:
        path = f"/i/{find_issue(session, issue).public_id}"

    assert [question.url for question in asked(newsroom, PAGES)] == [
        f"https://p1.example{path}",
        f"https://p2.example/x{path}",
    ]
    assert {question.title for question in asked(newsroom, PAGES)} == {"Issue 1"}


def test_probe_tells_a_mirror_from_any_other_page(web: WebServer) -> None:
    for name, title in (("/a", "Dockers go back"), ("/b", "Parked"), ("/c", "")):
        body = f"<html><head><title>{title}</title></head><body></body></html>".encode()
        web.answers[name] = answer(body=body, Content_Type="text/html")
    wanted = "Dockers go back"
    urls = [Question("x", name, web.url(f"/{name}"), wanted) for name in "abcd"]

    found = probe(loopback_fetcher(), [*urls, Question("x", "any", web.url("/b"))])

    problems = {one.address: one.problem for one in found}
    assert problems["a"] == problems["any"] == ""
    assert problems["b"] == "another page: 'Parked'"
    assert problems["c"] == "a page without a title"
    assert "404" in problems["d"]


def test_order_keeps_what_answers_before_what_does_not() -> None:
    found = [
        Probed("pages", "p1", "down"),
        Probed("pages", "p2", ""),
        Probed("pages", "p3", ""),
        Probed("courier.example", "m1", "down"),
        Probed("courier.example", "m2", "down"),
    ]

    assert order_found(found) == {"pages": ["p2", "p3", "p1"], "courier.example": ["m1", "m2"]}
