"""Picks keep the editor's order, whatever is done to them and in whatever sequence."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from digest.curation.inbox import add_article
from digest.curation.issues import find_issue, new_issue
from digest.curation.picks import (
    edit_pick,
    find_pick,
    list_picks,
    move_pick,
    pick_article,
    unpick,
)
from digest.curation.sources.base import FoundArticle
from digest.db import Database
from digest.errors import BadInput, Conflict, NotFound, Refused
from digest.models import IssueState, Layout, Newsletter, Pick, Section

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
HEADINGS = ("News", "Features", "Opinion")
ARTICLES = 6


class Desk:
    """One issue, three sections and six articles in a session."""

    def __init__(self, session: Session) -> None:
        newsletter = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
        session.add(newsletter)
        session.flush()
        self.session = session
        self.sections = [
            Section(newsletter_id=newsletter.id, heading=heading, position=position)
            for position, heading in enumerate(HEADINGS, 1)
        ]
        session.add_all(self.sections)
        self.issue = new_issue(session, newsletter, slot_date=None, now=NOW)
        self.articles = [
            add_article(session, _found(number), now=NOW) for number in range(ARTICLES)
        ]

    def pick(self, article: int, section: int = 0, **more: object) -> Pick:
        """Pick an article by its place in the list."""
        place = self.sections[section]
        return pick_article(self.session, self.issue, self.articles[article], place, **more)

    def order(self) -> dict[str, list[int]]:
        """Return each section's articles in reading order, by their place in the list."""
        found: dict[str, list[int]] = {heading: [] for heading in HEADINGS}
        for section, pick, _ in list_picks(self.session, self.issue.id):
            found[section.heading].append(self._place(pick.article_id))
        return found

    def positions(self) -> dict[str, list[int]]:
        """Return each section's positions as stored."""
        found: dict[str, list[int]] = {heading: [] for heading in HEADINGS}
        for section, pick, _ in list_picks(self.session, self.issue.id):
            found[section.heading].append(pick.position)
        return found

    def _place(self, article_id: int) -> int:
        return [article.id for article in self.articles].index(article_id)


def _found(number: int) -> FoundArticle:
    return FoundArticle(
        f"https://courier.example/{number}",
        f"Headline {number}",
        f"Summary {number}",
        author="By A",
        image_url="https://courier.example/p.jpg",
        image_alt="Fog",
        image_credit="C",
    )


@pytest.fixture
def desk(db: Database) -> Iterator[Desk]:
    with db.write() as session:
        yield Desk(session)


def test_pick_takes_the_article_s_words(desk: Desk) -> None:
    pick = desk.pick(1)

    assert (pick.headline, pick.blurb, pick.byline) == ("Headline 1", "Summary 1", "By A")
    assert (pick.image_url, pick.image_alt, pick.image_credit) == (
        *("https://courier.example/p.jpg", "Fog", "C"),
    )
    assert (pick.layout, pick.position, pick.kicker) == (Layout.COLUMN, 1, "")


def test_editor_s_words_win_and_the_article_keeps_its_own(desk: Desk) -> None:
    pick = desk.pick(0, words={"headline": "Fog!", "layout": "lead"})

    assert (pick.headline, pick.layout) == ("Fog!", Layout.LEAD)
    assert desk.articles[0].title == "Headline 0"


def test_pick_at_a_position_pushes_the_others_down(desk: Desk) -> None:
    desk.pick(0)
    desk.pick(1)

    desk.pick(2, position=1)

    assert desk.order()["News"] == [2, 0, 1]


def test_position_beyond_the_end_means_last(desk: Desk) -> None:
    desk.pick(0)

    assert desk.pick(1, position=99).position == 2


def test_same_article_twice_is_a_conflict_and_writes_nothing(desk: Desk) -> None:
    desk.pick(0)
    version = desk.issue.version

    with pytest.raises(Conflict, match="article 1 is already in number 1"):
        desk.pick(0, 1)
    assert (desk.order()["News"], desk.issue.version) == ([0], version)


def test_session_goes_on_after_the_conflict(desk: Desk) -> None:
    desk.pick(0)
    with pytest.raises(Conflict):
        desk.pick(0)

    desk.pick(1)

    assert desk.order()["News"] == [0, 1]


def test_article_may_be_in_two_issues(desk: Desk) -> None:
    desk.pick(0)
    newsletter = desk.session.get_one(Newsletter, desk.issue.newsletter_id)
    other = new_issue(desk.session, newsletter, slot_date=None, now=NOW)

    pick_article(desk.session, other, desk.articles[0], desk.sections[0])

    assert find_pick(desk.session, other, desk.articles[0].id).position == 1


