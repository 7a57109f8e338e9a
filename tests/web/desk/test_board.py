"""The board: saving field by field, two editors at once, moving, removing, undoing."""

import re
from datetime import date
from html import unescape

import pytest

from digest.curation.issues import find_issue
from digest.curation.newsletters import list_sections
from digest.curation.picks import list_picks
from digest.models import AuditEntry, BoardChange, IssueState, Role
from digest.web.desk.board_places import Column, place_asked
from tests.web.desk.conftest import Browser, Desk

HTMX = {"HX-Request": "true"}
ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea><svg onload=alert(1)>",
    "'-alert(1)-'",
    "{{ 7 * 7 }}<iframe srcdoc='<script>alert(1)</script>'>",
]


class Board:
    """The board of one issue in one editor's browser, with the forms as they were shown."""

    def __init__(self, browser: Browser, name: str) -> None:
        self.browser, self.path = browser, f"/desk/{name}"
        self.look()

    def look(self) -> str:
        """Open the board anew."""
        answer = self.browser.get(self.path)
        assert answer.status_code == 200, answer.text
        self.page = answer.text
        return self.page

    def was(self, part: str) -> dict[str, str]:
        """Return the marks of a form."""
        block = self.page.partition(f'<div id="marks-{part}"')[2].partition("</div>")[0]
        return dict(re.findall(r'name="(was-\w+)" value="(\w+)"', block))

    def save(self, part: str | int, headers: dict[str, str] | None = None, **fields: str):
        """Send some fields of a form with their marks."""
        tail = part if part == "words" else f"picks/{part}"
        data = {"token": self.browser.token, **self.was(str(part)), **fields}
        return self.browser.client.post(f"{self.path}/{tail}", data=data, headers=headers)

    def move(self, article: int, **fields: str | int):
        """Send a card's form of moving."""
        card = self.page.partition(f'id="card-{article}"')[2]
        [was] = re.findall(r'name="was" value="(\d+)"', card)[:1]
        return self.browser.post(f"{self.path}/picks/{article}/move", **{"was": was, **fields})

    def remove(self, article: int):
        """Send a card's form of removing."""
        [was] = re.findall(
            rf'id="removal-{article}" type="hidden" name="was" value="(\w+)"', self.page
        )
        return self.browser.post(f"{self.path}/picks/{article}/remove", was=was)

    def undo(self):
        """Press the button of undoing."""
        [change] = re.findall(r'name="change" value="(\d+)"', self.look())
        return self.browser.post(f"{self.path}/undo", change=change)


@pytest.fixture
def name(desk: Desk) -> str:
    return desk.house.newsroom.draft(date(2026, 12, 4))


@pytest.fixture
def ada(desk: Desk, name: str) -> Board:
    return Board(desk.signed_in(Role.EDITOR, "ada"), name)


@pytest.fixture
def bob(desk: Desk, name: str) -> Board:
    return Board(desk.signed_in(Role.EDITOR, "bob"), name)


def picks_of(desk: Desk, name: str) -> list[tuple[str, int, str]]:
    with desk.app.db.read() as session:
        rows = list_picks(session, find_issue(session, name).id)
        return [(section.heading, pick.article_id, pick.headline) for section, pick, _ in rows]


def order_of(desk: Desk, name: str) -> list[int]:
    return [article for _, article, _ in picks_of(desk, name)]


def issue_of(desk: Desk, name: str):
    with desk.app.db.read() as session:
        issue = find_issue(session, name)
        session.expunge(issue)
        return issue


def test_week_leads_to_the_board(desk: Desk, ada: Board) -> None:
    assert f'href="{ada.path}"' in ada.browser.get("/desk").text


def test_words_are_saved_in_their_shapes(desk: Desk, name: str, ada: Board) -> None:
    answer = ada.save(
        "words",
        subject="Ten  years\n on",
        topper="Dear readers,\r\n\r\nhello",
        topper_signed="The desk",
        quote="Nothing was lost.",
        quote_who="Anna",
        numbers="7 | towns\r\n12 | roads | and a bridge\n",
        appeal="no",
    )
    assert answer.status_code == 303
    issue = issue_of(desk, name)
    assert issue.subject == "Ten years on"
    assert issue.topper == {"text": "Dear readers,\n\nhello", "signed": "The desk"}
    assert issue.quote == {"text": "Nothing was lost.", "who": "Anna"}
    assert issue.numbers == [["7", "towns"], ["12", "roads | and a bridge"]]
    assert issue.appeal is False
    with desk.app.db.read() as session:
        last = session.query(AuditEntry).order_by(AuditEntry.id.desc()).first()
        assert last is not None
        assert (last.verb, last.about, last.detail["version"]) == ("edit", name, issue.version)


def test_long_words_fit(desk: Desk, name: str, ada: Board) -> None:
    text = "Слово за словом. " * 1_500
    assert ada.save("words", topper=text).status_code == 303
    assert issue_of(desk, name).topper["text"] == text.strip()


