"""Whatever is posted to whatever form of the desk, by whoever has signed in: an answer in words.

The routes are walked, so a new form is tested by being there; the names of fields are read out of
the templates.
"""

import re
from datetime import date

import pytest
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.assets import asset
from digest.models import Role
from digest.web.desk.pages import POLICY
from digest.web.desk.routes import ANYBODY, ROLE
from digest.web.forms import DESK_MOST
from tests.web.desk.conftest import Browser, Desk
from tests.web.desk.test_doors import routes_of

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEMPLATES = "".join(
    path.read_text(encoding="utf-8") for path in (asset("templates") / "desk").glob("*.html")
)
NAMES = sorted({*re.findall(r'\bname="([a-z_-]+)"', TEMPLATES), "was", "was-subject", "was-blurb"})
NUMBERS = ("0", "1", "2", "18446744073709551616", "-1", "x")
FIELDS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=12),
    st.sampled_from(["weekly/1:1", "weekly/1", "up", "next", *NUMBERS]) | st.text(max_size=60),
    max_size=8,
)
# What would end the session that asks, and what leaves the machine.
LEFT_OUT = {
    *("/desk/sign-out", "/desk/inbox/add/read", "/desk/sources/{source_id}/read"),
    "/desk/media/take",
    "/desk/{slug}/{number:int}/watch",
}


class Forms:
    """Every form of a desk with an issue in the making, and an operator's browser."""

    def __init__(self, desk: Desk) -> None:
        desk.house.newsroom.draft(day=date(2026, 12, 4))
        self.browser: Browser = desk.signed_in(Role.OPERATOR)
        routes = routes_of(desk)
        self.posts = [r for r in routes if "POST" in r.methods and r.path not in LEFT_OUT]
        self.looks = [r for r in routes if "GET" in r.methods]


@pytest.fixture
def forms(desk: Desk) -> Forms:
    return Forms(desk)


def filled(route: APIRoute, number: str = "1") -> str:
    path = route.path.replace("{slug}", "weekly").replace("{number}", "1").replace(":int", "")
    return re.sub(r"\{[a-z_]+\}", number, path.replace("{number}", "1"))


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[
        *(HealthCheck.too_slow, HealthCheck.data_too_large),
        HealthCheck.function_scoped_fixture,  # one desk for all: what was posted before stays
    ],
)
@given(data=st.data(), fields=FIELDS)
def test_any_form_gets_an_answer(forms: Forms, data: st.DataObject, fields) -> None:
    route = data.draw(st.sampled_from(forms.posts))
    path = filled(route, data.draw(st.sampled_from(NUMBERS)))
    htmx = {"HX-Request": "true"} if data.draw(st.booleans()) else {}

    posted = {**fields, "token": forms.browser.token}
    answer = forms.browser.client.post(path, data=posted, headers=htmx)

    assert answer.status_code < 500, (path, posted)
    assert answer.headers.get("location", "/desk").startswith("/desk")


def test_every_page_is_guarded(forms: Forms) -> None:
    for route in forms.looks:
        for number in NUMBERS:
            answer = forms.browser.get(filled(route, number))
            assert answer.status_code < 500, (route.path, number)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe-eval" not in answer.headers["content-security-policy"]
            html = answer.headers.get("content-type", "").startswith("text/html")
            if html and "sandbox" not in answer.headers["content-security-policy"]:
                assert answer.headers["content-security-policy"] == POLICY
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["x-frame-options"] == "DENY"


def test_query_of_a_page_breaks_nothing(forms: Forms) -> None:
    odd = ["1", "-1", "18446744073709551616", "x", "\0", "'", "a" * 3_000, "é", "2026-13-40"]
    names = ["kept", "source", "search", "before", "place", "open", "edition", "look", "after"]
    for route in forms.looks:
        for name in [*names, "url"]:
            for value in odd:
                answer = forms.browser.get(filled(route), params={name: value})
                assert answer.status_code < 500, (route.path, name, value)


def test_long_body_is_refused_everywhere(forms: Forms) -> None:
    body = b"a=" + b"x" * DESK_MOST
    for route in forms.posts:
        answer = forms.browser.client.post(filled(route), content=body, headers=FORM)
        assert answer.status_code == 413, route.path


def test_json_is_taken_by_no_form(forms: Forms) -> None:
    for route in forms.posts:
        token = {"X-Desk-Token": forms.browser.token}
        path, body = filled(route), {"token": forms.browser.token, "address": "a@example.org"}
        answer = forms.browser.client.post(path, json=body, headers=token)
        role = (route.openapi_extra or {})[ROLE]
        assert answer.status_code in ({415} if role == ANYBODY else {400, 403, 404, 415}), path


@pytest.mark.parametrize("number", ["0", "x", "-1", "18446744073709551616"])
def test_number_that_cannot_be_one_gets_a_page_of_the_desk(forms: Forms, number: str) -> None:
    for path in (f"/desk/weekly/{number}/schedule", f"/desk/media/picture/{number}"):
        answer = forms.browser.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-security-policy"] == POLICY
