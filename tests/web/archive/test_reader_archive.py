"""The public archive on the web: what was sent, found again, and nothing of any reader."""

import re
from datetime import date, timedelta

import pytest
from lxml import html
from sqlalchemy import update

from digest.curation.issues import find_issue
from digest.models import Issue
from digest.scheduler import tick_once
from digest.testing.past import publish

FRIDAY = date(2026, 11, 27)
LIST = "/n/weekly/archive"
READERS_OWN = ("/u/", "/later/", "/s/", "@example.org", "Zebulon")


def page(house, path: str) -> html.HtmlElement:
    """Return an answer's page as a tree."""
    answer = house.client.get(path)
    assert answer.status_code == 200, path
    return html.document_fromstring(answer.content)


def texts(tree: html.HtmlElement, path: str) -> list[str]:
    """Return the words of the elements at an XPath, each on one line."""
    return [" ".join(element.text_content().split()) for element in tree.xpath(path)]


def meta(tree: html.HtmlElement) -> dict[str, str]:
    """Return what the page says of itself, by name or property."""
    found = tree.xpath("//head/meta[@content]")
    return {(m.get("property") or m.get("name") or ""): m.get("content") for m in found}


def test_past_issues_are_listed_newest_first_and_drafts_are_not(house) -> None:
    publish(house.newsroom, [{"headline": "Fog"}, {"headline": "Rain"}], subject="First")
    house.app.clock.advance(timedelta(days=7))
    publish(house.newsroom, [{"headline": "Hail"}], subject="Second", preheader="And hail")
    house.newsroom.draft(subject="Not yet")
    house.newsroom.approve(house.newsroom.draft(subject="Approved only"))

    tree = page(house, LIST)

    assert texts(tree, "//main//h2") == ["Second", "First"]
    assert texts(tree, "//main//time") == ["Friday, December 4, 2026", "Friday, November 27, 2026"]
    assert texts(tree, "//main//li/ul/li") == ["Hail", "Fog", "Rain"]
    assert "And hail" in tree.text_content()
    assert tree.xpath("//main//h2/a/@href") == ["archive/2", "archive/1"]


def test_twenty_are_on_a_page_and_the_rest_on_the_next(house) -> None:
    for number in range(1, 22):
        publish(house.newsroom, subject=f"Issue {number}")
        house.app.clock.advance(timedelta(days=7))

    first, second = page(house, LIST), page(house, f"{LIST}?page=2")

    assert len(first.xpath("//main//h2")) == 20
    assert texts(second, "//main//h2") == ["Issue 1"]
    assert first.xpath("//a[@rel='next']/@href") == ["archive?page=2"]
    assert second.xpath("//a[@rel='prev']/@href") == ["archive"]
    assert second.xpath("//link[@rel='canonical']/@href") == [
        "http://127.0.0.1:8000/n/weekly/archive?page=2"
    ]


def test_archive_without_issues_says_so(house) -> None:
    assert "No issue has been sent yet." in house.client.get(LIST).text


@pytest.mark.parametrize(
    "path",
    [
        *("/n/nothing/archive", "/n/nothing/archive/1", "/n/nothing/feed.atom"),
        *(f"{LIST}/2", f"{LIST}/0", f"{LIST}/01", f"{LIST}/x", f"{LIST}/9999999999"),
        *(f"{LIST}?page=2", f"{LIST}?page=0", f"{LIST}?page=x", f"{LIST}?page=-1"),
        *(f"{LIST}?q=fog&page=9", "/n/%00'/archive", f"{LIST}/1%27"),
    ],
)
def test_what_is_not_there_gets_the_very_same_page(house, path: str) -> None:
    publish(house.newsroom)
    known = house.client.get("/u/x")

    answer = house.client.get(path)

    assert (answer.status_code, answer.content) == (404, known.content)
    assert answer.headers["x-robots-tag"] == "noindex"


