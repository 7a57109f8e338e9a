"""One preflight of a real issue whose articles have mirrors, on a server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.config import mirrors_of
from digest.curation.newsletters import find_newsletter, order_mirrors
from digest.press.preflight.findings import Report
from digest.press.preflight.run import run_preflight
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.web import WebServer, answer, loopback_fetcher

SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
PAGE = "<html><head><title>{}</title></head></html>"


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    for mirror in ("a", "b"):
        serve(server, f"/{mirror}/0", "Headline 0")
        serve(server, f"/{mirror}/1", "Headline 1")
        serve(server, f"/{mirror}/", "The Harbour Courier")
    yield server
    server.close()


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock, web: WebServer) -> Iterator[Newsroom]:
    mirrors = f'of = "courier.example"\nat = ["{web.url("/a")}", "{web.url("/b")}"]'
    more = {SCHEDULE: f"{SCHEDULE}\n[[newsletters.mirrors]]\n{mirrors}\n"}
    with open_newsroom(tmp_path, clock, more=more) as opened:
        yield opened


def serve(web: WebServer, path: str, title: str) -> None:
    web.answers[path] = answer(body=PAGE.format(title).encode(), Content_Type="text/html")


def look(newsroom: Newsroom, issue: str) -> Report:
    app, configured = newsroom.app, newsroom.configured
    return run_preflight(
        *(app.db, newsroom.press, issue, configured),
        clock=app.clock,
        fetcher=loopback_fetcher(),
    )


def told(report: Report) -> set[tuple[str, str]]:
    return {(one.check, one.pick) for one in report.findings if one.check != "type-small"}


def test_issue_whose_mirrors_have_everything_has_nothing_to_find(
    newsroom: Newsroom, web: WebServer
) -> None:
    issue = newsroom.draft(picks=2, preheader="Two articles of this week, found in two places.")

    assert {check for check, _ in told(look(newsroom, issue))} <= {"text-thin"}
    paths = {request.path for request in web.asked}
    assert paths == {"/a/", "/a/0", "/a/1", "/b/0"}


def test_second_mirror_without_the_article_is_told(newsroom: Newsroom, web: WebServer) -> None:
    issue = newsroom.draft(picks=2)
    web.answers["/b/0"] = answer(404)

    report = look(newsroom, issue)

    [finding] = [one for one in report.findings if one.check == "mirror-down"]
    assert "/b of courier.example: " in finding.message
    assert "404" in finding.message
    assert report.blocking == ()


def test_probe_s_order_says_by_which_mirror_links_are_asked_for(
    newsroom: Newsroom, web: WebServer
) -> None:
    issue = newsroom.draft(picks=2)
    mirrors = mirrors_of(newsroom.configured, "http://127.0.0.1:8000")
    with newsroom.app.db.write() as session:
        row = find_newsletter(session, "weekly")
        order_mirrors(session, row, mirrors, {"courier.example": [web.url("/b")]})

    look(newsroom, issue)

    assert {request.path for request in web.asked} == {"/b/", "/b/0", "/b/1", "/a/0"}


def test_what_the_inbox_knows_of_an_article_is_found_by_way_of_a_mirror(
    newsroom: Newsroom, web: WebServer
) -> None:
    issue = newsroom.draft(picks=2)
    serve(web, "/a/1", "Correction: it was mist")

    report = look(newsroom, issue)

    assert ("drift-title", "Headline 1") in told(report)
