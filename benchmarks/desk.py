"""How long after an edit the preview beside the board shows it, in Chromium.

``digest web`` is a process of its own, the browser another; both stand on this machine. What counts
begins when the form is sent, which is at once when a field is left, and ends when the new frame
stands with its words where the old one stood. Who goes on typing has the form sent after a pause,
which is a row of its own. Browsers keep no pictures for a frame without an origin: they come anew
each time, here from a server on this machine, and may arrive after the words. The yardstick is the
browser's own share: the same frame loaded once more, when there is nothing to render.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from benchmarks.bench import SAMPLE_READERS, Bench
from benchmarks.edition import SITE
from benchmarks.processes import Helper, HelperFailed
from benchmarks.rounds import START_SECONDS, fresh_copy
from benchmarks.table import Row, Target, ratios
from benchmarks.yardstick import free_port, wait_for
from digest.app import App, open_app
from digest.curation.inbox import find_article, take_in
from digest.curation.issues import edit_issue, new_issue
from digest.curation.newsletters import find_newsletter, list_sections
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.demo.newsroom import load_newsroom
from digest.editors.accounts import add_editor
from digest.editors.sessions import open_session
from digest.models import Role
from digest.testing.web import WebServer, answer
from digest.web.desk.doors import COOKIE

CHROMIUM = Path("/usr/bin/chromium")
SIZES = (12, 40)  # picks
SOON = 300.0  # milliseconds from the edit to the frame
WARM = 2  # edits before those that count
WIDTH = {"width": 1440, "height": 900}
# Each returns milliseconds. The pane says which version its frame shows once that stands there.
EDIT = """([field, words, kind]) => new Promise((done) => {
  const pane = document.getElementById("pane"), input = document.querySelector(field);
  const before = pane.dataset.shown, times = {};
  const note = (name) => {
    times[name] ??= performance.now() - began;
    if (times.shown && times.loaded && times.checked) { watch.disconnect(); done(times); }
  };
  const watch = new MutationObserver(() => {
    const coming = pane.querySelector("iframe.coming");
    if (coming) coming.addEventListener("load", () => note("loaded"), { once: true });
    if (pane.dataset.shown === before) return;
    note("shown");
    if (pane.querySelector("#preflight").dataset.version === pane.dataset.shown) note("checked");
  });
  watch.observe(pane, { attributes: true, childList: true, subtree: true });
  input.value = words;
  const began = performance.now();
  input.dispatchEvent(new Event(kind, { bubbles: true }));
})"""
LOAD_AGAIN = """() => new Promise((done) => {
  const frame = document.querySelector("#pane iframe");
  const began = performance.now();
  frame.addEventListener("load", () => done(performance.now() - began), { once: true });
  frame.src = frame.src;
})"""


@dataclass(slots=True)
class Times:
    """Milliseconds, one for each round."""

    shown: list[float] = field(default_factory=list)  # a field was left
    loaded: list[float] = field(default_factory=list)  # every picture was there, too
    checked: list[float] = field(default_factory=list)  # and preflight had looked
    typed: list[float] = field(default_factory=list)  # the last key was pressed
    again: list[float] = field(default_factory=list)  # the browser alone


def measure_desk(bench: Bench) -> list[Row]:
    """Return the rows of the preview beside the board; HelperFailed without Chromium."""
    if not CHROMIUM.exists():
        raise HelperFailed(f"skipped: there is no {CHROMIUM}")
    rows = []
    for picks in SIZES:
        with _desk(bench, picks) as page:
            times = _times(page, bench.settings.rounds)
        bench.say(f"{picks} picks: the preview {statistics.median(times.shown):.0f} ms after")
        rows += _rows(f"Preview beside the board, {picks} picks", times)
    return rows


def _rows(section: str, times: Times) -> list[Row]:
    loaded, again = tuple(times.loaded), tuple(times.again)
    return [
        Row(section, "the frame shows an edit", tuple(times.shown), "ms", target=Target(most=SOON)),
        Row(section, "and has every picture", loaded, "ms"),
        Row(section, "preflight has looked", tuple(times.checked), "ms"),
        Row(section, "the same frame once more, nothing to render", again, "ms"),
        Row(section, "an edit, every picture there", ratios(loaded, again), "of that", 2),
        Row(section, "from the last key, typing pause included", tuple(times.typed), "ms"),
    ]


def _times(page: Page, rounds: int) -> Times:
    times = Times()
    article = page.locator(".pick").nth(3).get_attribute("data-article")
    place = f"#f-{article}-headline"
    for number in range(WARM + rounds):
        left = page.evaluate(EDIT, [place, f"Another headline, {number}", "change"])
        typed = page.evaluate(EDIT, [place, f"Another headline, {number}!", "input"])
        again = page.evaluate(LOAD_AGAIN)
        if number >= WARM:
            times.shown.append(left["shown"])
            times.loaded.append(left["loaded"])
            times.checked.append(left["checked"])
            times.typed.append(typed["shown"])
            times.again.append(again)
    return times


@contextmanager
def _desk(bench: Bench, picks: int) -> Iterator[Page]:
    """Yield the board of an issue with that many picks, in a browser that is signed in."""
    port = free_port()
    with ExitStack() as stack:
        (config,) = stack.enter_context(fresh_copy(bench.stock(SAMPLE_READERS), [bench.port()]))
        text = config.read_text("utf-8").replace("[web]\n", f"[web]\nport = {port}\n")
        config.write_text(text, encoding="utf-8")
        pictures = stack.enter_context(_pictures())
        with open_app(config) as app:
            name, secret = _draft(app, picks, pictures), _sign_in(app)
        helper = Helper("digest", "--config", config, "web", seconds=10 * START_SECONDS)
        stack.enter_context(helper)
        wait_for(port, lambda: helper.alive, "digest web")
        context = stack.enter_context(_browser())
        home = f"http://127.0.0.1:{port}/desk"
        context.add_cookies([{"name": COOKIE, "value": secret, "url": home}])
        page = context.new_page()
        page.goto(f"{home}/{name}")
        page.wait_for_selector("#pane[data-shown]", state="attached")
        yield page


@contextmanager
def _browser() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser.new_context(viewport=WIDTH)  # type: ignore[arg-type]
        browser.close()


@contextmanager
def _pictures() -> Iterator[WebServer]:
    drawn, server = BytesIO(), WebServer()
    Image.new("RGB", (1200, 800), (120, 140, 150)).save(drawn, "JPEG")
    picture = answer(body=drawn.getvalue(), Content_Type="image/jpeg", Cache_Control="max-age=3600")
    server.answers = {f"/{number}.jpg": picture for number in range(max(SIZES))}
    yield server
    server.close()


def _sign_in(app: App) -> str:
    now = app.clock.now()
    with app.db.write() as session:
        editor = add_editor(
            *(session, app.sealer),
            name="Ada",
            address="ada@courier.example",
            role=Role.EDITOR,
            now=now,
        )
        return open_session(session, editor, now, app.config.desk.session_hours)


def _draft(app: App, picks: int, pictures: WebServer) -> str:
    """Make an extra with that many of the sample's articles, and return what it is called."""
    sample, now = load_newsroom().articles, datetime.now(UTC)
    found = [
        FoundArticle(
            url=f"{SITE}/again/{number}",
            title=f"{sample[number % len(sample)].headline} ({number})",
            summary=sample[number % len(sample)].dek,
            author=sample[number % len(sample)].byline,
            image_url=pictures.url(f"/{number}.jpg"),
            image_alt="What the picture shows",
        )
        for number in range(picks)
    ]
    with app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        take_in(session, found, None, now)
        issue = new_issue(session, newsletter, slot_date=None, now=now)
        edit_issue(session, issue, {"subject": "The preview, measured", "preheader": "Soon there"})
        sections = list_sections(session, newsletter.id)
        for number, each in enumerate(found):
            section = sections[number * len(sections) // picks]
            words = {"layout": "lead"} if number == 0 else {}
            pick_article(session, issue, find_article(session, each.url), section, words=words)
        return f"weekly/{issue.number}"
