"""A pick is held over whole or not at all, and standing words go on."""

from datetime import date

import pytest

from digest.curation.board_changes import change_issue, find_last_change, undo_change
from digest.curation.holding import hold_over
from digest.curation.newsletters import mark_standing
from digest.curation.picks import edit_pick, find_pick, list_picks
from digest.curation.standing import standing_words
from digest.db import Database
from digest.errors import BadInput, Conflict, Refused
from digest.models import Editor, IssueState, Layout, Role
from tests.curation.newsroom import NOW, THIS_WEEK, Week

NEXT_WEEK = date(2026, 12, 4)


def test_pick_goes_with_the_editor_s_words_to_the_end_of_its_section(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue, later = week.issue(), week.issue(NEXT_WEEK, IssueState.APPROVED)
        article, there = week.article("fog", "Fog"), week.article("sun", "Sun")
        words = {"headline": "Mine", "kicker": "Weather", "layout": "brief", "blurb": "Thick."}
        pick = week.pick(issue, article, section=1, **words)
        week.pick(issue, week.article("rain", "Rain"), section=1)
        week.pick(later, there, section=1)
        versions = issue.version, later.version
        hold_over(session, issue, pick, later)

        left = [(p.article_id, p.position) for _, p, _ in list_picks(session, issue.id)]
        held = [(p.article_id, p.position) for _, p, _ in list_picks(session, later.id)]
        moved = find_pick(session, later, article.id)
        assert left == [(3, 1)]
        assert held == [(there.id, 1), (article.id, 2)]
        assert (moved.headline, moved.kicker, moved.layout) == ("Mine", "Weather", Layout.BRIEF)
        assert (issue.version, later.version) == (versions[0] + 1, versions[1] + 1)
        assert later.state is IssueState.DRAFT


def test_article_that_is_there_already_is_not_held_over(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        issue, later = week.issue(), week.issue(NEXT_WEEK)
        article = week.article("fog", "Fog")
        pick = week.pick(issue, article)
        week.pick(later, article)
        with pytest.raises(Conflict, match="“Fog” is in number 2 already"):
            hold_over(session, issue, pick, later)
        assert find_pick(session, issue, article.id)


@pytest.mark.parametrize("closed", [0, 1])
def test_issue_that_is_sent_neither_gives_nor_takes(any_db: Database, closed: int) -> None:
    with any_db.write() as session:
        week = Week(session)
        issues = week.issue(), week.issue(NEXT_WEEK)
        pick = week.pick(issues[0], week.article("fog", "Fog"))
        issues[closed].state = IssueState.SENT
        session.flush()
        with pytest.raises(Refused, match="is sent and cannot"):
            hold_over(session, issues[0], pick, issues[1])
        assert len(list_picks(session, issues[0].id)) == 1


def held(session, week: Week):
    editor = Editor(
        name_sealed=b"", address_sealed=b"", address_index=b"1", role=Role.EDITOR, created_at=NOW
    )
    session.add(editor)
    session.flush()
    issue, later = week.issue(), week.issue(NEXT_WEEK)
    pick = week.pick(issue, week.article("fog", "Fog"), headline="Mine")
    week.pick(issue, week.article("sun", "Sun"))
    change_issue(session, issue, editor.id, pick, later, NOW)
    return issue, later, editor


def test_holding_over_can_be_undone(any_db: Database) -> None:
    with any_db.write() as session:
        issue, later, editor = held(session, Week(session))
        change = find_last_change(session, issue.id, editor.id)
        undo_change(session, issue, change)
        back = [(p.headline, p.position) for _, p, _ in list_picks(session, issue.id)]
        assert back == [("Mine", 1), ("Sun", 2)]
        assert list_picks(session, later.id) == []


def test_holding_over_is_not_undone_once_somebody_worked_on_it(any_db: Database) -> None:
    with any_db.write() as session:
        issue, later, editor = held(session, Week(session))
        edit_pick(session, later, find_pick(session, later, 1), {"headline": "Ours"})
        change = find_last_change(session, issue.id, editor.id)
        with pytest.raises(Conflict, match="somebody changed"):
            undo_change(session, issue, change)
        assert find_pick(session, later, 1).headline == "Ours"


def test_draft_begins_with_what_stands(any_db: Database) -> None:
    with any_db.write() as session:
        week = Week(session)
        assert standing_words(session, week.newsletter) == {}
        old, last = week.issue(date(2026, 11, 20)), week.issue(THIS_WEEK)
        old.topper = {"text": "Older.", "signed": "Ben"}
        last.topper, last.appeal = {"text": "Dear readers.", "signed": "Ada"}, False
        last.quote = {"text": "So.", "who": "Mayor"}
        session.flush()

        usual = standing_words(session, week.newsletter)
        mark_standing(session, week.newsletter, ["quote", "topper", "quote"])
        marked = standing_words(session, week.newsletter)
        mark_standing(session, week.newsletter, [])
        with pytest.raises(BadInput, match="cannot stand"):
            mark_standing(session, week.newsletter, ["subject"])
        assert standing_words(session, week.newsletter) == {}

    assert usual == {"appeal": False, "topper": {"signed": "Ada"}}
    assert marked == {"topper": {"text": "Dear readers."}, "quote": {"text": "So.", "who": "Mayor"}}
