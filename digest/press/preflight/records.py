"""What the database knows that preflight asks for, and where its report is kept."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from digest.curation.picks import list_picks
from digest.errors import BadInput
from digest.models import Article, Issue, IssueState, Pick
from digest.press.preflight.findings import Report
from digest.press.preflight.material import ArticleFacts, EarlierPick

MOST_EARLIER = 3_000  # picks: some three years of a weekly


def list_facts(session: Session, issue: Issue) -> dict[str, ArticleFacts]:
    """Return what is known of an issue's articles, by their URL."""
    return {
        article.url: ArticleFacts(
            article.url, article.canonical_url, article.title, article.published_at, article.id
        )
        for _, _, article in list_picks(session, issue.id)
    }


def list_earlier(session: Session, issue: Issue) -> list[EarlierPick]:
    """Return what other issues of the newsletter that were approved or sent had, newest first."""
    rows = session.execute(
        select(
            Issue.number, Issue.slot_date, Issue.approved_at, Pick.headline, Article.canonical_url
        )
        .join(Pick, Pick.issue_id == Issue.id)
        .join(Article, Article.id == Pick.article_id)
        .where(
            Issue.newsletter_id == issue.newsletter_id,
            Issue.id != issue.id,
            Issue.state.in_((IssueState.APPROVED, IssueState.SENDING, IssueState.SENT)),
        )
        .order_by(Issue.number.desc())
        .limit(MOST_EARLIER)
    )
    return [
        EarlierPick(number, day or (approved_at.date() if approved_at else None), headline, url)
        for number, day, approved_at, headline, url in rows
    ]


def find_report(issue: Issue) -> Report | None:
    """Return the report kept with an issue, None when there is none or it is of another form."""
    if issue.preflight is None:
        return None
    try:
        return Report.from_json(issue.preflight)
    except BadInput:
        return None


def store_report(session: Session, issue_id: int, report: Report) -> bool:
    """Keep a report with its issue; False, and nothing is written, when the issue was edited since.

    The issue's version and approval stay as they are: looking is no edit.
    """
    hit = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.version == report.version)
        .values(preflight=report.to_json())
        .returning(Issue.id)
    ).first()
    return hit is not None
