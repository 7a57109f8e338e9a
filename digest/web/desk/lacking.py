"""What an issue in the making lacks, and what should be looked at before it is approved."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from digest.curation.drift import Kind
from digest.curation.picks import list_picks
from digest.curation.watches import find_watched
from digest.models import Issue, IssueState, Pick
from digest.press.preflight.records import find_report

DRIFTS = {
    Kind.GONE: "whose page is gone; that stops the approval",
    Kind.EMBARGO: "that may not be shown yet, says their page",
    Kind.HEADLINE: "with another headline by now",
    Kind.CORRECTION: "with a correction or an update",
    Kind.MOVED: "whose address leads elsewhere now",
    Kind.REVISED: "whose text was changed",
    Kind.UNREADABLE: "whose page cannot be read",
    Kind.UNREACHED: "whose page did not answer",
}


def list_missing(issue: Issue, picks: Sequence[Pick]) -> list[str]:
    """Return what a draft lacks, most urgent first; nothing once it is approved."""
    if issue.state is not IssueState.DRAFT:
        return []
    pictures = [pick for pick in picks if pick.image_url and not pick.image_alt]
    lacks = {
        "articles: none is picked yet": not picks,
        "a subject": not issue.subject,
        "a line for the inbox (preheader)": not issue.preheader,
        "a first word to the readers": not issue.topper.get("text"),
        _speechless(len(pictures)): bool(pictures),
    }
    return [words for words, lacking in lacks.items() if lacking]


def _speechless(count: int) -> str:
    return (
        "words for 1 picture (alt text)"
        if count == 1
        else f"words for {count} pictures (alt texts)"
    )


def list_worries(session: Session, issue: Issue) -> list[str]:
    """Return what to look at: articles that drifted, and what stops the approval."""
    picks = list_picks(session, issue.id)
    watched = find_watched(session, [article.id for _, _, article in picks])
    kinds = [{drift.kind for drift in each.drifts} for each in watched.values()]
    return [*_drifted(kinds), *_blocked(issue)]


def _drifted(kinds: Sequence[Iterable[Kind]]) -> list[str]:
    counts = {kind: sum(kind in each for each in kinds) for kind in DRIFTS}
    return [
        f"{count} {'article' if count == 1 else 'articles'} {DRIFTS[kind]}"
        for kind, count in counts.items()
        if count
    ]


def _blocked(issue: Issue) -> list[str]:
    """Return what preflight found that stops the approval of the present version."""
    report = find_report(issue)
    if report is None or report.version != issue.version:
        return []
    return [f"preflight: {found.message}" for found in report.blocking]
