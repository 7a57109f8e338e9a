"""One preflight of a real issue: what is read, what is kept, and what an approval makes of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from digest.curation.inbox import find_article, take_in
from digest.curation.issues import cancel_issue, edit_issue, find_issue, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import edit_pick, find_pick, pick_article
from digest.curation.sources.base import FoundArticle
from digest.errors import BadInput, Conflict, Refused
from digest.models import Issue, IssueState
from digest.press.preflight.findings import Finding, Level, Report
from digest.press.preflight.records import find_report, store_report
from digest.press.preflight.rules import Rules
from digest.press.preflight.run import run_preflight
from digest.testing.newsroom import Newsroom
from digest.testing.web import WebServer, answer, loopback_fetcher

FRIDAY = date(2026, 11, 27)
LATER = date(2026, 12, 4)
PAGE = "<html><head><title>{}</title></head></html>"


def look(
    newsroom: Newsroom, issue: str, *, online: bool = False, rules: Rules | None = None
) -> Report:
    """Run a preflight, over the loopback when online."""
    press = replace(newsroom.press, rules=rules or newsroom.press.rules)
    app = newsroom.app
    fetcher = loopback_fetcher() if online else None
    return run_preflight(
        app.db, press, issue, newsroom.configured, clock=app.clock, fetcher=fetcher
    )


def issue_of(newsroom: Newsroom, issue: str) -> Issue:
    with newsroom.app.db.read() as session:
        return find_issue(session, issue)


def edit(newsroom: Newsroom, issue: str, **changes: object) -> None:
    with newsroom.app.db.write() as session:
        edit_issue(session, find_issue(session, issue), changes)


def of(report: Report, check: str) -> list[Finding]:
    return [finding for finding in report.findings if finding.check == check]


def test_report_is_kept_with_the_issue_and_is_no_edit(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    before = issue_of(newsroom, issue)

    report = look(newsroom, issue)

    after = issue_of(newsroom, issue)
    assert find_report(after) == report
    assert (after.version, after.state) == (before.version, IssueState.DRAFT)
    assert (report.issue, report.version, report.at) == (
        *("weekly/1", before.version, newsroom.app.clock.now()),
    )


def test_look_at_an_approved_issue_keeps_the_approval(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)

    look(newsroom, issue)

    assert issue_of(newsroom, issue).state is IssueState.APPROVED


def test_approved_bytes_are_looked_at_and_not_the_templates_of_today(
    newsroom: Newsroom, own_templates
) -> None:
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    (own_templates / "issue.mjml.j2").write_text("{{ weather }}")

    assert look(newsroom, issue).blocking == ()


def test_report_on_a_version_that_is_gone_is_not_kept(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    report = look(newsroom, issue)
    edit(newsroom, issue, subject="Another")

    with newsroom.app.db.write() as session:
        kept = store_report(session, issue_of(newsroom, issue).id, replace(report, findings=()))

    assert not kept
    assert find_report(issue_of(newsroom, issue)) == report


def test_report_of_another_form_counts_as_none(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        find_issue(session, issue).preflight = {"form": 99}

    assert find_report(issue_of(newsroom, issue)) is None
    assert look(newsroom, issue).issue == "weekly/1"


def test_approval_keeps_its_report(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    approved = newsroom.approve(issue)

    assert find_report(issue_of(newsroom, issue)) == approved.report
    assert of(approved.report, "preheader-length")


def test_approval_refuses_what_blocks_and_keeps_the_report_alone(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY, subject="word " * 31)

    with pytest.raises(Refused, match=r"^preflight stops weekly/1: .*\[subject-too-long\]$"):
        newsroom.approve(issue)

    row = issue_of(newsroom, issue)
    report = find_report(row)
    assert row.state is IssueState.DRAFT
    assert report is not None
    assert [finding.check for finding in report.blocking] == ["subject-too-long"]


def test_approval_passes_when_the_newsroom_says_it_is_no_block(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY, subject="word " * 31)
    rules = Rules(levels={"subject-too-long": Level.WARN})

    assert look(newsroom, issue, rules=rules).blocking == ()


def test_unready_issue_has_no_preflight(newsroom: Newsroom) -> None:
    with pytest.raises(Refused, match="number 1 has no subject yet"):
        look(newsroom, newsroom.draft(FRIDAY, subject=""))


def test_what_can_be_no_mail_is_told_as_ever(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        find_issue(session, issue).subject = "Fog\r\nBcc: all@example.org"

    with pytest.raises(BadInput, match="Subject: control characters"):
        look(newsroom, issue)


def test_article_that_ran_in_an_approved_issue_is_named_with_number_and_date(
    newsroom: Newsroom,
) -> None:
    newsroom.approve(newsroom.draft(FRIDAY, picks=2))

    report = look(newsroom, newsroom.draft(LATER))

    assert of(report, "ran-before") == [
        Finding("ran-before", Level.WARN, "it ran in number 1 of 2026-11-27", headline, article)
        for article, headline in ((1, "Headline 0"), (2, "Headline 1"))
    ]


@pytest.mark.parametrize("given_up", [True, False])
def test_draft_and_cancelled_issues_count_for_nothing(newsroom: Newsroom, given_up: bool) -> None:
    earlier = newsroom.draft(FRIDAY)
    if given_up:
        newsroom.approve(earlier)
        with newsroom.app.db.write() as session:
            cancel_issue(session, find_issue(session, earlier))

    assert of(look(newsroom, newsroom.draft(LATER)), "ran-before") == []


def test_age_of_an_article_is_read_from_the_inbox(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        article = find_article(session, "https://courier.example/1")
        article.published_at = newsroom.app.clock.now() - timedelta(days=40)

    [finding] = of(look(newsroom, issue), "article-old")

    assert (finding.message, finding.pick) == ("it is 40 days old, of 2026-10-18", "Headline 1")


@pytest.fixture
def web() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


def web_issue(newsroom: Newsroom, web: WebServer, *titles: str) -> str:
    """Make an issue of articles that a real server has; `titles` are what the inbox knows."""
    with newsroom.app.db.write() as session:
        now, newsletter = newsroom.app.clock.now(), find_newsletter(session, "weekly")
        issue = new_issue(session, newsletter, slot_date=FRIDAY, now=now)
        edit_issue(session, issue, {"subject": "Fog"})
        section = find_section(session, newsletter.id, "News")
        for number, title in enumerate(titles):
            url = web.url(f"/{number}")
            web.answers[f"/{number}"] = answer(
                body=PAGE.format(title).encode(), Content_Type="text/html"
            )
            take_in(session, [FoundArticle(url=url, title=title)], None, now)
            pick_article(session, issue, find_article(session, url), section)
    return "weekly/1"


def test_dead_link_blocks_the_approval_until_somebody_asks_again(
    newsroom: Newsroom, web: WebServer
) -> None:
    issue = web_issue(newsroom, web, "Fog over the harbour", "Rain")
    good, web.answers["/1"] = web.answers["/1"], answer(404)

    report = look(newsroom, issue, online=True)

    assert report.online
    assert [(one.check, one.pick) for one in report.blocking] == [("link-dead", "Rain")]
    with pytest.raises(Refused, match=r"the server answered 404 \('Rain'\) \[link-dead\]"):
        newsroom.approve(issue)

    web.answers["/1"] = good
    assert look(newsroom, issue, online=True).blocking == ()
    newsroom.approve(issue)


def test_edit_makes_what_was_found_online_old(newsroom: Newsroom, web: WebServer) -> None:
    issue = web_issue(newsroom, web, "Fog over the harbour")
    web.answers["/0"] = answer(404)
    look(newsroom, issue, online=True)
    edit(newsroom, issue, preheader="Thick")

    report = look(newsroom, issue)

    assert (report.online, report.blocking) == (False, ())


def test_headline_that_changed_since_is_noted_with_the_new_one(
    newsroom: Newsroom, web: WebServer
) -> None:
    issue = web_issue(newsroom, web, "Fog over the harbour", "Rain")
    web.answers["/0"] = answer(
        body=PAGE.format("Correction: it was mist").encode(), Content_Type="text/html"
    )

    [finding] = of(look(newsroom, issue, online=True), "drift-title")

    assert (finding.message, finding.pick) == (
        *("its page now says 'Correction: it was mist'", "Fog over the harbour"),
    )


def test_picture_that_is_gone_names_the_pick(newsroom: Newsroom, web: WebServer) -> None:
    issue = web_issue(newsroom, web, "Fog over the harbour")
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        edit_pick(session, row, find_pick(session, row, 1), {"image_url": web.url("/gone.jpg")})

    [finding] = of(look(newsroom, issue, online=True), "link-dead")

    assert finding.pick == "Fog over the harbour"


def test_edit_during_an_approval_that_is_refused_keeps_the_old_report(
    newsroom: Newsroom,
) -> None:
    issue = newsroom.draft(FRIDAY)
    before = look(newsroom, issue)
    compile_mjml = newsroom.press.compile_mjml

    def overtaken(source: str) -> str:
        edit(newsroom, issue, subject="Faster")
        return compile_mjml(source)

    with pytest.raises(Conflict):
        _approve_with(newsroom, issue, overtaken)
    assert find_report(issue_of(newsroom, issue)) == before


def _approve_with(newsroom: Newsroom, issue: str, compile_mjml: object) -> None:
    from digest.press.approval import approve

    press = replace(newsroom.press, compile_mjml=compile_mjml)
    app = newsroom.app
    approve(app.db, press, issue, newsroom.configured, by="test", clock=app.clock)
