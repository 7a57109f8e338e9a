"""What is not there, below /desk: told on a page of the desk to who is signed in, and no other."""

import pytest

from digest.clock import FixedClock
from digest.models import Role
from digest.web.desk.pages import POLICY
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_readers import GUARDED

NOWHERE = [
    *(
        "/desk/nothing",
        "/desk/weekly/x",
        "/desk/weekly/x/picks/y",
        "/desk/weekly/-1",
        "/desk/a/b/c/d",
    ),
    *("/desk/", "/desk/readers/who/!", "/desk/readers/who/" + "a" * 25, "/desk/static/x"),
    *("/desk/weekly/1/words", "/desk/%00", "/desk/people/editor/x"),  # one is there for forms alone
]


@pytest.fixture
def operator(desk: Desk) -> Browser:
    return desk.signed_in(Role.OPERATOR, "ada")


def test_editor_stays_at_the_desk(operator: Browser) -> None:
    for path in NOWHERE:
        answer = operator.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-security-policy"] == POLICY, path
        assert "<h1>There is no such page</h1>" in answer.text, path
        assert ">Ada</a>" in answer.text  # the bar, with all its places
        assert '<a href="/desk/inbox">Inbox</a>' in answer.text


def test_form_to_nowhere_is_told_so(operator: Browser) -> None:
    answer = operator.post("/desk/weekly/x/words")
    assert answer.status_code == 404
    assert "<h1>That was not done</h1>" in answer.text


def test_strangers_get_the_page_of_every_stranger(desk: Desk) -> None:
    with desk.browser() as client:
        neutral = client.get("/nothing/of/ours").text
        for path in ("/desk/nothing", "/desk/weekly/x", "/desk/"):
            for method in ("GET", "POST", "PUT"):
                answer = client.request(method, path)
                assert (answer.status_code, answer.text) == (404, neutral), (method, path)
        assert client.get("/desk/weekly/1/words").text == neutral  # it is there for forms alone


def test_role_that_is_not_enough_is_told_on_a_page(desk: Desk) -> None:
    answer = desk.signed_in(Role.EDITOR, "bela").get("/desk/people")
    assert answer.status_code == 403
    assert "<h1>This page is for others</h1>" in answer.text
    assert "This needs the role operator; yours is editor." in answer.text
    assert ">Bela</a>" in answer.text


def test_script_that_asks_for_nothing_is_told_in_a_line(operator: Browser) -> None:
    answer = operator.get("/desk/nothing", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["hx-retarget"] == "#said"
    assert "<html" not in answer.text


def test_other_hosts_know_no_desk_where_newsletters_are_guarded(
    open_house, clock: FixedClock
) -> None:
    with open_house(more=GUARDED) as house:
        desk = Desk(house, clock)
        with desk.browsers:
            browser = desk.signed_in(Role.OPERATOR, "ada")
            answer = browser.get("/desk/nothing", headers={"Host": "neutral.example"})
            assert answer.status_code == 404
            assert "Ada" not in answer.text
