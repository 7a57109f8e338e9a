"""The picture of an article at the board: an edit like any other, in the cut that was asked for."""

import re
from datetime import date

import httpx
import pytest

from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.models import IssueState, Pick, Role
from digest.testing.web import WebServer
from tests.media.samples import colour_of, opened, saved, striped
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_board import Board, issue_of
from tests.web.desk.test_media import TAKE, ada, bring, give, near, pictures, site, upload

__all__ = ["ada", "near", "site"]  # fixtures
FIELDS = ("image_url", "image_alt", "image_credit")


class PickDesk:
    """An issue, and the pages of the picture of its first pick in one browser."""

    def __init__(self, desk: Desk, browser: Browser) -> None:
        self.desk, self.browser = desk, browser
        self.name = desk.house.newsroom.draft(date(2026, 12, 4))
        self.path = f"/desk/{self.name}/picks/1/picture"

    def look(self, picture: int | None = None) -> str:
        """Open the page."""
        query = {} if picture is None else {"picture": str(picture)}
        self.page = self.browser.get(self.path, params=query).text
        return self.page

    def choose(self, picture: int, x: int = 50, **fields: str) -> httpx.Response:
        """Send the form as it was shown."""
        was = dict(re.findall(r'name="(was-\w+)" value="(\w+)"', self.page))
        sent = {"picture": str(picture), "x": str(x), "y": "50", "shape": "3:2", **was, **fields}
        return self.browser.post(self.path, **sent)

    @property
    def pick(self) -> Pick:
        """The pick as it is now."""
        with self.desk.app.db.read() as session:
            return list_picks(session, find_issue(session, self.name).id)[0][1]


@pytest.fixture
def first(desk: Desk, ada: Browser) -> PickDesk:
    return PickDesk(desk, ada)


def test_board_leads_to_the_picture(desk: Desk, first: PickDesk) -> None:
    assert f'href="{first.path}"' in first.browser.get(f"/desk/{first.name}").text


def test_chosen_picture_is_an_edit_that_can_be_undone(desk: Desk, first: PickDesk) -> None:
    number = bring(desk, saved(striped(2700, 600)))
    before = issue_of(desk, first.name).version
    assert 'name="image_alt" value="A quay"' in first.look(number)

    words = {"image_alt": "The quay, red", "image_credit": "Ada Holm"}
    answer = first.choose(number, x=0, **words)

    assert answer.headers["location"] == f"/desk/{first.name}?open=1#card-1"
    pick = first.pick
    assert pick.image_url.startswith("http://127.0.0.1:8000/pictures/")
    assert (pick.image_alt, pick.image_credit) == ("The quay, red", "Ada Holm")
    print_path = pick.image_url.removeprefix("http://127.0.0.1:8000")
    assert colour_of(opened(first.browser.get(print_path).content)) == "red"
    assert issue_of(desk, first.name).version == before + 1

    Board(first.browser, first.name).undo()

    assert (first.pick.image_url, first.pick.image_alt) == ("", "")
    assert desk.verbs()[-2:] == ["edit", "undo"]


def test_cut_at_one_pick_changes_no_other_use(desk: Desk, first: PickDesk) -> None:
    number = bring(desk, saved(striped(2700, 600)))
    give(desk, first.name, pictures(desk)[0].shown, image_alt="A quay", image_credit="Bo")
    assert 'name="image_credit" value="Bo"' in first.look(number)

    first.choose(number, x=100, image_alt="A quay", image_credit="Bo")

    [kept] = pictures(desk)
    assert kept.focus_x == 50
    assert kept.shown not in first.pick.image_url
    assert 'name="x" min="0" max="100" step="1" value="100"' in first.look(number)


def test_approval_is_void_after_another_picture(desk: Desk, first: PickDesk) -> None:
    desk.house.newsroom.approve(first.name)
    number = bring(desk)
    first.look(number)

    first.choose(number, image_alt="A quay")

    assert issue_of(desk, first.name).state is IssueState.DRAFT


