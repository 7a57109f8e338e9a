"""How fast the reader pages answer posts on SQLite: beside a send, and during a freeze.

The parts are the real ones, each a process of its own: ``digest web``, ``digest scheduler`` with a
relay that takes so many copies a second, and wrk (load.py). The yardstick is the bare framework
under the same load in the same round (hello.py).
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.load import Post, post_all
from benchmarks.page_rows import Freeze, Round, Visit, freeze_rows, visit_rows
from benchmarks.processes import Helper, HelperFailed
from benchmarks.rounds import START_SECONDS, fresh_copy
from benchmarks.table import Row
from benchmarks.visits import (
    count_accepted,
    count_asked,
    count_left,
    hello_posts,
    one_click_posts,
    signup_posts,
)
from benchmarks.yardstick import find_program, free_port, wait_for
from digest.app import App, open_app

RATE = 200  # posts a second
PACE = 200  # copies a second
FREEZE_RATE = 20  # posts a second
FREEZE_SLOWEST = 50_000  # rows a second
WARM = 20  # posts of each kind before those that count
LEAD_SECONDS = 0.5
HELLO, INSERT = "plain FastAPI", "plain FastAPI with a durable insert"
ONE_CLICK, SIGNUP = "one-click leaving", "signing up"


@dataclass(frozen=True, slots=True)
class Server:
    """A running web server on the loopback."""

    helper: Helper
    port: int

    def visit(self, posts: Sequence[Post], rate: int, folder: Path) -> Visit:
        """Post all of these; HelperFailed unless all went well."""
        before = self.helper.cpu()
        answered = post_all(f"http://127.0.0.1:{self.port}", posts, rate, folder)
        return Visit(answered, (self.helper.cpu() - before) / len(posts) * 1e6)

    def visit_warm(self, posts: Sequence[Post], rate: int, folder: Path) -> Visit:
        """Post the first ones unmeasured: a server that has just started loads what it needs."""
        self.visit(posts[:WARM], rate, folder)
        return self.visit(posts[WARM:], rate, folder)


def measure_pages(bench: Bench) -> list[Row]:
    """Return the rows of the reader pages; HelperFailed when wrk is not installed."""
    find_program("wrk")
    settings = bench.settings
    rounds, freezes = [], []
    for _ in range(settings.visit_rounds):
        rounds.append(_round(bench, WARM + RATE * settings.visit_seconds))
        for name, visit in rounds[-1].visits.items():
            bench.say(f"{name}: p99 {visit.answered.p99:.1f} ms, {visit.cpu:,.0f} µs CPU")
    for _ in range(settings.visit_rounds):
        freezes.append(_freeze(bench, settings.rows))
        slowest = freezes[-1].answered.slowest / 1000
        bench.say(f"freeze: {freezes[-1].seconds:.2f} s, slowest answer {slowest:.2f} s")
    section = f"{RATE} posts a second while {PACE} copies a second are sent, SQLite"
    frozen = f"{FREEZE_RATE} posts a second during a freeze of {settings.rows:,}, SQLite"
    return visit_rows(section, (HELLO, INSERT), rounds) + freeze_rows(frozen, freezes)


def _round(bench: Bench, count: int) -> Round:
    """Post to each server in turn, while one sender sends all the time."""
    with (
        _newsroom(bench, bench.settings.readers) as (app, pages),
        _plain(app, _limit(bench)) as plain,
    ):
        folder = app.path.parent
        with Helper("digest", "--config", app.path, "scheduler", seconds=_limit(bench)) as sender:
            began, accepted = _wait_for_copies(app, sender)
            visits = {
                HELLO: plain.visit_warm(hello_posts("/hello", count), RATE, folder),
                INSERT: plain.visit_warm(hello_posts("/insert", count), RATE, folder),
                ONE_CLICK: pages.visit_warm(one_click_posts(app, count), RATE, folder),
                SIGNUP: pages.visit_warm(signup_posts(app, count), RATE, folder),
            }
            _expect("requests to join", count_asked(app), count)
            _expect("subscriptions ended", count_left(app), count)
            copies = (count_accepted(app) - accepted) / (time.monotonic() - began)
    return Round(visits, copies)


def _freeze(bench: Bench, rows: int) -> Freeze:
    """Let readers leave while the audience is frozen, from before it begins until after its end."""
    count = FREEZE_RATE * (2 + rows // FREEZE_SLOWEST)
    with ExitStack() as stack:
        app, pages = stack.enter_context(_newsroom(bench, rows))
        freezing = Helper("benchmarks.freeze_once", app.path, seconds=_limit(bench))
        stack.enter_context(freezing)
        freezing.hear()
        posts = one_click_posts(app, count)
        visitors = stack.enter_context(ThreadPoolExecutor(1))
        visit = visitors.submit(pages.visit, posts, FREEZE_RATE, app.path.parent)
        time.sleep(LEAD_SECONDS)
        freezing.say("go")
        seconds = freezing.answer()["seconds"]
        if visit.done():
            raise HelperFailed("the freeze outlasted the posts")
        answered = visit.result().answered
        _expect("subscriptions ended", count_left(app), count)
    return Freeze(seconds, answered)


def _limit(bench: Bench) -> float:
    return 2 * START_SECONDS + 20 * bench.settings.visit_seconds


@contextmanager
def _newsroom(bench: Bench, readers: int) -> Iterator[tuple[App, Server]]:
    """Yield a newsroom whose issue is due, and its pages' server."""
    port = free_port()
    with ExitStack() as stack:
        stock = bench.stock(readers)
        (config,) = stack.enter_context(fresh_copy(stock, [bench.port()]))
        config.write_text(configured(config.read_text("utf-8"), port), encoding="utf-8")
        helper = Helper("digest", "--config", config, "web", seconds=_limit(bench))
        stack.enter_context(helper)
        wait_for(port, lambda: helper.alive, "digest web")
        yield stack.enter_context(open_app(config)), Server(helper, port)


def configured(text: str, port: int) -> str:
    """Return the configuration of a stock with its pages behind a proxy, its relay's pace, and a
    scheduler that looks as often as one does.
    """
    web = f'[web]\nport = {port}\ntrusted_proxies = ["127.0.0.1/32"]\n'
    limits = "[limits]\nall_per_hour = 1000000\n\n"
    return (
        text.replace("[web]\n", limits + web)
        .replace("tick_seconds = 0.2\n", "tick_seconds = 30\n")
        .replace('backend = "smtp"\n', f'backend = "smtp"\nper_second = {PACE}\n')
    )


@contextmanager
def _plain(app: App, limit: float) -> Iterator[Server]:
    file = app.path.parent / "plain.db"
    with Helper("benchmarks.hello", file, seconds=limit) as helper:
        yield Server(helper, int(helper.hear()))


def _wait_for_copies(app: App, sender: Helper) -> tuple[float, int]:
    """Return when the send was under way, and how many copies had gone out by then."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and sender.alive:
        accepted = count_accepted(app)
        if accepted:
            return time.monotonic(), accepted
        time.sleep(0.05)
    raise HelperFailed("the send does not begin")


def _expect(what: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise HelperFailed(f"{found:,} {what}, where {wanted:,} were asked for")
