"""Signing up: what the page says, what is kept, and who is offered what."""

import re
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select

from digest.models import (
    ConsentText,
    ReaderRequest,
)
from digest.scheduler import tick_once
from digest.web.reader.front import offered_at
from digest.web.reader.signup import TRAP
from tests.web.signing_up import (
    FRIDAY,
    GUARDED,
    NEW,
    SCHEDULE,
    count,
    fresh_stamp,
    post,
)


def test_page_says_what_it_is_and_when_it_comes(open_house) -> None:
    initial = SCHEDULE + '\n[newsletters.initial]\ntagline = "By <hand>"\nabout = "Of & for all."\n'
    with open_house(more={SCHEDULE: initial}) as house:
        page = house.client.get("/n/weekly").text

    assert '<h1>Subscribe to <bdi lang="en">The Harbour Courier</bdi></h1>' in page
    for words in ("By &lt;hand&gt;", "Of &amp; for all.", "It is free", "Every week: Friday, 7:00"):
        assert words in page
    assert page.count("<h1") == 1
    assert "I want The Harbour Courier by e-mail once a week" in page


def test_page_speaks_the_newsletters_language(open_house) -> None:
    with open_house(more={'language = "en"': 'language = "de"'}) as house:
        page = house.client.get("/n/weekly").text

    assert "Freitag, 07:00 (UTC)" in page
    assert '<html lang="de"' in page


def test_page_without_a_sent_issue_has_no_preview(house) -> None:
    house.newsroom.approve(house.newsroom.draft(FRIDAY))

    answer = house.client.get("/n/weekly")

    assert "<iframe" not in answer.text
    assert 'class="beside"' not in answer.text
    assert "frame-src" not in answer.headers["content-security-policy"]


def test_page_shows_the_latest_issue_beside_the_form(house, run) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))

    answer = house.client.get("/n/weekly")
    [source] = re.findall(r'<iframe src="(/i/[a-z0-9]+)\?framed" title="[^"]+"', answer.text)
    issue = house.client.get(source)

    assert "frame-src 'self'; frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert f'<a href="{source}">' in answer.text
    assert "Headline 0" in issue.text
    assert issue.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in issue.headers["content-security-policy"]


