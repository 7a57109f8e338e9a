"""What the database knows that preflight asks for, and where its report is kept."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from digest.curation.picks import list_picks
from digest.curation.watches import Watched, find_watched
from digest.errors import BadInput
from digest.models import Article, Issue, IssueState, Pick
from digest.press.preflight.findings import Report
from digest.press.preflight.material import ArticleFacts, EarlierPick

MOST_EARLIER = 3_000  # picks: some three years of a weekly


def list_facts(session: Session, issue: Issue) -> dict[str, ArticleFacts]:
    """Return what is known of an issue's articles, by their URL."""
    picks = list_picks(session, issue.id)
    watched = find_watched(session, [article.id for _, _, article in picks])
    return {
        article.url: _facts(pick, article, watched.get(article.id)) for _, pick, article in picks
    }


def _facts(pick: Pick, article: Article, watched: Watched | None) -> ArticleFacts:
    return ArticleFacts(
        article.url,
        article.canonical_url,
        # Where an editor said that another headline is fine, that is the one to compare with.
        (watched and watched.accepted_title) or article.title,
        article.published_at,
        article.id,
        pick.ran_before_allowed,
        watched,
    )


def list_earlier(session: Session, issue: Issue) -> list[EarlierPick]:
    """Return what other issues of the newsletter that were approved or sent had, newest first."""
    rows = session.execute(
        select(
            *(Issue.number, Issue.slot_date, Issue.approved_at),
            *(Pick.headline, Article.canonical_url, Article.title),
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
        EarlierPick(number, day or (at.date() if at else None), headline, url, title)
        for number, day, at, headline, url, title in rows
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