@pytest.mark.parametrize("path", [LIST, f"{LIST}?q=quay", f"{LIST}/1", "/n/weekly/feed.atom"])
def test_newsletter_without_a_public_archive_has_none(open_house, path: str) -> None:
    with open_house(more={'language = "en"': 'language = "en"\narchive = false'}) as house:
        publish(house.newsroom)

        assert house.client.get(path).status_code == 404


def test_draft_and_approved_issue_are_not_shown_by_number(house) -> None:
    house.newsroom.draft()
    house.newsroom.approve(house.newsroom.draft())

    assert [house.client.get(f"{LIST}/{number}").status_code for number in (1, 2)] == [404, 404]


def test_search_shows_the_matching_headline_with_the_words_marked(house) -> None:
    publish(house.newsroom, [{"headline": "Fog over the quay"}, {"headline": "Rain"}])
    publish(house.newsroom, [{"headline": "Quay <b>closed</b>"}])

    tree = page(house, f"{LIST}?q=QUAY+fog")

    assert texts(tree, "//main//li/ul/li") == ["Fog over the quay"]
    assert texts(tree, "//mark") == ["Fog", "quay"]
    assert tree.xpath("//input[@name='q']/@value") == ["QUAY fog"]
    assert "Found in one issue." in tree.text_content()


def test_search_marks_and_escapes_what_was_written_in_brackets(house) -> None:
    publish(
        house.newsroom, [{"headline": "Quay <b>closed</b>", "blurb": "<script>quay()</script>"}]
    )

    answer = house.client.get(f"{LIST}?q=<b>closed").text

    assert "&lt;<mark>b&gt;closed</mark>" in answer
    assert "<script" not in answer
    assert "<b>" not in answer


def test_search_without_a_hit_says_so_and_leads_back(house) -> None:
    publish(house.newsroom)

    tree = page(house, f"{LIST}?q=nothing+of+that")

    assert "No past issue has all of these words." in tree.text_content()
    assert "archive" in tree.xpath("//main//a/@href")


@pytest.mark.parametrize("query", ["", "+", "%E2%80%A6", "%00"])
def test_search_for_nothing_lists_all(house, query: str) -> None:
    publish(house.newsroom, subject="This week")

    assert texts(page(house, f"{LIST}?q={query}"), "//main//h2") == ["This week"]


def test_search_looks_at_a_hundred_characters_and_no_more(house) -> None:
    publish(house.newsroom, [{"headline": "x" * 100}])

    tree = page(house, f"{LIST}?q={'x' * 5000}")

    assert tree.xpath("//input[@name='q']/@value") == ["x" * 100]
    assert texts(tree, "//mark") == ["x" * 100]


def test_pages_of_a_search_keep_its_words(house) -> None:
    for _ in range(21):
        publish(house.newsroom, [{"headline": "Tea & cake"}])

    tree = page(house, f"{LIST}?q=tea+%26+cake")

    assert tree.xpath("//a[@rel='next']/@href") == ["archive?q=tea%20%26%20cake&page=2"]
    assert (
        len(page(house, "/n/weekly/" + tree.xpath("//a[@rel='next']/@href")[0]).xpath("//h2")) == 1
    )


def test_search_results_are_for_nobody_to_index_or_keep(house) -> None:
    publish(house.newsroom)

    answer = house.client.get(f"{LIST}?q=quay")

    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["cache-control"] == "no-store"
    assert 'name="robots" content="noindex"' in answer.text


def test_search_is_a_get_form_that_finds_in_an_arabic_archive(arabic_house) -> None:
    publish(arabic_house.newsroom, [{"headline": "ضبابٌ فوق المينـاء"}], subject="الأسبوع")

    tree = page(arabic_house, f"{LIST}?q=الميناء ضباب")

    assert texts(tree, "//mark") == ["ضبابٌ", "المينـاء"]
    assert (tree.get("dir"), tree.get("lang")) == ("rtl", "ar")
    assert tree.xpath("//form/@method") == ["get"]
    assert tree.xpath("//script") == []


