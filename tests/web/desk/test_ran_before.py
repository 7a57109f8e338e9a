"""What ran before is told before it is picked and at the board, and may run again with a reason."""

from collections.abc import Callable
from datetime import date

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from digest.curation.inbox import find_article, take_in
from digest.curation.issues import find_issue, move_issue, new_issue
from digest.curation.newsletters import find_newsletter, list_sections
from digest.curation.picks import find_pick, pick_article, unpick
from digest.curation.sources.base import FoundArticle
from digest.models import Article, AuditEntry, IssueState, Newsletter, Role, Section
from digest.press.preflight.run import run_preflight
from tests.web.desk.conftest import Browser, Desk

LAST_WEEK, THIS_WEEK = date(2026, 11, 20), date(2026, 11, 27)


def ran(desk: Desk) -> str:
    """Send last week's issue, and begin this week's with the same articles; return its path."""
    for day in (LAST_WEEK, THIS_WEEK):
        name = desk.house.newsroom.draft(day)
        if day == LAST_WEEK:
            with desk.app.db.write() as session:
                issue = find_issue(session, name)
                move_issue(session, issue.id, to=IssueState.APPROVED)
                move_issue(session, issue.id, to=IssueState.SENDING)
    return f"/desk/{name}"


def allowed(desk: Desk, article_id: int = 1) -> str:
    with desk.app.db.read() as session:
        return find_pick(session, find_issue(session, "weekly/2"), article_id).ran_before_allowed


def found(desk: Desk) -> list[str]:
    """Return what preflight says about reruns."""
    newsroom = desk.house.newsroom
    report = run_preflight(
        *(desk.app.db, newsroom.press, "weekly/2", newsroom.configured), clock=desk.clock
    )
    return [one.pick for one in report.findings if one.check == "ran-before"]


def test_card_says_where_an_article_ran(desk: Desk) -> None:
    path = ran(desk)
    page = desk.signed_in(Role.CONTRIBUTOR).get(path).text

    assert page.count("Ran in <a") == 3
    assert '<a href="/desk/weekly/1">number 1</a> of 20 November 2026, News, place 1' in page


def test_article_may_run_again_with_a_reason_alone(desk: Desk) -> None:
    path = ran(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    assert found(desk) == ["Headline 0", "Headline 1", "Headline 2"]

    assert browser.post(f"{path}/picks/1/allow", reason="  ").status_code == 422
    assert browser.post(f"{path}/picks/1/allow", reason="x" * 301).status_code == 422
    assert allowed(desk) == ""
    answer = browser.post(f"{path}/picks/1/allow", reason="It was <wrong> then.")

    assert answer.headers["location"] == f"{path}#card-1"
    page = browser.get(path).text
    assert "May run again: It was &lt;wrong&gt; then." in page
    assert page.count("Ran in <a") == 2
    assert found(desk) == ["Headline 1", "Headline 2"]
    with desk.app.db.read() as session:
        entry = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert (entry.verb, entry.about) == ("allow rerun", "weekly/2")


def test_word_is_taken_back_and_undone(desk: Desk) -> None:
    path = ran(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    browser.post(f"{path}/picks/1/allow", reason="Why not.")
    browser.post(f"{path}/picks/1/allow", no="yes")
    assert allowed(desk) == ""

    page = browser.get(path).text
    change = page.partition('name="change" value="')[2].partition('"')[0]
    browser.post(f"{path}/undo", change=change)

    assert allowed(desk) == "Why not."


def test_inbox_says_it_before_anything_is_picked(desk: Desk) -> None:
    ran(desk)
    with desk.app.db.write() as session:
        near = FoundArticle(
            url="https://courier.example/near", title="The dockers go back to work at last"
        )
        old = FoundArticle(
            url="https://courier.example/old", title="Dockers go back to work at last!"
        )
        take_in(session, [near, old], None, desk.clock.now())
        issue = find_issue(session, "weekly/1")
        issue.state = IssueState.DRAFT
        session.flush()
        section = list_sections(session, find_newsletter(session, "weekly").id)[1]
        pick_article(session, issue, find_article(session, old.url), section)
        issue.state = IssueState.SENT
    browser = desk.signed_in(Role.CONTRIBUTOR)
    page = browser.get("/desk/inbox").text

    assert "The dockers go back to work at last" in page
    assert 'Nearly the same headline ran in <a href="/desk/weekly/1">weekly/1</a>' in page
    assert "<q>Dockers go back to work at last!</q>" in page


def test_article_that_ran_can_be_picked_again_from_the_inbox(desk: Desk) -> None:
    ran(desk)
    browser = desk.signed_in(Role.CONTRIBUTOR)
    with desk.app.db.write() as session:
        issue = find_issue(session, "weekly/2")
        unpick(session, issue, find_pick(session, issue, 1))
        section = list_sections(session, find_newsletter(session, "weekly").id)[0].id
    page = browser.get("/desk/inbox?kept=all").text

    assert "/desk/inbox/1/pick" in page
    assert "/desk/inbox/2/take-out" in page  # in the open issue
    assert 'name="issue" value="weekly/1"' not in page  # nobody takes it out of a sent one
    picked = browser.post("/desk/inbox/1/pick", place=f"weekly/2:{section}")
    assert picked.status_code == 303


def test_other_newsletter_s_is_a_softer_word(desk: Desk) -> None:
    """Only the newsletter's own reruns ask for a reason."""
    path = f"/desk/{desk.house.newsroom.draft(THIS_WEEK)}"
    with desk.app.db.write() as session:
        other = Newsletter(slug="science", furniture={}, skip_dates=[], created_at=desk.clock.now())
        session.add(other)
        session.flush()
        section = Section(newsletter_id=other.id, heading="Space", position=1)
        session.add(section)
        session.flush()
        issue = new_issue(session, other, slot_date=LAST_WEEK, now=desk.clock.now())
        pick_article(session, issue, session.get_one(Article, 1), section)
        issue.state = IssueState.SENT
    page = desk.signed_in(Role.CONTRIBUTOR).get(path).text

    assert 'Ran in <a href="/desk/science/1">science/1</a>' in page
    assert "Let it run again" not in page


def test_reason_is_given_in_a_browser(
    desk: Desk, browser: Chromium, axe: Callable[[Page], list[str]]
) -> None:
    path = ran(desk)
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        desk.let_in(context, Role.EDITOR)
        page = context.new_page()
        page.goto(f"{desk.house.url}{path}")
        assert axe(page) == []
        card = page.locator("#card-1")
        card.get_by_text("Let it run again").first.click()
        card.get_by_label("Why").fill("New facts.")
        page.keyboard.press("Enter")
        expect(page.locator("#card-1")).to_contain_text("May run again: New facts.")
        assert page.locator("html").evaluate("e => e.scrollWidth <= e.clientWidth")
        assert axe(page) == []
        page.goto(f"{desk.house.url}/desk/inbox?kept=all")
        assert axe(page) == []
    assert allowed(desk) == "New facts."


def test_form_of_a_stranger_s_issue_is_not_found(desk: Desk) -> None:
    ran(desk)
    browser: Browser = desk.signed_in(Role.CONTRIBUTOR)
    assert browser.post("/desk/weekly/2/picks/99/allow", reason="x").status_code == 404
    assert browser.post("/desk/weekly/1/picks/1/allow", reason="x").status_code == 403
