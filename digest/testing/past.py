"""Issues that were sent, with stories of one's own, for tests of whatever shows them later."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from digest.curation.inbox import find_article, take_in
from digest.curation.issues import approve_issue, edit_issue, find_issue, move_issue, new_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.models import Issue, IssueState
from digest.testing.newsroom import Newsroom

# A pick's own fields; and `section` and `url`, of which there is one for who gives none.
Story = Mapping[str, str]
HASH = "0" * 64


def write_issue(
    session: Session,
    stories: Sequence[Story],
    *,
    now: datetime,
    day: date | None = None,
    subject: str = "This week",
    preheader: str = "",
) -> Issue:
    """Make a draft for ``weekly``; the first story leads."""
    newsletter = find_newsletter(session, "weekly")
    issue = new_issue(session, newsletter, slot_date=day, now=now)
    edit_issue(session, issue, {"subject": subject, "preheader": preheader})
    for number, story in enumerate(stories):
        words = {**({"layout": "lead"} if number == 0 else {}), **story}
        section = find_section(session, newsletter.id, words.pop("section", "News"))
        url = words.pop("url", f"https://courier.example/{issue.number}/{number}")
        take_in(session, [FoundArticle(url=url, title=words["headline"])], None, now)
        pick_article(session, issue, find_article(session, url), section, words=words)
    return issue


def send_off(session: Session, issue: Issue, now: datetime) -> None:
    """Take an approved issue through its sending, as the sender does, but for the copies."""
    move_issue(session, issue.id, to=IssueState.SENDING, sending_at=now)
    move_issue(session, issue.id, to=IssueState.SENT, sent_at=now)
    session.refresh(issue)


def file_issue(session: Session, issue: Issue, now: datetime) -> None:
    """Send a draft off without any bytes, for who only reads rows."""
    approve_issue(session, issue.id, version=issue.version, content_hash=HASH, by="test", now=now)
    send_off(session, issue, now)


def publish(
    newsroom: Newsroom,
    stories: Sequence[Story] = ({"headline": "The quay reopens"},),
    *,
    day: date | None = None,
    subject: str = "This week",
    preheader: str = "",
) -> str:
    """Write, approve and send off an issue; return what it is called."""
    now = newsroom.app.clock.now()
    with newsroom.app.db.write() as session:
        issue = write_issue(
            session, stories, now=now, day=day, subject=subject, preheader=preheader
        )
        name = f"weekly/{issue.number}"
    newsroom.approve(name)
    with newsroom.app.db.write() as session:
        send_off(session, find_issue(session, name), now)
    return name