def test_issue_is_shown_as_approved_with_a_bar_above_it(house) -> None:
    for subject in ("First", "Second", "Third"):
        publish(house.newsroom, subject=subject)
        house.app.clock.advance(timedelta(days=7))

    tree = page(house, f"{LIST}/2")

    bar = tree.xpath("//body/nav[1]")[0]
    assert dict(zip(texts(bar, ".//a"), bar.xpath(".//a/@href"), strict=True)) == {
        "Past issues": "../archive",
        "Older issue": "1",
        "Newer issue": "3",
        "Keep as one file": f"../../../i/{public_id(house, 2)}/offline.html",
        "Subscribe": "../../weekly",
    }
    assert tree.xpath("//head/title/text()") == ["Second"]
    assert "The quay reopens" in tree.text_content()


def public_id(house, number: int) -> str:
    with house.app.db.read() as session:
        return find_issue(session, f"weekly/{number}").public_id


def test_nothing_of_the_approved_bytes_is_changed(house, run) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    neutral = house.client.get(f"/i/{public_id(house, 1)}").text

    shown = house.client.get(f"{LIST}/1").text

    rest = re.sub(r'<meta charset="utf-8">.*?(?=<title>)', "", shown, count=1, flags=re.DOTALL)
    rest = re.sub(r"(<body[^>]*>).*?</nav>\n*", r"\1", rest, count=1, flags=re.DOTALL)
    before = re.sub(r'<meta charset="utf-8">\n<link rel="canonical"[^>]*>\n', "", neutral, count=1)
    own = f"http://127.0.0.1:8000/i/{public_id(house, 1)}"
    before = before.replace(own, "1").replace("http://127.0.0.1:8000/own", "../../../own")
    assert rest.strip() == before.strip()


def test_offline_link_of_the_bar_leads_to_the_file(house) -> None:
    publish(house.newsroom)
    [link] = [a for a in page(house, f"{LIST}/1").xpath("//nav//a/@href") if "offline" in a]

    answer = house.client.get(house.client.base_url.join(f"{LIST}/1").join(link))

    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]


def test_bar_of_a_newsletter_that_takes_nobody_asks_nobody_to_subscribe(open_house) -> None:
    closed = {'language = "en"': 'language = "en"\nsignup = { open = false }'}
    with open_house(more=closed) as house:
        publish(house.newsroom)

        assert "Subscribe" not in texts(page(house, f"{LIST}/1"), "//nav//a")
        assert "Subscribe" not in texts(page(house, LIST), "//nav//a")


def test_issue_says_what_it_is_to_those_who_show_a_link(house) -> None:
    lead = {
        "headline": 'The "quay" & more',
        "image_url": "https://pictures.example/quay.jpg?a=1&b=2",
        "image_alt": "A <quay>",
    }
    publish(house.newsroom, [lead], subject='The "quay" <opens>', preheader="It's open & dry")

    tree = page(house, f"{LIST}/1")

    assert meta(tree) | {"viewport": ""} == meta(tree) | {
        "viewport": "",
        "og:title": 'The "quay" <opens>',
        "og:type": "article",
        "og:url": "http://127.0.0.1:8000/n/weekly/archive/1",
        "og:image": "https://pictures.example/quay.jpg?a=1&b=2",
        "og:image:alt": "A <quay>",
        "og:description": "It's open & dry",
        "og:site_name": "The Harbour Courier",
        "og:locale": "en_US",
        "article:published_time": "2026-11-27T06:59:00Z",
        "twitter:card": "summary_large_image",
        "robots": "index, follow",
    }
    assert tree.xpath("//link[@rel='canonical']/@href") == [
        "http://127.0.0.1:8000/n/weekly/archive/1"
    ]
    [feed] = tree.xpath("//link[@rel='alternate']")
    assert (feed.get("type"), feed.get("href")) == ("application/atom+xml", "../feed.atom")


@pytest.mark.parametrize("path", [LIST, f"{LIST}/1"])
def test_archive_may_be_indexed_and_cached(house, path: str) -> None:
    publish(house.newsroom)

    answer = house.client.get(path)

    assert answer.headers["x-robots-tag"] == "index, follow"
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert meta(page(house, path))["robots"] == "index, follow"


