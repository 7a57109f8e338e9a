"""The issue every benchmark sends: the sample newsroom's own texts, all eleven stories, some 63 kB.

Nothing here measures. How large a copy is, the programs that send it print.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from digest.curation.inbox import find_article, take_in
from digest.curation.issues import edit_issue, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.demo.newsroom import SampleArticle, SampleIssue, SamplePick, load_newsroom
from digest.rendering.view import IssueView
from digest.testing.newsroom import Newsroom

SITE = "https://courier.example"
FRIDAY = 4
# The appeal is what brings the slot remind_later_url into a copy.
APPEAL = """
[newsletters.initial.appeal]
heading = "Paid for by readers"
text = "The Courier has no owner but its readers. A little each month keeps a reporter in court."
once = ["Once", "https://courier.example/once"]
monthly = ["Monthly", "https://courier.example/monthly"]
annual = ["Annual", "https://courier.example/annual"]
"""


def stock_issue(newsroom: Newsroom) -> str:
    """Pick, approve and make due the sample issue; return what it is called."""
    sample, now = load_newsroom(), newsroom.app.clock.now()
    with newsroom.app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        take_in(session, [_found(article) for article in sample.articles], None, now)
        issue = new_issue(session, newsletter, slot_date=_next_friday(now.date()), now=now)
        edit_issue(session, issue, _words(sample.issue))
        for pick in sample.issue.picks:
            article = find_article(session, f"{SITE}/{pick.article}")
            section = find_section(session, newsletter.id, pick.section)
            pick_article(session, issue, article, section, words=_own_words(pick))
        reference = f"weekly/{issue.number}"
    newsroom.approve(reference)
    newsroom.make_due(reference)
    return reference


def widened(view: IssueView, articles: int) -> IssueView:
    """Return the issue with that many articles: its own, again and again."""
    stories = [pick for section in view.sections for pick in section.picks]
    wanted = articles - (view.lead is not None)
    many = tuple(stories[number % len(stories)] for number in range(wanted))
    share = -(-wanted // len(view.sections))
    sections = tuple(
        replace(section, picks=many[start : start + share])
        for section, start in zip(view.sections, range(0, wanted, share), strict=True)
    )
    return replace(view, sections=sections)


def _found(article: SampleArticle) -> FoundArticle:
    return FoundArticle(
        url=f"{SITE}/{article.slug}",
        title=article.headline,
        summary=article.dek,
        author=article.byline,
        image_url=f"{SITE}/pictures/{article.picture.name}.jpg",
        image_alt=article.picture.alt,
        image_credit=article.picture.credit,
    )


def _words(issue: SampleIssue) -> dict[str, Any]:
    return {
        "subject": issue.subject,
        "preheader": issue.preheader,
        "topper": dict(zip(("text", "signed"), issue.topper, strict=True)),
        "quote": dict(zip(("text", "who"), issue.quote, strict=True)),
        "numbers": [list(pair) for pair in issue.numbers],
        "appeal": True,
    }


def _own_words(pick: SamplePick) -> dict[str, str]:
    words = {"headline": pick.headline, "blurb": pick.blurb, "kicker": pick.kicker}
    return {"layout": pick.layout} | {name: text for name, text in words.items() if text}


def _next_friday(today: date) -> date:
    return today + timedelta(days=(FRIDAY - today.weekday()) % 7 or 7)