@pytest.mark.parametrize(
    ("part", "fields", "said"),
    [
        ("words", {"numbers": "seven towns"}, "figure | words"),
        ("1", {"headline": " "}, "headline"),
        ("1", {"image_url": "javascript:alert(1)"}, "image_url"),
        ("1", {"layout": "poster"}, "poster"),
    ],
)
def test_what_cannot_be_saved_is_said(
    desk: Desk, name: str, ada: Board, part: str, fields: dict[str, str], said: str
) -> None:
    before = issue_of(desk, name).version
    answer = ada.save(part, HTMX, **fields)
    assert answer.status_code == 422
    assert answer.headers["HX-Retarget"] == "#said"
    assert said in answer.text
    assert issue_of(desk, name).version == before


def test_form_without_marks_saves_nothing(desk: Desk, name: str, ada: Board) -> None:
    answer = ada.browser.post(f"{ada.path}/words", subject="Blind")
    assert answer.status_code == 422
    assert issue_of(desk, name).subject != "Blind"


def test_editors_of_different_things_do_not_conflict(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    assert ada.save(1, headline="By Ada", blurb="").status_code == 303
    assert bob.save(2, headline="By Bob").status_code == 303
    assert bob.save(1, kicker="Bob's").status_code == 303
    assert bob.save("words", preheader="Bob's line").status_code == 303
    assert ada.save("words", subject="Ada's subject").status_code == 303
    assert [headline for _, _, headline in picks_of(desk, name)][:2] == ["By Ada", "By Bob"]
    issue = issue_of(desk, name)
    assert (issue.subject, issue.preheader) == ("Ada's subject", "Bob's line")


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["scripts", "no scripts"])
def test_conflict_shows_both_versions_and_overwrites_nothing(
    desk: Desk, name: str, ada: Board, bob: Board, headers: dict[str, str]
) -> None:
    ada.save(1, headline="Theirs is here")
    version = issue_of(desk, name).version

    answer = bob.save(1, headers, headline="Mine is here", blurb="Mine too")

    assert answer.status_code == 409
    assert "Theirs is here" in answer.text
    assert "Mine is here" in answer.text
    assert answer.headers.get("HX-Retarget") == ("#clash-1" if headers else None)
    assert answer.text.count('id="said"') == 1  # with scripts it empties the page's own
    assert issue_of(desk, name).version == version
    assert picks_of(desk, name)[0][2] == "Theirs is here"

    mine = re.findall(r'<textarea name="([\w-]+)"[^>]*>\n(.*?)</textarea>', answer.text, re.S)
    taken = bob.browser.post(f"{bob.path}/picks/1", **{key: unescape(v) for key, v in mine})
    assert taken.status_code == 303
    assert picks_of(desk, name)[0][2] == "Mine is here"


