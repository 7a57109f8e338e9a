"""The archive as a folder: each link leads somewhere, on any host, and nothing is fetched."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
import pytest
from lxml import etree, html
from sqlalchemy import delete, update

from digest.curation.issues import find_issue
from digest.errors import NotFound, Refused
from digest.models import Issue, IssueState, StoredRendering
from digest.rendering.stored import OFFLINE
from digest.scheduler import tick_once
from digest.testing.past import publish
from digest.web.archive.export import Exported, Options, export_archive
from digest.web.pages import Pages

FRIDAY = date(2026, 11, 27)
PICTURE = {"image_url": "https://pictures.example/quay.jpg", "image_alt": "A quay & a boat"}
BASE = "http://abcdefgh.onion/weekly"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where the folder will be."""
    return tmp_path / "site"


def export(house, folder: Path, base: str = "", **options) -> Exported:
    """Export ``weekly`` of a house."""
    app = house.app
    pages = Pages(app.config.templates, app.templates.catalogues)
    chosen = Options(base, **options)
    return export_archive(
        app.db, app.config, pages, "weekly", folder, chosen, lambda _done, _total: None
    )


def names(folder: Path) -> list[str]:
    """Return the files that anybody is meant to open."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.name.startswith("."))


class Quiet(SimpleHTTPRequestHandler):
    """The standard library's file server, without its log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder as any plain web server would; yield where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def walk(start: str) -> tuple[set[str], dict[str, int]]:
    """Follow every link from a page, within its host; return what was reached, and what was not
    there with its status.
    """
    site = urljoin(start, "/")
    reached: set[str] = set()
    broken: dict[str, int] = {}
    waiting = [start]
    with httpx.Client() as client:
        while waiting:
            url = waiting.pop()
            if url in reached or not url.startswith(site):
                continue
            reached.add(url)
            answer = client.get(url)
            if answer.status_code != 200:
                broken[url] = answer.status_code
            elif "html" in answer.headers["content-type"]:
                waiting += links_of(answer.content, url)
    return reached, broken


def links_of(page: bytes, url: str) -> list[str]:
    """Return every address in a page, absolute."""
    found = html.document_fromstring(page).iterlinks()
    return [urldefrag(urljoin(url, link))[0] for _, _, link, _ in found]


def test_every_link_leads_to_a_file_and_every_file_is_linked(house, site) -> None:
    for number in range(21):
        publish(house.newsroom, [{"headline": f"Story {number}", **PICTURE}, {"headline": "Rain"}])
        house.app.clock.advance(timedelta(days=7))
    export(house, site)

    with serving(site) as url:
        reached, broken = walk(f"{url}/")
    assert broken == {}
    found = {each.removeprefix(url).lstrip("/") or "index.html" for each in reached}
    assert found == set(names(site)) - {"404.html"}
    assert {"page-2.html", "21/index.html", "21/offline.html", "headlines.html"} <= found


def test_links_are_relative_but_for_articles_and_pictures(house, site) -> None:
    publish(house.newsroom, [{"headline": "Fog", **PICTURE}])
    publish(house.newsroom)

    export(house, site)

    for name in names(site):
        tree = html.document_fromstring((site / name).read_bytes())
        absolute = {link for _, _, link, _ in tree.iterlinks() if re.match(r"\w+:|/", link)}
        own = {link for link in absolute if not link.startswith("https://courier.example")}
        assert own <= {PICTURE["image_url"]}, name


def test_nothing_is_fetched_but_linked_pictures(house, site) -> None:
    publish(house.newsroom, [{"headline": "Fog", **PICTURE}])

    export(house, site)

    for name in names(site):
        assert fetched(site / name) <= {PICTURE["image_url"]}, name
    assert fetched(site / "1" / "index.html") == {PICTURE["image_url"]}


def fetched(path: Path) -> set[str]:
    """Return what a browser would fetch to show a file."""
    text = path.read_text()
    tree = html.document_fromstring(text)
    assert not tree.xpath("//script | //iframe | //object | //embed | //base | //form")
    sources = {*tree.xpath("//@src"), *tree.xpath("//@srcset"), *tree.xpath("//@background")}
    sources |= {*tree.xpath("//link[contains(@rel, 'style') or contains(@rel, 'load')]/@href")}
    return sources | {*re.findall(r"url\([^)]*\)", text), *re.findall("@import", text)}


def test_without_pictures_their_descriptions_stand_in_their_place(house, site) -> None:
    publish(house.newsroom, [{"headline": "Fog", **PICTURE}])

    export(house, site, pictures=False)

    for name in names(site):
        assert fetched(site / name) == set(), name
        assert "pictures.example" not in (site / name).read_text()
    assert "A quay &amp; a boat" in (site / "1" / "index.html").read_text()


def test_no_token_and_nothing_of_a_reader_is_in_any_file(house, run, site) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    assert b"/u/" in house.newsroom.backend.accepted[0][1]

    export(house, site, BASE)

    everything = "".join((site / name).read_text() for name in names(site))
    assert "Headline 0" in everything
    words = ("/u/", "/later/", "/s/", "/c/", "/move/", "/erase/", "@example.org", "Zebulon")
    assert [word for word in words if word in everything] == []
    assert "127.0.0.1:8000" not in everything


def test_second_run_writes_nothing(house, site) -> None:
    publish(house.newsroom, [{"headline": "Fog", **PICTURE}])
    first = export(house, site, BASE)
    before = {path: path.stat().st_mtime_ns for path in site.rglob("*")}

    second = export(house, site, BASE)

    assert (second.written, second.removed, second.unchanged) == ([], [], len(first.written))
    assert {path: path.stat().st_mtime_ns for path in site.rglob("*")} == before