@pytest.mark.parametrize("change", ["pick", "move", "edit", "unpick"])
def test_every_change_voids_the_approval(desk: Desk, change: str) -> None:
    placed = desk.pick(0)
    desk.issue.state, desk.issue.approved_hash = IssueState.APPROVED, "a" * 64
    desk.session.flush()
    before = desk.issue.version

    _change(desk, placed, change)

    assert (desk.issue.state, desk.issue.approved_hash) == (IssueState.DRAFT, None)
    assert desk.issue.version == before + 1


def _change(desk: Desk, placed: Pick, change: str) -> None:
    match change:
        case "pick":
            desk.pick(1)
        case "move":
            move_pick(desk.session, desk.issue, placed, desk.sections[1], 1)
        case "edit":
            edit_pick(desk.session, desk.issue, placed, {"kicker": "New"})
        case "unpick":
            unpick(desk.session, desk.issue, placed)


@pytest.mark.parametrize("state", [IssueState.SENDING, IssueState.SENT, IssueState.CANCELLED])
@pytest.mark.parametrize("change", ["pick", "move", "edit", "unpick"])
def test_closed_issue_keeps_its_picks(desk: Desk, change: str, state: IssueState) -> None:
    placed = desk.pick(0)
    desk.issue.state = state
    desk.session.flush()

    with pytest.raises(Refused, match=f"number 1 is {state} and cannot be edited"):
        _change(desk, placed, change)
    assert desk.order() == {"News": [0], "Features": [], "Opinion": []}


def test_second_of_two_editors_moves_nothing(db: Database) -> None:
    with db.write() as session:
        Desk(session).pick(0)
    with db.read() as session:
        stale = find_issue(session, "weekly/1")
    with db.write() as session:
        issue = find_issue(session, "weekly/1")
        edit_pick(session, issue, find_pick(session, issue, 1), {"headline": "First"})

    with pytest.raises(Conflict), db.write() as session:
        edit_pick(session, stale, find_pick(session, stale, 1), {"headline": "Second"})
    with db.read() as session:
        assert find_pick(session, stale, 1).headline == "First"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"title": "x"}, "a pick has no field 'title' .there are: blurb, body_html, byline"),
        ({"position": 1}, "a pick has no field 'position'"),
        ({"layout": "huge"}, "no layout is called 'huge' .there are: lead, column, brief"),
        ({"headline": " "}, "headline: a pick needs one"),
    ],
)
def test_wrong_words_are_named_and_write_nothing(
    desk: Desk, words: dict[str, object], said: str
) -> None:
    placed = desk.pick(0)
    version = desk.issue.version

    with pytest.raises(BadInput, match=said):
        edit_pick(desk.session, desk.issue, placed, {"kicker": "No", **words})
    with pytest.raises(BadInput, match=said):
        desk.pick(1, words=words)
    assert (placed.kicker, desk.issue.version, desk.order()["News"]) == ("", version, [0])


def test_position_below_one_is_refused_and_writes_nothing(desk: Desk) -> None:
    placed = desk.pick(0)
    version = desk.issue.version

    with pytest.raises(BadInput, match="positions count from 1"):
        move_pick(desk.session, desk.issue, placed, desk.sections[1], 0)
    with pytest.raises(BadInput, match="positions count from 1"):
        desk.pick(1, position=0)
    assert (desk.order()["News"], desk.issue.version) == ([0], version)


def test_section_of_another_newsletter_is_refused(desk: Desk) -> None:
    other = Newsletter(slug="sport", furniture={}, skip_dates=[], created_at=NOW)
    desk.session.add(other)
    desk.session.flush()
    place = Section(newsletter_id=other.id, heading="Tennis", position=1)
    desk.session.add(place)
    desk.session.flush()

    with pytest.raises(BadInput, match="'Tennis' belongs to another newsletter"):
        pick_article(desk.session, desk.issue, desk.articles[0], place)


def test_article_that_is_not_picked_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound, match="article 1 is not in number 1"):
        find_pick(desk.session, desk.issue, desk.articles[0].id)


def test_unpicked_article_may_be_picked_again(desk: Desk) -> None:
    unpick(desk.session, desk.issue, desk.pick(0))

    desk.pick(0, 1)

    assert desk.order() == {"News": [], "Features": [0], "Opinion": []}