def test_same_picture_once_more_changes_nothing(desk: Desk, first: PickDesk) -> None:
    number = bring(desk)
    words = {"image_alt": "A quay", "image_credit": "Ada Holm"}
    versions = []
    for _ in range(2):
        first.look(number)
        first.choose(number, **words)
        versions.append(issue_of(desk, first.name).version)

    assert versions[0] == versions[1]


def test_somebody_else_s_picture_is_not_overwritten(desk: Desk, first: PickDesk) -> None:
    number = bring(desk)
    first.look(number)
    give(desk, first.name, "0" * 64 + ".jpg")

    answer = first.choose(number, image_alt="Mine")

    assert answer.status_code == 409
    assert "0" * 64 in first.pick.image_url


def test_form_without_marks_is_refused(desk: Desk, first: PickDesk) -> None:
    number = bring(desk)
    first.page = ""

    assert first.choose(number).status_code == 422
    assert first.pick.image_url == ""


def test_picture_is_taken_away_with_its_words(desk: Desk, first: PickDesk) -> None:
    bring(desk)
    give(desk, first.name, pictures(desk)[0].shown, image_alt="A quay", image_credit="Bo")
    assert "What it has now" in first.look()
    was = dict(re.findall(r'name="(was-\w+)" value="(\w+)"', first.page))

    first.browser.post(first.path, picture="", **was)

    assert [getattr(first.pick, name) for name in FIELDS] == ["", "", ""]


def test_words_said_at_a_pick_are_kept_with_the_picture(desk: Desk, first: PickDesk) -> None:
    number = bring(desk, alt="", credit="")
    first.look(number)

    first.choose(number, image_alt="A quay", image_credit="Ada Holm")

    assert [(kept.alt, kept.credit) for kept in pictures(desk)] == [("A quay", "Ada Holm")]


@pytest.mark.parametrize("number", ["99", "x", "18446744073709551616", "-1"])
def test_picture_that_is_not_there_is_not_found(desk: Desk, first: PickDesk, number: str) -> None:
    assert first.browser.get(first.path, params={"picture": number}).status_code == 404


def test_issue_that_is_on_its_way_keeps_its_pictures(desk: Desk, first: PickDesk) -> None:
    number = bring(desk)
    first.look(number)
    desk.house.newsroom.approve(first.name)
    with desk.app.db.write() as session:
        find_issue(session, first.name).state = IssueState.SENDING

    assert first.choose(number, image_alt="Late").status_code == 403
    assert "can be read, not changed" in first.look()
    assert first.pick.image_url == ""


def test_article_s_own_picture_is_taken_in_for_its_pick(near: Desk, site: WebServer) -> None:
    first = PickDesk(near, near.signed_in(Role.CONTRIBUTOR))
    with near.app.db.write() as session:
        issue = find_issue(session, first.name)
        _, pick, article = list_picks(session, issue.id)[0]
        article.image_url, article.image_credit = site.url("/quay.jpg"), "Ada Holm"
        edit_pick(session, issue, pick, {"image_url": "https://courier.example/other.jpg"})
    page = first.look()
    assert "Take this picture in" in page
    assert "Take in the article’s own picture" in page
    assert site.asked == []

    sent = {"url": site.url("/quay.jpg"), "credit": "Ada Holm", "back": f"{first.name}/1"}
    there = first.browser.post(TAKE, **sent).headers["location"]

    [kept] = pictures(near)
    assert there == f"{first.path}?picture={kept.id}"
    assert 'name="image_credit" value="Ada Holm"' in first.browser.get(there).text


def test_failed_upload_leads_back_to_the_pick(desk: Desk, first: PickDesk) -> None:
    page = upload(first.browser, b"x", back=f"{first.name}/1").text

    assert f'href="{first.path}"' in page
    assert f'name="back" value="{first.name}/1"' in page
