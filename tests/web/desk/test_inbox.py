"""The inbox: what is shown, found and paged; picking and setting aside; bringing in by hand."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from digest.clock import FixedClock
from digest.curation.inbox import dismiss, find_article, take_in
from digest.curation.issues import find_issue, move_issue, new_issue
from digest.curation.newsletters import find_newsletter, list_sections
from digest.curation.picks import list_picks
from digest.curation.source_list import add_source
from digest.curation.sources.base import FoundArticle
from digest.models import Article, ArticleState, IssueState, Role
from digest.testing.web import WebServer, answer
from digest.web.desk.ages import age
from digest.web.desk.inbox import A_PAGE, parse_back
from digest.web.desk.inbox_add import bookmark_of
from tests.web.desk.conftest import Browser, Desk

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
LOCAL = {"[preflight]": '[fetch]\nallow_networks = ["127.0.0.0/8"]\n\n[preflight]'}
PAGE = b"""<html><head><title>Fog closes the harbour</title><meta name=description content="Thick.">
<meta property="og:image" content="https://courier.example/shared.jpg"></head>
<body><img src="https://courier.example/inside.jpg" alt="A pier"></body></html>"""


def found(number: int, desk: Desk, **more: str) -> FoundArticle:
    at = desk.clock.now() - timedelta(hours=number)
    words = {"title": f"Headline {number}", "summary": f"Summary {number}.", **more}
    return FoundArticle(url=f"https://courier.example/{number}", published_at=at, **words)


def bring(desk: Desk, *articles: FoundArticle, source_id: int | None = None) -> list[int]:
    """Take articles in; return their numbers."""
    with desk.app.db.write() as session:
        take_in(session, articles, source_id, desk.clock.now())
        return [find_article(session, each.url).id for each in articles]


def source(desk: Desk) -> int:
    kind = "digest.curation.sources.feed:FeedSource"
    url, now = "https://courier.example/feed", desk.clock.now()
    with desk.app.db.write() as session:
        return add_source(session, url=url, kind=kind, name="Courier feed", now=now).id


def place(desk: Desk, browser: Browser) -> str:
    """Begin the issue; return what a form says for its first section."""
    browser.post("/desk/weekly/begin")
    with desk.app.db.read() as session:
        section = list_sections(session, find_newsletter(session, "weekly").id)[0]
        return f"weekly/1:{section.id}"


def picked(desk: Desk) -> list[str]:
    with desk.app.db.read() as session:
        issue = find_issue(session, "weekly/1")
        return [article.title for _, _, article in list_picks(session, issue.id)]


def state(desk: Desk, number: int) -> ArticleState:
    with desk.app.db.read() as session:
        return session.get_one(Article, number).state


def shown(page: str) -> list[str]:
    """Return the headlines of a page, in its order."""
    pieces = page.split('rel="noopener noreferrer">')[1:]
    return [piece.partition("</a>")[0] for piece in pieces]


def test_inbox_shows_what_an_editor_must_know(desk: Desk) -> None:
    bring(desk, found(1, desk, image_url="https://courier.example/a.jpg"), source_id=source(desk))
    page = desk.signed_in(Role.CONTRIBUTOR).get("/desk/inbox").text

    for words in ("Headline 1", "Summary 1.", "Courier feed", "1 hour ago"):
        assert words in page
    assert 'href="https://courier.example/1" target="_blank" rel="noopener noreferrer"' in page
    assert 'src="https://courier.example/a.jpg"' in page
    assert 'referrerpolicy="no-referrer"' in page


def test_newest_come_first_and_every_article_on_one_page(desk: Desk) -> None:
    same = [found(number // 3, desk) for number in range(1)]
    bring(desk, *same, *(found(number, desk) for number in range(1, 2 * A_PAGE + 5)))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    path, seen, pages = "/desk/inbox?search=headline", [], 0
    while path:
        page = browser.get(path).text
        seen, pages = [*seen, *shown(page)], pages + 1
        older = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        path = older.replace("&amp;", "&") if 'rel="next"' in page else ""

    assert pages == 3
    assert seen == [f"Headline {number}" for number in range(2 * A_PAGE + 5)]


def test_paging_parts_articles_of_one_moment(desk: Desk) -> None:
    at = desk.clock.now()
    several = [
        FoundArticle(url=f"https://courier.example/{n}", title=f"H{n}", published_at=at)
        for n in range(A_PAGE + 7)
    ]
    bring(desk, *several)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    first = browser.get("/desk/inbox").text
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    second = browser.get(older.replace("&amp;", "&")).text

    both = [*shown(first), *shown(second)]
    assert len(both) == len(set(both)) == A_PAGE + 7


def test_source_state_and_words_sift(desk: Desk) -> None:
    number = source(desk)
    bring(desk, found(1, desk), source_id=number)
    _, aside = bring(desk, found(2, desk), found(3, desk, title="ΌΜΙΧΛΗ"))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"/desk/inbox/{aside}/aside")

    def titles(query: str) -> list[str]:
        return shown(browser.get(f"/desk/inbox?{query}").text)

    assert titles(f"source={number}") == ["Headline 1"]
    assert titles("source=hand") == ["Headline 2"]
    assert titles("kept=aside") == ["ΌΜΙΧΛΗ"]
    assert titles("kept=all&search=όμιχλη") == ["ΌΜΙΧΛΗ"]
    assert titles("kept=all&search=2. summary") == ["Headline 2"]
    assert titles("kept=picked") == []


@pytest.mark.parametrize(
    "query",
    [
        *("kept=nothing", "source=1%20OR%201=1", "before=yesterday_1", "before=2026-11-25_x"),
        *("before=%27%3B--", "source=-1"),
    ],
)
def test_what_the_page_cannot_ask_is_refused(desk: Desk, query: str) -> None:
    answer = desk.signed_in(Role.CONTRIBUTOR).get(f"/desk/inbox?{query}")
    assert answer.status_code == 422


@pytest.mark.parametrize("search", ["%", "_", "' OR 1=1 --", '";', "\\"])
def test_search_takes_every_letter_for_itself(desk: Desk, search: str) -> None:
    bring(desk, found(1, desk))
    page = desk.signed_in(Role.CONTRIBUTOR).get("/desk/inbox", params={"search": search})
    assert page.status_code == 200
    assert shown(page.text) == []


def test_article_s_text_is_text(desk: Desk) -> None:
    words = {"title": EVIL, "summary": EVIL, "author": EVIL, "site_name": EVIL}
    bring(desk, found(1, desk, **words, image_url="javascript:alert(1)"))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    pages = [browser.get("/desk/inbox").text, browser.get("/desk/inbox?search=" + EVIL).text]
    pages.append(browser.get("/desk/inbox/add", params={"url": EVIL}).text)

    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'src="javascript' not in page
        assert "&lt;script&gt;" in page


def test_article_is_picked_last_in_the_section_chosen(desk: Desk) -> None:
    first, second = bring(desk, found(1, desk), found(2, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    where = place(desk, browser)
    assert f'value="{where}"' in browser.get("/desk/inbox").text

    back = "kept=waiting&search=head&evil=//evil.example"
    answered = browser.post(f"/desk/inbox/{second}/pick", place=where, back=back)
    browser.post(f"/desk/inbox/{first}/pick", place=where)

    assert picked(desk) == ["Headline 2", "Headline 1"]
    sent_to = answered.headers["location"]
    assert sent_to.startswith("/desk/inbox?kept=waiting&search=head&place=weekly")
    assert "evil" not in sent_to
    assert desk.verbs()[-2:] == ["pick", "pick"]
    assert shown(browser.get("/desk/inbox").text) == []
    page = browser.get("/desk/inbox?kept=picked").text
    assert "In weekly/1" in page
    assert f'href="/desk/weekly/1?open={second}#card-{second}"' in page


def test_section_of_the_board_leads_to_its_picks(desk: Desk) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    bring(desk, found(1, desk))
    where = place(desk, browser)
    with desk.app.db.write() as session:  # a later draft does not take what is meant for this one
        newsletter = find_newsletter(session, "weekly")
        new_issue(session, newsletter, slot_date=None, now=desk.clock.now())
    assert f'href="/desk/inbox?place={where}"' in browser.get("/desk/weekly/1").text

    page = browser.get("/desk/inbox", params={"place": where}).text

    assert f'<option value="{where}" selected>' in page
    assert "number 2</option>" in page
    assert '<a href="/desk/weekly/1">To The Harbour Courier 1</a>' in page  # and back again


@pytest.mark.parametrize("where", ["weekly/9:1", "nothing/1:1", "weekly/x:1", ":", "weekly/1"])
def test_inbox_opens_wherever_picks_should_go(desk: Desk, where: str) -> None:
    browser = desk.signed_in(Role.CONTRIBUTOR)
    bring(desk, found(1, desk))
    place(desk, browser)
    page = browser.get("/desk/inbox", params={"place": where})
    assert page.status_code == 200
    assert page.text.count("<optgroup") == 1


def test_picking_twice_changes_nothing(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    where = place(desk, browser)
    browser.post(f"/desk/inbox/{number}/pick", place=where)

    assert browser.post(f"/desk/inbox/{number}/pick", place=where).status_code == 409
    assert picked(desk) == ["Headline 1"]


@pytest.mark.parametrize("where", ["", "weekly", "weekly/1", "weekly/1:x", "weekly/1:999", ":1"])
def test_pick_needs_a_place(desk: Desk, where: str) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    place(desk, browser)

    assert browser.post(f"/desk/inbox/{number}/pick", place=where).status_code in {404, 422}
    assert picked(desk) == []


def test_issue_that_is_closed_takes_no_pick(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    where = place(desk, browser)
    with desk.app.db.write() as session:
        move_issue(session, find_issue(session, "weekly/1").id, to=IssueState.CANCELLED)

    assert browser.post(f"/desk/inbox/{number}/pick", place=where).status_code == 403
    assert "No issue is open" in browser.get("/desk/inbox").text


def test_pick_is_taken_out_again(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"/desk/inbox/{number}/pick", place=place(desk, browser))
    browser.post(f"/desk/inbox/{number}/take-out", issue="weekly/1")

    assert picked(desk) == []
    assert shown(browser.get("/desk/inbox").text) == ["Headline 1"]
    assert desk.verbs()[-1] == "take out"


def test_article_is_set_aside_and_comes_back(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)

    browser.post(f"/desk/inbox/{number}/aside")
    assert state(desk, number) is ArticleState.DISMISSED
    assert shown(browser.get("/desk/inbox").text) == []
    browser.post(f"/desk/inbox/{number}/back")

    assert state(desk, number) is ArticleState.NEW
    assert desk.verbs()[-2:] == ["not for us", "back to the inbox"]


def test_picking_what_was_set_aside_brings_it_back(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    with desk.app.db.write() as session:
        dismiss(session, number)
    browser.post(f"/desk/inbox/{number}/pick", place=place(desk, browser))

    assert state(desk, number) is ArticleState.NEW
    assert picked(desk) == ["Headline 1"]


def test_htmx_gets_the_row_alone(desk: Desk) -> None:
    [number] = bring(desk, found(1, desk))
    browser = desk.signed_in(Role.CONTRIBUTOR)
    headers = {"HX-Request": "true", "X-Desk-Token": browser.token}
    row = browser.client.post(f"/desk/inbox/{number}/aside", headers=headers, data={"back": ""})

    assert row.status_code == 200
    assert row.text.startswith(f'<li id="article-{number}"')
    assert "Back to the inbox" in row.text


def test_form_goes_back_only_where_the_inbox_is() -> None:
    assert parse_back("search=a&kept=all&next=//evil.example") == {"search": "a", "kept": "all"}
    assert parse_back("//evil.example") == {}


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0, "just now"),
        (-0.001, "now"),
        (1, "1 hour ago"),
        (23.5, "23 hours ago"),
        (49, "2 days ago"),
        (-0.5, "in 30 minutes"),
        (24 * 30, "26 Oct 2026"),
    ],
)
def test_age_is_said_in_few_words(clock: FixedClock, hours: float, words: str) -> None:
    clock = FixedClock(clock.now().replace(year=2026, month=11, day=25, hour=9, minute=0))
    assert age(clock.now() - timedelta(hours=hours), clock.now()) == words


# Bringing in by hand.


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    server.answers["/fog"] = answer(body=PAGE, Content_Type="text/html")
    yield server
    server.close()


@pytest.fixture
def near(open_house: Callable[..., AbstractContextManager], clock: FixedClock) -> Iterator[Desk]:
    """A desk whose configuration lets it ask this machine."""
    with open_house(more=LOCAL) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            yield desk


def count(desk: Desk) -> int:
    with desk.app.db.read() as session:
        return session.query(Article).count()


def test_opening_the_bookmark_asks_nobody_and_keeps_nothing(near: Desk, site: WebServer) -> None:
    browser = near.signed_in(Role.CONTRIBUTOR)
    page = browser.get("/desk/inbox/add", params={"url": site.url("/fog")})

    assert f'value="{site.url("/fog")}"' in page.text
    assert site.asked == []
    assert count(near) == 0


def test_page_is_read_put_right_and_kept(near: Desk, site: WebServer) -> None:
    browser = near.signed_in(Role.CONTRIBUTOR)
    form = browser.post("/desk/inbox/add/read", url=site.url("/fog")).text
    for words in ("Fog closes the harbour", "Thick.", "shared.jpg", "inside.jpg"):
        assert words in form
    assert count(near) == 0

    saved = browser.post(
        "/desk/inbox/add",
        url=site.url("/fog"),
        title="Fog at last",
        summary="Thick.",
        published_at="2026-11-25T07:30",
        picture="https://courier.example/inside.jpg",
        image_alt="A pier",
    )

    assert saved.status_code == 303
    with near.app.db.read() as session:
        article = session.query(Article).one()
        assert (article.title, article.image_alt) == ("Fog at last", "A pier")
        assert article.image_url == "https://courier.example/inside.jpg"
        assert article.published_at is not None
    assert near.verbs()[-1] == "add article"
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "http://169.254.169.254/latest", "http://2130706433/"),
        *("http://[::1]/", "http://10.0.0.1/", "http://localhost:22/"),
    ],
)
def test_nothing_inside_is_asked(desk: Desk, url: str) -> None:
    page = desk.signed_in(Role.CONTRIBUTOR).post("/desk/inbox/add/read", url=url)
    assert page.status_code == 200
    assert "You can type in what it says" in page.text
    assert count(desk) == 0


def test_server_on_this_machine_is_not_reached_by_default(desk: Desk, site: WebServer) -> None:
    desk.signed_in(Role.CONTRIBUTOR).post("/desk/inbox/add/read", url=site.url("/fog"))
    assert site.asked == []


@pytest.mark.parametrize("url", ["", "fog", "javascript:alert(1)", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(desk: Desk, url: str) -> None:
    answered = desk.signed_in(Role.CONTRIBUTOR).post("/desk/inbox/add/read", url=url)
    assert answered.status_code == 422


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"title": ""}, "title"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"picture": "javascript:alert(1)"}, "image_url"),
        ({"picture": "other", "image_url": "data:image/png,x"}, "image_url"),
        ({"published_at": "yesterday"}, "published_at"),
        ({"title": "x" * 501}, "title"),
    ],
)
def test_wrong_words_are_shown_again(desk: Desk, changes: dict[str, str], word: str) -> None:
    fields = {"url": "https://courier.example/1", "title": "Fog", "summary": "Mine.", **changes}
    answered = desk.signed_in(Role.CONTRIBUTOR).post("/desk/inbox/add", **fields)

    assert answered.status_code == 422
    assert word in answered.text
    assert "Mine." in answered.text
    assert count(desk) == 0


def test_article_that_is_there_is_not_kept_twice(desk: Desk) -> None:
    bring(desk, found(1, desk))
    fields = {"url": "https://courier.example/1?utm_source=x", "title": "Fog"}
    answered = desk.signed_in(Role.CONTRIBUTOR).post("/desk/inbox/add", **fields)

    assert answered.status_code == 409
    assert "already" in answered.text
    assert count(desk) == 1


def test_bookmark_opens_the_desk_without_knowing_it() -> None:
    bookmark = bookmark_of("https://desk.example/")
    assert bookmark.startswith(
        "javascript:void(window.open('https://desk.example/desk/inbox/add?url='"
    )
    assert "'noopener'" in bookmark
