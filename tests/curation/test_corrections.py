"""Corrections of a sent issue, and its mail: what is taken, what is refused."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from digest.curation.corrections import (
    NOTE_MOST,
    add_correction,
    find_correction,
    list_corrections,
    list_mails,
    open_mail,
    take_back,
)
from digest.curation.inbox import find_article, take_in
from digest.curation.issues import cancel_issue, find_latest, find_open, new_issue
from digest.curation.picks import pick_article
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import Correction, Issue, IssueState, LedgerSum, Newsletter, Section

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
URL = "https://courier.example/cranes"
RIGHT = "https://courier.example/cranes-2"


@pytest.fixture
def session(any_db: Database) -> Iterator[Session]:
    """A sent issue with one article, number 1 of ``weekly``."""
    with any_db.write() as session:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
        session.add(newsletter)
        session.flush()
        section = Section(newsletter_id=newsletter.id, heading="News", position=1)
        session.add(section)
        session.flush()
        issue = new_issue(session, newsletter, slot_date=date(2026, 11, 27), now=NOW)
        take_in(session, [FoundArticle(url=URL, title="Cranes")], None, NOW)
        pick_article(session, issue, find_article(session, URL), section)
        put(session, issue, IssueState.SENT)
        yield session


def put(session: Session, issue: Issue, state: IssueState) -> None:
    values = {"state": state, "sending_at": NOW, "subject": "Cranes stand still"}
    session.execute(update(Issue).where(Issue.id == issue.id).values(**values))
    session.refresh(issue)


def the_issue(session: Session) -> Issue:
    return session.query(Issue).filter_by(number=1).one()


def article_id(session: Session) -> int:
    return find_article(session, URL).id


def corrected(session: Session, **more: str) -> Correction:
    issue = the_issue(session)
    return add_correction(session, issue, note="It votes on Monday.", now=NOW, **more)


def mailed(session: Session, correction: Correction) -> Issue:
    issue = the_issue(session)
    return open_mail(session, issue, correction, subject="Correction: Cranes", now=NOW)


def test_note_is_kept_clean_and_dated(session: Session) -> None:
    issue = the_issue(session)
    note = " It\x00 votes\r\non  Monday. "
    add_correction(session, issue, note=note, now=NOW)

    [kept] = list_corrections(session, issue.id)
    assert (kept.note, kept.at, kept.right_url) == ("It votes\non Monday.", NOW, "")


def test_link_is_kept_with_its_article(session: Session) -> None:
    issue, article = the_issue(session), article_id(session)
    kept = add_correction(session, issue, note="x", article_id=article, right_url=RIGHT, now=NOW)
    assert (kept.article_id, kept.right_url) == (article, RIGHT)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"note": " \n "}, "needs a note"),
        ({"note": "x" * (NOTE_MOST + 1)}, "characters are more"),
        ({"right_url": RIGHT}, "which article"),
        ({"right_url": "javascript:alert(1)", "article_id": 1}, "http:// or https://"),
    ],
)
def test_what_is_no_correction_is_refused(session: Session, more: dict, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        add_correction(session, the_issue(session), **{"note": "x", "now": NOW, **more})


def test_article_of_another_issue_is_refused(session: Session) -> None:
    with pytest.raises(NotFound):
        add_correction(session, the_issue(session), note="x", article_id=4711, now=NOW)


@pytest.mark.parametrize("state", ["draft", "approved", "cancelled"])
def test_what_nobody_has_is_edited_instead(session: Session, state: str) -> None:
    issue = the_issue(session)
    put(session, issue, IssueState(state))
    with pytest.raises(Refused, match="nobody has it"):
        add_correction(session, issue, note="x", now=NOW)


def test_correction_taken_back_stands_no_more_and_is_not_taken_back_twice(
    session: Session,
) -> None:
    issue, correction = the_issue(session), corrected(session)
    take_back(session, correction, NOW + timedelta(hours=1))

    assert list_corrections(session, issue.id) == []
    with pytest.raises(Conflict):
        find_correction(session, issue, correction.id)


def test_correction_of_another_issue_is_not_found(session: Session) -> None:
    correction = corrected(session)
    newsletter = session.query(Newsletter).one()
    other = new_issue(session, newsletter, slot_date=None, now=NOW)
    with pytest.raises(NotFound):
        find_correction(session, other, correction.id)


def test_mail_is_an_extra_draft_in_the_words_of_the_note(session: Session) -> None:
    correction = add_correction(
        session,
        the_issue(session),
        note="It votes on Monday.",
        article_id=article_id(session),
        right_url=RIGHT,
        now=NOW,
    )
    extra = mailed(session, correction)

    assert (extra.state, extra.slot_date, extra.number) == (IssueState.DRAFT, None, 2)
    assert extra.corrects_id == the_issue(session).id
    assert extra.subject == "Correction: Cranes"
    assert extra.topper["text"] == f"It votes on Monday.\n\nCranes: {RIGHT}"
    assert extra.appeal is False
    assert list_mails(session, the_issue(session).id) == [extra]


def test_only_one_mail_is_open_at_a_time(session: Session) -> None:
    correction = corrected(session)
    first = mailed(session, correction)
    with pytest.raises(Conflict, match="number 2 is open already"):
        mailed(session, correction)

    cancel_issue(session, first)
    assert mailed(session, correction).number == 3


def test_no_mail_while_the_issue_is_on_its_way(session: Session) -> None:
    correction = corrected(session)
    put(session, the_issue(session), IssueState.SENDING)
    with pytest.raises(Refused, match="wait until it is sent"):
        mailed(session, correction)


def test_no_mail_once_the_ledger_has_shrunk(session: Session) -> None:
    correction = corrected(session)
    kept = LedgerSum(
        issue_id=the_issue(session).id, sums={}, key_id="k", mac=b"x" * 32, shrunk_at=NOW
    )
    session.add(kept)
    session.flush()
    with pytest.raises(Refused, match="nobody knows any more who got it"):
        mailed(session, correction)


@pytest.mark.parametrize("find", [find_open, find_latest])
def test_correction_is_never_the_issue_that_is_meant(
    session: Session, find: Callable[[Session, int], Issue | None]
) -> None:
    """Neither where picks go, nor what somebody who joins is shown."""
    extra = mailed(session, corrected(session))
    if find is find_latest:
        put(session, extra, IssueState.SENT)
    found = find(session, extra.newsletter_id)
    assert found is None or found.number == 1