def test_issue_in_the_archive_is_as_closed_as_any_issue_page(house) -> None:
    publish(house.newsroom)

    policies = [
        house.client.get(path).headers["content-security-policy"]
        for path in (f"{LIST}/1", f"/i/{public_id(house, 1)}")
    ]

    assert policies[0] == policies[1]
    assert "default-src 'none'" in policies[0]
    assert policies[0].startswith("sandbox allow-popups")


def test_issue_page_outside_the_archive_names_the_one_inside_and_is_not_indexed(house) -> None:
    publish(house.newsroom)

    answer = house.client.get(f"/i/{public_id(house, 1)}")

    canonical = '<link rel="canonical" href="http://127.0.0.1:8000/n/weekly/archive/1">'
    assert canonical in answer.text
    assert answer.headers["x-robots-tag"] == "noindex"


def test_issue_page_that_is_not_in_the_archive_names_no_other(house) -> None:
    house.newsroom.approve(house.newsroom.draft())

    assert "canonical" not in house.client.get(f"/i/{public_id(house, 1)}").text


@pytest.mark.parametrize("path", [LIST, f"{LIST}?q=headline", f"{LIST}/1", "/n/weekly/feed.atom"])
def test_archive_holds_nothing_of_a_reader(house, run, path: str) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    assert b"/u/" in house.newsroom.backend.accepted[0][1]

    answer = house.client.get(path).text

    assert "Headline 0" in re.sub("</?mark>", "", answer)
    assert [word for word in READERS_OWN if word in answer] == []


@pytest.mark.parametrize("path", [LIST, f"{LIST}/1"])
def test_head_is_answered_without_a_body(house, path: str) -> None:
    publish(house.newsroom)

    answer = house.client.head(path)

    assert (answer.status_code, answer.content) == (200, b"")


def test_guarded_archive_says_no_guarded_name_of_itself(guarded_house) -> None:
    story = {"headline": "The quay", "url": "https://mirror.example/a"}
    publish(guarded_house.newsroom, [story], subject="This week", preheader="Seven days")

    for path in (LIST, f"{LIST}?q=quay", f"{LIST}/1"):
        answer = guarded_house.client.get(path)
        head = answer.text.partition("<body")[0].casefold()

        assert answer.status_code == 200
        assert not re.search("courier|harbour", head)
        assert not re.search("courier|harbour", str(answer.headers).casefold())
        assert answer.headers["cache-control"] == "no-store"
    assert meta(page(guarded_house, f"{LIST}/1"))["og:title"] == "This week"


def test_guarded_newsletter_has_no_archive_unless_it_says_so(guarded_house) -> None:
    publish(guarded_house.newsroom, [{"headline": "The quay", "url": "https://mirror.example/a"}])
    config = guarded_house.app.config
    [silent] = [each.model_copy(update={"archive": None}) for each in config.newsletters]

    assert guarded_house.client.get(LIST).status_code == 200
    guarded_house.app.config = config.model_copy(update={"newsletters": [silent]})
    assert guarded_house.client.get(LIST).status_code == 404
    assert "canonical" not in guarded_house.client.get(f"/i/{public_id(guarded_house, 1)}").text


def test_links_lead_by_the_mirror_that_opens(open_house) -> None:
    mirror = '{ of = "courier.example", at = ["https://m.neutral.example"] }'
    mirrors = f'language = "en"\nmirrors = [{mirror}]'
    with open_house(more={'language = "en"': mirrors}) as house:
        publish(house.newsroom)
        with house.app.db.write() as session:
            chosen = {"courier.example": ["https://m.neutral.example"]}
            session.execute(update(Issue).values(mirrors=chosen))

        assert "https://m.neutral.example/1/0" in house.client.get(f"{LIST}/1").text
        assert "https://m.neutral.example/1/0" in house.client.get("/n/weekly/feed.atom").text
        assert "https://m.neutral.example/1/0" in house.client.get(f"{LIST}?q=quay").text
