"""The load of the reader pages: what is posted, what wrk's words mean, which rows come of them."""

import pytest

from benchmarks.load import Answered, Post, read_answers
from benchmarks.page_rows import Freeze, Round, Visit, freeze_rows, visit_rows
from benchmarks.pages import PACE, configured
from benchmarks.processes import HelperFailed
from benchmarks.stock import RELAY
from benchmarks.visits import hello_posts
from digest.testing.newsroom import CONFIG

SAID = (
    "Requests/sec:    195.73\n"
    '{"p50": 1.329, "p99": 12.678, "slowest": 40.121, "seconds": 5.000, "broken": 0,'
    ' "statuses": {"200": 1000}}\n'
)


def _visit(p99: float, cpu: float = 900) -> Visit:
    return Visit(Answered(p50=1.5, p99=p99, slowest=2 * p99, rate=199), cpu)


def test_answers_are_read_from_the_last_line() -> None:
    assert read_answers(SAID, 1000) == Answered(p50=1.329, p99=12.678, slowest=40.121, rate=200)


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        (('"200": 1000', '"200": 990, "503": 10'), "990 times 200, 10 times 503, 0 broken"),
        (('"200": 1000', '"200": 999'), "of 1000 posts: 999 times 200"),
        (('"200": 1000', ""), "no answer"),
        (('"broken": 0', '"broken": 3'), "3 broken connections"),
        ((SAID, "unable to connect to 127.0.0.1:80\n"), "wrk: unable to connect"),
        ((SAID, ""), "wrk: nothing"),
    ],
)
def test_answers_that_are_not_all_200_are_no_figure(change: tuple[str, str], trouble: str) -> None:
    with pytest.raises(HelperFailed, match=trouble):
        read_answers(SAID.replace(*change), 1000)


def test_post_is_one_line_for_the_load() -> None:
    assert Post("/u/token", "20.0.1.7", "a=1&b=2").line == "/u/token\t20.0.1.7\ta=1&b=2\n"


def test_every_visitor_comes_from_a_network_of_its_own() -> None:
    posts = hello_posts("/hello", 70_000)

    assert len({post.visitor.rpartition(".")[0] for post in posts}) == len(posts)


def test_ours_has_the_target_and_stands_beside_each_yardstick() -> None:
    rounds = [
        Round({"plain": _visit(5), "insert": _visit(10), "ours": _visit(20, 1800)}, copies=199),
        Round({"plain": _visit(4), "insert": _visit(8), "ours": _visit(80, 2000)}, copies=201),
    ]

    rows = visit_rows("pages", ("plain", "insert"), rounds)

    latest = [row for row in rows if row.name == "ours, p99"]
    assert [(row.values, row.unit, row.met) for row in latest] == [
        ((20, 80), "ms", True),
        ((4, 20), "of plain", None),
        ((2, 10), "of insert", None),
    ]
    assert [row.met for row in rows if row.name == "plain, p99"] == [None]
    assert [row.values for row in rows if row.name == "ours, CPU a post"] == [(1800, 2000)]
    assert (rows[-1].name, rows[-1].values) == ("copies a second", (199, 201))


@pytest.mark.parametrize(("slowest", "met"), [(900, True), (1100, False)])
def test_freeze_is_met_by_answers_within_its_time(slowest: float, met: bool) -> None:
    answered = Answered(p50=5, p99=slowest, slowest=slowest, rate=20)

    rows = freeze_rows("freeze", [Freeze(1.0, answered)])

    assert [(row.values, row.met) for row in rows] == [
        ((1.0,), None),
        ((slowest / 1000,), None),
        ((slowest / 1000,), met),
    ]


def test_stock_is_configured_behind_a_proxy_at_a_pace() -> None:
    stock = CONFIG.format(url="sqlite:///x.db", relay=RELAY, connections=20, lease_seconds=60)

    text = configured(stock, 8123)

    assert '[web]\nport = 8123\ntrusted_proxies = ["127.0.0.1/32"]\npublic_url' in text
    assert f'[relays.main]\nbackend = "smtp"\nper_second = {PACE}\n' in text
    assert "tick_seconds = 30\n" in text