def test_taking_mine_is_refused_when_a_third_version_came(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    ada.save("words", subject="First")
    answer = bob.save("words", subject="Mine")
    mine = re.findall(r'<textarea name="([\w-]+)"[^>]*>\n(.*?)</textarea>', answer.text, re.S)
    ada.look()
    ada.save("words", subject="Third")
    again = bob.browser.post(f"{bob.path}/words", **{key: unescape(v) for key, v in mine})
    assert again.status_code == 409
    assert issue_of(desk, name).subject == "Third"


def test_saving_what_is_there_already_is_no_conflict(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    ada.save("words", subject="Same")
    version = issue_of(desk, name).version
    assert bob.save("words", subject="Same").status_code == 303
    assert issue_of(desk, name).version == version


def test_autosave_answers_with_new_marks(desk: Desk, ada: Board) -> None:
    answer = ada.save(1, HTMX, headline="Once")
    assert "Saved as version" in answer.text
    ada.page = answer.text
    assert ada.save(1, HTMX, headline="Twice").status_code == 200


def test_edit_voids_the_approval_and_says_so(desk: Desk, name: str, ada: Board) -> None:
    desk.house.newsroom.approve(name)
    assert "Any change here makes the approval void" in ada.look()
    answer = ada.save(1, HTMX, blurb="New")
    assert "the approval no longer counts" in answer.text
    assert issue_of(desk, name).state is IssueState.DRAFT
    assert "the approval no longer counts" in ada.look()


def test_looking_and_saving_nothing_voids_nothing(desk: Desk, name: str, ada: Board) -> None:
    desk.house.newsroom.approve(name)
    ada.save(1)
    assert issue_of(desk, name).state is IssueState.APPROVED


def test_moves_of_the_buttons(desk: Desk, name: str, ada: Board) -> None:
    first, second, third = order_of(desk, name)
    ada.move(first, to="down")
    assert order_of(desk, name) == [second, first, third]
    ada.move(third, to="up")
    assert order_of(desk, name) == [second, third, first]
    version = issue_of(desk, name).version
    ada.move(second, to="up")
    assert issue_of(desk, name).version == version, "it is at the top already"


def test_move_to_another_section_and_back_by_undo(desk: Desk, name: str, ada: Board) -> None:
    before = picks_of(desk, name)
    [first, *_] = order_of(desk, name)
    with desk.app.db.read() as session:
        sections = list_sections(session, issue_of(desk, name).newsletter_id)
        headings = [section.heading for section in sections]
    to = "next" if headings.index(before[0][0]) + 1 < len(headings) else "previous"
    assert ada.move(first, to=to).status_code == 303
    assert {heading for heading, article, _ in picks_of(desk, name) if article == first} != {
        before[0][0]
    }
    assert ada.undo().status_code == 303
    assert picks_of(desk, name) == before


def test_drop_is_refused_when_the_card_is_elsewhere_by_now(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    [first, *_] = order_of(desk, name)
    assert ada.move(first, was="999", to="down").status_code == 409


def test_removing_and_undoing_gives_all_words_back(desk: Desk, name: str, ada: Board) -> None:
    ada.save(2, headline="Kept words", kicker="K", image_alt="Alt")
    before = ada.look()
    shown = picks_of(desk, name)
    assert ada.remove(2).status_code == 303
    assert 2 not in order_of(desk, name)
    assert ada.undo().status_code == 303
    assert picks_of(desk, name) == shown
    ada.look()
    assert ada.was("2") == Board.was(_seen(ada, before), "2")


def _seen(board: Board, page: str) -> Board:
    seen = object.__new__(Board)
    seen.page = page
    return seen


def test_removing_is_refused_when_somebody_worked_on_it(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    bob.save(2, blurb="An hour of work")
    assert ada.remove(2).status_code == 409
    assert 2 in order_of(desk, name)


def test_undo_goes_back_step_by_step_of_one_s_own(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    subject = issue_of(desk, name).subject
    ada.save("words", subject="One")
    ada.look()
    ada.save(1, headline="Two")
    bob.save(2, headline="Bob's")
    assert ada.undo().status_code == 303
    assert ada.undo().status_code == 303
    assert issue_of(desk, name).subject == subject
    headlines = [headline for _, _, headline in picks_of(desk, name)]
    assert "Two" not in headlines
    assert "Bob's" in headlines
    assert 'id="undo"' not in ada.look()


def test_undo_is_refused_and_forgotten_when_somebody_changed_the_same(
    desk: Desk, name: str, ada: Board, bob: Board
) -> None:
    ada.save(1, headline="Ada's")
    bob.look()
    bob.save(1, headline="Bob's")
    assert ada.undo().status_code == 409
    assert picks_of(desk, name)[0][2] == "Bob's"
    assert 'id="undo"' not in ada.look()


def test_undo_of_something_else_than_shown_is_refused(desk: Desk, name: str, ada: Board) -> None:
    ada.save(1, headline="First")
    ada.save(2, headline="Second")
    assert ada.browser.post(f"{ada.path}/undo", change="1").status_code == 409
    with desk.app.db.read() as session:
        assert session.query(BoardChange).count() == 2


def test_issue_that_was_given_up_is_only_read(desk: Desk, name: str, ada: Board) -> None:
    from digest.curation.issues import cancel_issue

    with desk.app.db.write() as session:
        cancel_issue(session, find_issue(session, name))
    assert ada.save(1, headline="Late").status_code == 403
    page = ada.look()
    assert "not changed" in page
    assert "<button>Save" not in page


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_words_are_shown_and_do_nothing(
    desk: Desk, name: str, ada: Board, bob: Board, attack: str
) -> None:
    ada.save(1, headline=attack, blurb=attack, kicker=attack)
    ada.save("words", subject=attack, topper=attack)
    pages = [
        ada.look(),
        bob.save(1, headline=f"{attack}!").text,
        ada.save(1, HTMX, byline="x").text,
    ]
    for page in pages:
        for harm in ("<script>alert", "<img src=x", "<svg", "<iframe"):
            assert harm not in page
    assert pages[0].count("<script") == pages[0].count("defer></script>")


@pytest.mark.parametrize(
    ("to", "section", "before", "place"),
    [
        ("up", "", "", (1, 1)),
        ("down", "", "", (1, 3)),
        ("previous", "", "", (1, 2)),
        ("next", "", "", (2, 2)),
        ("", "2", "", (2, 2)),
        ("", "2", "40", (2, 1)),
        ("", "1", "10", (1, 1)),
        ("", "1", "30", (1, 2)),
    ],
)
def test_places(to: str, section: str, before: str, place: tuple[int, int]) -> None:
    columns = [Column(1, "A", [10, 20, 30]), Column(2, "B", [40])]
    assert place_asked(columns, 20, to, section, before) == place