def test_reading_order_is_by_section_then_position(desk: Desk) -> None:
    for article, section in ((0, 2), (1, 0), (2, 1), (3, 0)):
        desk.pick(article, section)

    picked = [article.title for _, _, article in list_picks(desk.session, desk.issue.id)]

    assert picked == ["Headline 1", "Headline 3", "Headline 2", "Headline 0"]


which_article = st.integers(0, ARTICLES - 1)
which_section = st.integers(0, len(HEADINGS) - 1)
which_position = st.integers(1, ARTICLES + 2)


class Picking(RuleBasedStateMachine):
    """Any sequence of picks, moves and unpicks, beside lists that do the same."""

    migrated: ClassVar[Path]

    @initialize()
    def open_desk(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="picks-"))
        shutil.copyfile(self.migrated, self.folder / "digest.db")
        self.db = Database(f"sqlite:///{self.folder / 'digest.db'}")
        self.transaction = self.db.write()
        self.desk = Desk(self.transaction.__enter__())
        self.lists: dict[str, list[int]] = {heading: [] for heading in HEADINGS}

    @rule(article=which_article, section=which_section, position=st.none() | which_position)
    def pick(self, article: int, section: int, position: int | None) -> None:
        if any(article in picked for picked in self.lists.values()):
            with pytest.raises(Conflict):
                self.desk.pick(article, section, position=position)
            return
        self.desk.pick(article, section, position=position)
        into = self.lists[HEADINGS[section]]
        into.insert(len(into) if position is None else position - 1, article)

    @precondition(lambda self: any(self.lists.values()))
    @rule(which=st.integers(0), section=which_section, position=which_position)
    def move(self, which: int, section: int, position: int) -> None:
        article = self._picked(which)
        move_pick(
            self.desk.session,
            self.desk.issue,
            self._pick_of(article),
            self.desk.sections[section],
            position,
        )
        self._drop(article)
        self.lists[HEADINGS[section]].insert(position - 1, article)

    @precondition(lambda self: any(self.lists.values()))
    @rule(which=st.integers(0))
    def unpick(self, which: int) -> None:
        article = self._picked(which)
        unpick(self.desk.session, self.desk.issue, self._pick_of(article))
        self._drop(article)

    @rule()
    def read_afresh(self) -> None:
        self.desk.session.expire_all()

    @invariant()
    def order_is_the_lists(self) -> None:
        assert self.desk.order() == self.lists

    @invariant()
    def positions_count_from_one(self) -> None:
        for heading, positions in self.desk.positions().items():
            assert positions == list(range(1, len(self.lists[heading]) + 1))

    def _picked(self, which: int) -> int:
        articles = [article for heading in HEADINGS for article in self.lists[heading]]
        return articles[which % len(articles)]

    def _pick_of(self, article: int) -> Pick:
        return find_pick(self.desk.session, self.desk.issue, self.desk.articles[article].id)

    def _drop(self, article: int) -> None:
        for picked in self.lists.values():
            if article in picked:
                picked.remove(article)

    def teardown(self) -> None:
        self.transaction.__exit__(None, None, None)
        self.db.close()
        shutil.rmtree(self.folder)


def test_any_sequence_keeps_the_order(migrated_file: Path) -> None:
    Picking.migrated = migrated_file
    run_state_machine_as_test(
        Picking, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )


def test_whole_article_is_taken_along_and_left_again(desk: Desk) -> None:
    article = desk.articles[0]
    article.body_html = "<p>All of it.</p>"
    pick = pick_article(desk.session, desk.issue, article, desk.sections[0], words={"whole": "yes"})
    assert pick.body_html == "<p>All of it.</p>"

    edit_pick(desk.session, desk.issue, pick, {"whole": "no"})

    assert pick.body_html == ""


def test_pasted_text_is_cleaned(desk: Desk) -> None:
    pasted = '<p onclick="x()">A <a href="/b">b</a></p><script>y()</script>'

    pick = pick_article(
        desk.session, desk.issue, desk.articles[0], desk.sections[0], words={"body_html": pasted}
    )

    assert "onclick" not in pick.body_html
    assert "script" not in pick.body_html
    assert 'href="http' in pick.body_html


@pytest.mark.parametrize(
    ("whole", "said"), [("yes", "its source gave no full text"), ("maybe", "write yes or no")]
)
def test_whole_article_that_there_is_not_is_refused(desk: Desk, whole: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        pick_article(
            desk.session, desk.issue, desk.articles[0], desk.sections[0], words={"whole": whole}
        )
