"""What the templates see of an issue."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from digest.curation.issues import edit_issue, find_issue
from digest.curation.newsletters import find_newsletter, find_section
from digest.curation.picks import edit_pick, find_pick, move_pick
from digest.errors import Refused
from digest.press.view import freeze_view
from digest.rendering.view import IssueView
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)
TODAY = date(2026, 11, 25)
APPEAL = {
    "heading": "Help",
    "text": "Please",
    "once": ["Once", "https://courier.example/1"],
    "monthly": ["Monthly", "https://courier.example/2"],
    "annual": ["Annual", "https://courier.example/3"],
    "payment_line": "",
    "signed": "",
}


def view_of(newsroom: Newsroom, issue: str) -> IssueView:
    """Freeze an issue."""
    with newsroom.app.db.read() as session:
        configured = newsroom.app.config.newsletter("weekly")
        return freeze_view(session, find_issue(session, issue), configured, today=TODAY)


def change_pick(newsroom: Newsroom, issue: str, article: int, **words: Any) -> None:
    """Change the editor's words of one pick."""
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        edit_pick(session, row, find_pick(session, row, article), words)


def put(session: Session, issue: str, article: int, heading: str) -> None:
    """Move a pick to the front of another section."""
    row = find_issue(session, issue)
    section = find_section(session, row.newsletter_id, heading)
    move_pick(session, row, find_pick(session, row, article), section, 1)


def test_issue_is_dated_by_its_slot_and_an_extra_by_today(newsroom: Newsroom) -> None:
    dates = [view_of(newsroom, newsroom.draft(day)).date for day in (FRIDAY, None)]

    assert dates == [FRIDAY, TODAY]


def test_lead_stands_apart_from_its_section(newsroom: Newsroom) -> None:
    view = view_of(newsroom, newsroom.draft(FRIDAY))

    assert view.lead is not None
    assert view.lead.headline == "Headline 0"
    assert [[pick.headline for pick in section.picks] for section in view.sections] == [
        ["Headline 1", "Headline 2"]
    ]


def test_second_lead_stays_in_its_section(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    change_pick(newsroom, issue, 2, layout="lead")

    view = view_of(newsroom, issue)

    assert [pick.layout for pick in view.sections[0].picks] == ["lead", "column"]


def test_issue_without_a_lead_has_none(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    change_pick(newsroom, issue, 1, layout="brief")

    view = view_of(newsroom, issue)

    assert view.lead is None
    assert len(view.sections[0].picks) == 3


def test_sections_come_in_their_order_and_empty_ones_do_not(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY, picks=4)
    with newsroom.app.db.write() as session:
        put(session, issue, 2, "Opinion")
        put(session, issue, 3, "Features")

    view = view_of(newsroom, issue)

    assert [section.heading for section in view.sections] == ["News", "Features", "Opinion"]


def test_editor_s_words_are_shown_and_the_article_s_link(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    change_pick(newsroom, issue, 2, headline="Ours", kicker="K", blurb="B", byline="By us")

    pick = view_of(newsroom, issue).sections[0].picks[0]

    assert (pick.headline, pick.kicker, pick.blurb, pick.byline) == ("Ours", "K", "B", "By us")
    assert pick.url == "https://courier.example/1"


def test_picture_comes_with_alt_and_credit_and_only_with_an_address(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    change_pick(
        *(newsroom, issue, 2),
        image_url="https://courier.example/p.jpg",
        image_alt="Fog",
        image_credit="Ada",
    )
    change_pick(newsroom, issue, 3, image_alt="no picture")

    first, second = view_of(newsroom, issue).sections[0].picks

    assert first.picture is not None
    assert (first.picture.alt, first.picture.credit) == ("Fog", "Ada")
    assert second.picture is None


def test_blocks_of_the_issue_are_shown(newsroom: Newsroom) -> None:
    view = view_of(
        newsroom,
        newsroom.draft(
            FRIDAY,
            topper={"text": "Hello", "signed": "Ada"},
            quote={"text": "Oh", "who": "Bo"},
            numbers=[["38", "pages"]],
        ),
    )

    assert view.topper is not None
    assert view.quote is not None
    assert (view.topper.signed, view.quote.who) == ("Ada", "Bo")
    assert view.numbers == (("38", "pages"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [("topper", {"signed": "Ada"}), ("quote", {"text": " ", "who": "Bo"}), ("topper", {})],
)
def test_block_without_words_is_left_out(
    newsroom: Newsroom, field: str, value: dict[str, str]
) -> None:
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        edit_issue(session, find_issue(session, issue), {field: value})

    assert getattr(view_of(newsroom, issue), field) is None


@pytest.mark.parametrize(("wanted", "shown"), [(True, True), (False, False)])
def test_appeal_is_the_newsletter_s_unless_the_issue_leaves_it_out(
    newsroom: Newsroom, wanted: bool, shown: bool
) -> None:
    issue = newsroom.draft(FRIDAY, appeal=wanted)
    with newsroom.app.db.write() as session:
        newsletter = find_newsletter(session, "weekly")
        newsletter.furniture = {**newsletter.furniture, "appeal": APPEAL}

    assert (view_of(newsroom, issue).appeal is not None) is shown


def test_newsletter_without_an_appeal_shows_none(newsroom: Newsroom) -> None:
    assert view_of(newsroom, newsroom.draft(FRIDAY)).appeal is None


def test_view_is_whole_after_the_session_is_gone(newsroom: Newsroom) -> None:
    view = view_of(newsroom, newsroom.draft(FRIDAY))

    assert "Headline 2" in repr(view)
    assert hash(view)


def test_missing_subject_is_said_before_missing_picks(newsroom: Newsroom) -> None:
    with pytest.raises(Refused, match="has no subject yet"):
        view_of(newsroom, newsroom.draft(FRIDAY, picks=0, subject=""))
