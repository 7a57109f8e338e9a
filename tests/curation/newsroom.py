"""A newsletter with sections, articles and issues in a store, for tests of curation's verbs."""

from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from digest.curation.inbox import add_article
from digest.curation.issues import new_issue
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.models import Article, Issue, IssueState, Newsletter, Pick, Section

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
THIS_WEEK = date(2026, 11, 27)


class Week:
    """A newsletter, and the few things that a test does with it."""

    def __init__(self, session: Session, slug: str = "weekly") -> None:
        self.session = session
        self.newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
        session.add(self.newsletter)
        session.flush()
        self.sections = [
            Section(newsletter_id=self.newsletter.id, heading=heading, position=position)
            for position, heading in enumerate(("News", "Features"), 1)
        ]
        session.add_all(self.sections)
        session.flush()

    def issue(self, day: date | None = THIS_WEEK, state: IssueState = IssueState.DRAFT) -> Issue:
        """Open an issue, and put it into a state without more ado."""
        issue = new_issue(self.session, self.newsletter, slot_date=day, now=NOW)
        issue.state = state
        self.session.flush()
        return issue

    def article(self, path: str, title: str) -> Article:
        """Bring an article in."""
        found = FoundArticle(url=f"https://courier.example/{path}", title=title)
        return add_article(self.session, found, now=NOW)

    def pick(self, issue: Issue, article: Article, section: int = 0, **words: str) -> Pick:
        """Pick it, whatever state the issue is in."""
        state, issue.state = issue.state, IssueState.DRAFT
        self.session.flush()
        pick = pick_article(self.session, issue, article, self.sections[section], words=words)
        issue.state = state
        self.session.flush()
        return pick