def test_browser_shows_the_issue_in_its_frame_and_takes_the_form(house, run, browser) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    context = browser.new_context(base_url=house.url, viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    context.route("https://courier.example/**", lambda route: route.fulfill(body="The story"))
    page.goto("/n/weekly")

    inside = page.frame_locator("iframe").get_by_text("Headline 0").first
    inside.wait_for(state="visible")
    trap = page.locator(f"input[name={TRAP}]").bounding_box()
    assert trap is None or trap["x"] < 0
    with context.expect_page() as outside:
        inside.click()
    assert outside.value.url == "https://courier.example/0"
    page.get_by_label("Your e-mail address").fill(NEW)
    house.app.clock.advance(timedelta(seconds=9))
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("heading", name="Look into your mailbox").wait_for()

    assert said == []
    assert count(house, ReaderRequest) == 1
    context.close()


def test_axe_finds_nothing_serious_in_any_page_of_joining(house, run, browser, axe) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    page = browser.new_page(base_url=house.url)

    for path, press in [("/", False), ("/n/weekly", False), ("/n/weekly", True)]:
        page.goto(path)
        if press:
            page.get_by_label("Your e-mail address").fill(NEW)
            page.get_by_role("button", name="Subscribe").click()
            page.get_by_role("heading", name="Press once more").wait_for()
        assert axe(page) == []
    page.close()


@pytest.mark.parametrize("path", ["/n/nothing", "/n/nothing/privacy", "/n/weekly/privacy"])
def test_what_there_is_not_gets_the_lost_page(shared_house, path: str) -> None:
    known = shared_house.client.get("/u/x")

    answer = shared_house.client.get(path)

    assert (answer.status_code, answer.content) == (404, known.content)


def test_closed_page_says_so_and_takes_nothing(open_house) -> None:
    closed = {SCHEDULE: SCHEDULE + "\n[newsletters.signup]\nopen = false\n"}
    with open_house(more=closed) as house:
        page, posted = house.client.get("/n/weekly"), post(house, NEW, stamp="x")

        assert (page.status_code, posted.status_code) == (200, 403)
        assert "No new readers" in page.text
        assert house.client.get("/").status_code == 404
        assert count(house, ReaderRequest) == 0


def test_front_page_lists_open_newsletters(house) -> None:
    page = house.client.get("/").text

    assert '<a href="/n/weekly"><bdi lang="en">The Harbour Courier</bdi></a>' in page


@pytest.mark.parametrize(
    ("host", "offered"),
    [("127.0.0.1", ["weekly"]), ("pages.neutral.example", []), ("[broken", []), ("", [])],
)
def test_neutral_host_lists_neither_the_guarded_nor_the_newsroom(
    open_house, host: str, offered: list[str]
) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        listed = [each.slug for each in offered_at(house.app.config, host)]
        answer = house.client.get("/", headers={"Host": host} if host else {})

    assert listed == offered
    if host:
        assert ("Harbour Courier" in answer.text) == bool(offered)


@pytest.mark.parametrize("below", ["", "/settings", "/archive", "/feed.atom"])
@pytest.mark.parametrize(
    ("slug", "host", "is_there"),
    [
        ("weekly", "127.0.0.1", True),
        ("weekly", "pages.neutral.example", False),
        ("weekly", "anything.example", False),
        ("letter", "127.0.0.1", False),
    ],
)
def test_neutral_host_and_newsroom_show_nothing_of_each_other(
    open_house, slug: str, host: str, is_there: bool, below: str
) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        answer = house.client.get(f"/n/{slug}{below}", headers={"Host": host})

    assert (answer.status_code == 200) is is_there
    assert ("Harbour Courier" in answer.text) is is_there


def test_neutral_host_shows_its_own(open_house) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        answer = house.client.get("/n/letter", headers={"Host": "pages.neutral.example"})

    assert answer.status_code == 200


def test_form_keeps_one_request_with_what_was_shown(house, tmp_path) -> None:
    answer = post(house, NEW, name="Nora Ó Briain")

    assert answer.status_code == 200
    assert "Look into your mailbox" in answer.text
    with house.app.db.read() as session:
        [request] = session.scalars(select(ReaderRequest)).all()
        wording = session.get_one(ConsentText, request.text_digest).wording
        sealer = house.app.sealer
        assert sealer.open(request.address_sealed) == NEW
        assert sealer.open(request.name_sealed or b"") == "Nora Ó Briain"
        assert request.network == sealer.network("127.0.0.0/24").hex()
        assert (request.origin, request.language) == ("sign-up page", None)
    assert "The Harbour Courier by e-mail once a week" in wording


def test_policy_file_is_shown_and_kept_with_the_request(open_house, tmp_path) -> None:
    policy = tmp_path / "privacy.txt"
    shown = b"We keep <little>.\n\nAnd nothing\nfor long.\n"
    policy.write_bytes(shown)
    with open_house(more={SCHEDULE: SCHEDULE + 'privacy_file = "privacy.txt"\n'}) as house:
        page = house.client.get("/n/weekly/privacy").text
        post(house, NEW)
        policy.write_text("All new.", encoding="utf-8")
        renewed = house.client.get("/n/weekly/privacy").text

        assert '<p dir="auto">We keep &lt;little&gt;.</p>' in page
        assert '<p dir="auto">And nothing<br>for long.</p>' in page
        assert "All new." in renewed
        assert 'href="/n/weekly/privacy"' in house.client.get("/n/weekly").text
        with house.app.db.read() as session:
            [request] = session.scalars(select(ReaderRequest)).all()
            kept = session.get_one(ConsentText, request.policy_digest)
        assert kept.wording.startswith("We keep <little>.")
        assert request.policy_version == sha256(shown).hexdigest()[:12]


def test_terms_that_changed_meanwhile_are_shown_before_anything_is_kept(
    open_house, tmp_path
) -> None:
    policy = tmp_path / "privacy.txt"
    policy.write_text("Old.", encoding="utf-8")
    with open_house(more={SCHEDULE: SCHEDULE + 'privacy_file = "privacy.txt"\n'}) as house:
        stamp = fresh_stamp(house)
        policy.write_text("Newer.", encoding="utf-8")

        answer = post(house, NEW, stamp=stamp)

        assert "Press once more to finish" in answer.text
        assert count(house, ReaderRequest) == 0


def test_policy_address_is_linked_and_names_its_version(open_house) -> None:
    url = "https://courier.example/privacy"
    with open_house(more={SCHEDULE: f'{SCHEDULE}privacy_url = "{url}"\n'}) as house:
        page = house.client.get("/n/weekly").text
        post(house, NEW)

        assert f'<a href="{url}">Privacy policy</a>' in page
        assert "I agree to the privacy policy" in page
        with house.app.db.read() as session:
            [request] = session.scalars(select(ReaderRequest)).all()
        assert (request.policy_version, request.policy_digest) == (url, None)


def test_newsrooms_own_sentence_replaces_ours(open_house) -> None:
    own = SCHEDULE + '\n[newsletters.signup]\nconsent = "Send me the Courier."\n'
    with open_house(more={SCHEDULE: own}) as house:
        page = house.client.get("/n/weekly").text

        assert "Send me the Courier." in page
        assert "I want The Harbour Courier" not in page