def test_new_issue_adds_its_files_and_changes_only_those_that_name_it(house, site) -> None:
    for _ in range(3):
        publish(house.newsroom)
        house.app.clock.advance(timedelta(days=7))
    export(house, site)
    publish(house.newsroom)

    done = export(house, site)

    assert sorted(done.written) == [
        *("3/index.html", "4/index.html", "4/offline.html", "headlines.html", "index.html"),
    ]


def test_files_of_an_issue_that_is_gone_are_removed(house, site) -> None:
    publish(house.newsroom)
    publish(house.newsroom)
    export(house, site)
    with house.app.db.write() as session:
        issue = find_issue(session, "weekly/2")
        session.execute(
            update(Issue).where(Issue.id == issue.id).values(state=IssueState.CANCELLED)
        )

    done = export(house, site)

    assert done.removed == ["2/index.html", "2/offline.html"]
    assert not (site / "2").exists()


def test_feed_needs_the_address_of_the_folder(house, site) -> None:
    publish(house.newsroom, preheader="All of it")

    export(house, site / "without")
    export(house, site / "with", BASE)

    assert "feed.atom" not in names(site / "without")
    assert "feed.atom" not in (site / "without" / "index.html").read_text()
    feed = etree.fromstring((site / "with" / "feed.atom").read_bytes())
    links = feed.xpath("//a:link/@href", namespaces={"a": "http://www.w3.org/2005/Atom"})
    assert links == [f"{BASE}/feed.atom", f"{BASE}/index.html", f"{BASE}/1/index.html"]
    page = (site / "with" / "1" / "index.html").read_text()
    assert f'<meta property="og:url" content="{BASE}/1/index.html">' in page
    assert f'<link rel="canonical" href="{BASE}/1/index.html">' in page
    assert 'href="../feed.atom"' in page


def test_page_without_an_address_names_none(house, site) -> None:
    publish(house.newsroom)

    export(house, site)

    page = (site / "1" / "index.html").read_text()
    assert "og:url" not in page
    assert "canonical" not in page
    assert '<meta property="og:title" content="This week">' in page


def test_character_set_is_said_where_a_browser_looks_for_it(house, site) -> None:
    publish(house.newsroom, subject="Nebel über Überlingen", preheader="x" * 300)

    export(house, site)

    for name in names(site):
        start = (site / name).read_bytes()[:1024].lower()
        assert b"charset" in start, name


def test_policy_of_a_file_lets_nothing_in(house, site) -> None:
    publish(house.newsroom)

    export(house, site)

    for name in ("index.html", "headlines.html", "1/index.html"):
        tree = html.document_fromstring((site / name).read_bytes())
        [policy] = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_all_headlines_are_on_one_page(house, site) -> None:
    for number in range(21):
        publish(house.newsroom, [{"headline": f"Story {number}"}, {"headline": f"More {number}"}])

    export(house, site)

    tree = html.document_fromstring((site / "headlines.html").read_bytes())
    said = [item.text_content().strip() for item in tree.xpath("//li")]
    assert sorted(said) == sorted(f"{w} {n}" for n in range(21) for w in ("Story", "More"))


def test_arabic_files_run_from_right_to_left(arabic_house, site) -> None:
    publish(arabic_house.newsroom, [{"headline": "ضباب فوق الميناء"}], subject="الأسبوع")

    export(arabic_house, site)

    for name in names(site):
        tree = html.document_fromstring((site / name).read_text())
        assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl"), name
    bar = html.document_fromstring((site / "1" / "index.html").read_text()).xpath("//nav")[0]
    assert bar.get("dir") == "rtl"


def test_guarded_folder_names_nobody_where_names_are_shown(guarded_house, site) -> None:
    publish(guarded_house.newsroom, [{"headline": "The quay", "url": "https://mirror.example/a"}])

    export(guarded_house, site, BASE)

    for name in names(site):
        head = (site / name).read_text().partition("<body")[0].casefold()
        assert not re.search("courier|harbour", head), name


def test_issue_without_a_kept_file_is_exported_without_it(house, site) -> None:
    publish(house.newsroom)
    with house.app.db.write() as session:
        session.execute(delete(StoredRendering).where(StoredRendering.edition == OFFLINE))

    export(house, site)

    assert "1/offline.html" not in names(site)
    assert "offline.html" not in (site / "1" / "index.html").read_text()


def test_archive_that_is_not_public_is_not_exported(house, site) -> None:
    config = house.app.config
    closed = [each.model_copy(update={"archive": False}) for each in config.newsletters]
    house.app.config = config.model_copy(update={"newsletters": closed})

    with pytest.raises(NotFound):
        export(house, site)

    assert not (site).exists()


def test_folder_of_somebody_else_is_left_alone(house, site) -> None:
    publish(house.newsroom)
    site.mkdir()
    (site / "index.html").write_text("mine")

    with pytest.raises(Refused):
        export(house, site)

    assert [path.name for path in site.iterdir()] == ["index.html"]
    assert (site / "index.html").read_text() == "mine"


def test_bar_says_the_progress(house, site) -> None:
    publish(house.newsroom)
    told: list[tuple[int, int]] = []
    app = house.app
    pages = Pages(None, app.templates.catalogues)

    tell: Callable[[int, int], None] = lambda done, total: told.append((done, total))  # noqa: E731
    export_archive(app.db, app.config, pages, "weekly", site, Options(), tell)

    assert told == [(number, 6) for number in range(1, 7)]
