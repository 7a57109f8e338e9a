"""Feeds and pages at the command line, from a web server on loopback."""

import pytest

from digest.cli.sources import in_words
from digest.curation.inbox import IntakeReport
from digest.testing.web import WebServer, answer

FEED = """<rss version="2.0"><channel><title>F</title><link>https://courier.example/</link>
{items}</channel></rss>"""
ITEM = "<item><title>T {0}</title><link>https://courier.example/t{0}</link></item>"


def serve_feed(web: WebServer, items: int, path: str = "/feed.xml", **headers: str) -> str:
    """Serve a feed with so many items and return its address."""
    body = FEED.format(items="".join(ITEM.format(number) for number in range(items))).encode()
    web.answers[path] = answer(body=body, Content_Type="application/rss+xml", **headers)
    return web.url(path)


def test_report_is_told_in_words() -> None:
    assert in_words(IntakeReport(30, 2, 1)) == "30 new, 2 known, 1 changed"
    assert in_words(IntakeReport(1, problems=("x",))) == "1 new, 0 known, 0 changed, 1 unusable"


def test_poll_says_what_each_source_brought(line, web: WebServer) -> None:
    line.good("sources", "add", serve_feed(web, 3), "--name", "Harbour Courier")

    assert line.good("sources", "poll") == "Harbour Courier: 3 new, 0 known, 0 changed\n"
    assert line.good("sources", "poll") == "Harbour Courier: 0 new, 3 known, 0 changed\n"


def test_broken_feed_is_named_and_the_others_are_read(line, web: WebServer) -> None:
    web.answers["/broken"] = answer(body=b"<html>no feed</html>")
    line.good("sources", "add", web.url("/broken"), "--name", "A broken one")
    line.good("sources", "add", serve_feed(web, 1), "--name", "B")

    result = line("sources", "poll")

    assert result.status == 1
    assert result.err.startswith("error: A broken one: ")
    assert result.err.count("\n") == 1
    assert result.out == "B: 1 new, 0 known, 0 changed\n"


@pytest.mark.parametrize(
    ("path", "said"), [("/none", "the server answered 404"), ("/text", "not a feed")]
)
def test_broken_feed_says_why(line, web: WebServer, path: str, said: str) -> None:
    web.answers["/text"] = answer(body=b"just words", Content_Type="text/plain")
    line.good("sources", "add", web.url(path), "--name", "Feed")

    assert said in line.bad("sources", "poll")


def test_private_network_is_refused_unless_the_configuration_allows_it(line, web) -> None:
    line.good("sources", "add", serve_feed(web, 1), "--name", "Feed")
    line.configure('allow_networks = ["127.0.0.0/8"]', "")

    assert "127.0.0.1" in line.bad("sources", "poll")
    assert web.asked == []


def test_failure_is_remembered_and_listed(line, web: WebServer) -> None:
    line.good("sources", "add", web.url("/none"), "--name", "Feed")
    line.bad("sources", "poll")

    row = line.good("sources", "list").splitlines()[1].split("\t")

    assert (row[1], row[2], row[4]) == ("Feed", "feed", "1")
    assert "404" in row[5]


def test_poll_of_what_is_due_leaves_the_fresh_alone(line, web: WebServer) -> None:
    line.good("sources", "add", serve_feed(web, 1))
    line.good("sources", "poll")

    assert line.good("sources", "poll", "--due") == ""
    assert len(web.asked) == 1


def test_no_sources_says_how_to_begin(line) -> None:
    assert "digest sources add takes a feed's address" in line.good("sources", "poll")
    assert line.good("sources", "list") == ""


def test_same_source_twice_is_one_clear_line(line) -> None:
    line.good("sources", "add", "https://courier.example/feed")

    said = line.bad("sources", "add", "https://courier.example/feed")

    assert said == "https://courier.example/feed is a source already"
