"""Who gets in, and what a request must show: walked over every route of the desk."""

import re
from datetime import timedelta
from html import escape, unescape

import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError

from digest.config.newsletter import DESK_PLACES, NewsletterConfig
from digest.editors.accounts import find_editor, set_active, set_password, set_role
from digest.editors.passwords import hash_password
from digest.editors.sessions import IDLE
from digest.models import DeskSession, Role
from digest.web.desk import PARTS
from digest.web.desk.doors import COOKIE, safe_after
from digest.web.desk.pages import PLACES, DeskPages
from digest.web.desk.routes import ANYBODY, ROLE, DeskRoutes
from tests.web.desk.conftest import PASSWORD, Desk

OPEN_TO_ANYBODY = {
    *("/desk/sign-in", "/desk/static/{digest}/{name}"),
    # The second page of signing in: a ticket in a cookie says whose password was right.
    *("/desk/sign-in/code", "/desk/sign-in/set-up"),
    # What a letter leads to: the signed link is what lets in.
    *("/desk/sign-in/mail", "/desk/sign-in/link", "/desk/sign-in/link/{token}"),
    *("/desk/invitation", "/desk/invitation/{token}"),
}


def routes_of(desk: Desk) -> list[APIRoute]:
    added = DeskRoutes(desk.app, DeskPages())
    for part in PARTS:
        part.add_routes(added)
    return [route for route in added.router.routes if isinstance(route, APIRoute)]


def filled(path: str) -> str:
    """Return a path with something in each of its places."""
    return "/".join("1" if part.startswith("{") else part for part in path.split("/"))


def role_of(route: APIRoute) -> str:
    return str((route.openapi_extra or {})[ROLE])


def test_every_route_says_which_role_it_needs(desk: Desk) -> None:
    routes = routes_of(desk)
    assert len(routes) > 4
    for route in routes:
        known = {ANYBODY, *(role.value for role in Role)}
        assert role_of(route) in known
        if role_of(route) == ANYBODY:
            assert route.path in OPEN_TO_ANYBODY


def test_nobody_gets_in_without_signing_in(desk: Desk) -> None:
    with desk.browser() as client:
        for route in routes_of(desk):
            if role_of(route) == ANYBODY:
                continue
            for method in route.methods:
                answer = client.request(method, filled(route.path))
                assert answer.status_code == 303, (method, route.path)
                assert answer.headers["location"].startswith("/desk/sign-in?after=/desk")


def test_each_role_may_what_it_may_and_no_more(desk: Desk) -> None:
    for role in Role:
        browser = desk.signed_in(role)
        for route in routes_of(desk):
            needed = role_of(route)
            if needed == ANYBODY or route.path == "/desk/sign-out":
                continue
            for method in route.methods - {"HEAD"}:
                send = browser.get if method == "GET" else browser.post
                refused = send(filled(route.path)).status_code == 403
                assert refused is not role.may(Role(needed)), (role, method, route.path)


def test_what_changes_something_needs_the_session_s_own_token(desk: Desk) -> None:
    browser, other = desk.signed_in(Role.OPERATOR), desk.signed_in(Role.OPERATOR, "other")
    for route in routes_of(desk):
        if "POST" not in route.methods or role_of(route) == ANYBODY:
            continue
        path = filled(route.path)
        for token in ("", "0" * 64, other.token):
            answer = browser.client.post(path, data={"token": token})
            assert answer.status_code == 403, path
            answer = browser.client.post(path, headers={"X-Desk-Token": token})
            assert answer.status_code == 403, path


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_are_refused_everywhere(desk: Desk, headers: dict[str, str]) -> None:
    browser = desk.signed_in(Role.OPERATOR)
    for route in routes_of(desk):
        if "POST" in route.methods:
            path, fields = filled(route.path), {"token": browser.token}
            answer = browser.client.post(path, data=fields, headers=headers)
            assert answer.status_code == 403, path


def test_no_page_is_shown_by_a_post_alone(desk: Desk) -> None:
    """A GET changes nothing: what a link could do is done by forms."""
    for route in routes_of(desk):
        assert route.methods in ({"GET", "HEAD"}, {"POST"})


def test_no_newsletter_can_be_called_as_a_place_is(desk: Desk) -> None:
    firsts = {route.path.split("/")[2] for route in routes_of(desk) if route.path.count("/") > 1}
    assert firsts - {"{slug}"} | {"static"} == DESK_PLACES
    with pytest.raises(ValidationError, match="is a place of the desk"):
        NewsletterConfig.model_validate(
            {**desk.app.config.newsletters[0].model_dump(), "slug": "media"}
        )


def test_signing_in_tells_nobody_who_works_here(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    answers = [
        desk.try_sign_in(address, "wrong password here"),
        desk.try_sign_in("nobody@gazette.example", PASSWORD),
        desk.try_sign_in("not an address", PASSWORD),
    ]
    pages = [
        answer.text.replace(typed, "")
        for answer, typed in zip(
            answers, [address, "nobody@gazette.example", "not an address"], strict=True
        )
    ]
    assert [answer.status_code for answer in answers] == [401] * 3
    assert len(set(pages)) == 1
    assert not any(COOKIE in answer.headers.get("set-cookie", "") for answer in answers)


def test_cookie_is_for_the_desk_alone(desk: Desk) -> None:
    answer = desk.try_sign_in(desk.add(Role.EDITOR))
    kept = answer.headers["set-cookie"]
    for part in ("HttpOnly", "Path=/desk", "SameSite=lax"):
        assert part in kept
    assert "Expires" not in kept
    assert "Max-Age" not in kept


def test_store_knows_no_secret(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    with desk.app.db.read() as session:
        (kept,) = session.query(DeskSession).all()
        assert browser.secret.encode() not in kept.digest
        assert len(kept.digest) == 32


@pytest.mark.parametrize("change", ["password", "role", "lock"])
def test_old_cookies_are_dead_after_a_change(desk: Desk, change: str) -> None:
    address = desk.add(Role.EDITOR)
    browsers = [desk.sign_in(address), desk.sign_in(address)]
    with desk.app.db.write() as session:
        editor = find_editor(session, desk.app.sealer, address)
        if change == "password":
            set_password(session, editor, hash_password("quite another one"))
        elif change == "role":
            set_role(session, editor, Role.PUBLISHER)
        else:
            set_active(session, editor, False)
    assert [each.get("/desk").status_code for each in browsers] == [303, 303]
    signs_in = desk.try_sign_in(address).status_code == 303
    assert signs_in is (change == "role")


def test_signing_out_ends_this_session_alone(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    here, there = desk.sign_in(address), desk.sign_in(address)
    secret = here.secret
    answer = here.post("/desk/sign-out")
    assert answer.status_code == 303
    with desk.browser() as client:
        client.cookies.set(COOKIE, secret)
        assert client.get("/desk").status_code == 303
    assert there.get("/desk").status_code == 200


def test_session_ends_for_want_of_use_and_after_its_hours(desk: Desk) -> None:
    browser = desk.signed_in(Role.EDITOR)
    for _ in range(5):
        desk.clock.advance(IDLE - timedelta(minutes=1))
        assert browser.get("/desk").status_code == 200
    desk.clock.advance(IDLE)
    assert browser.get("/desk").status_code == 303

    browser = desk.signed_in(Role.EDITOR, "again")
    for _ in range(13):
        desk.clock.advance(timedelta(hours=1))
        last = browser.get("/desk").status_code
    assert last == 303


def test_after_signing_in_one_is_where_one_wanted_to_be(desk: Desk) -> None:
    address = desk.add(Role.OPERATOR)
    with desk.browser() as client:
        sent = client.get("/desk/audit").headers["location"]
        form = client.get(sent).text
        assert 'name="after" value="/desk/audit"' in form
        fields = {"address": address, "password": PASSWORD, "after": "/desk/audit"}
        assert client.post("/desk/sign-in", data=fields).headers["location"] == "/desk/audit"


def test_bookmark_keeps_its_address_over_signing_in(desk: Desk) -> None:
    address = desk.add(Role.EDITOR)
    article = "https://evil.example/a?b=c&d=é#x"
    with desk.browser() as client:
        sent = client.get("/desk/inbox/add", params={"url": article}).headers["location"]
        assert sent.startswith("/desk/sign-in?after=/desk/inbox/add%3Furl%3Dhttps%253A%252F%252F")
        after = re.search(r'name="after" value="([^"]+)"', client.get(sent).text)
        assert after is not None
        fields = {"address": address, "password": PASSWORD, "after": unescape(after[1])}
        page = client.post("/desk/sign-in", data=fields).headers["location"]
        assert page.startswith("/desk/inbox/add?url=https%3A%2F%2Fevil.example%2Fa")
        assert f'value="{escape(article)}"' in client.get(page).text


def test_query_that_is_too_long_is_left_out(desk: Desk) -> None:
    with desk.browser() as client:
        for query in ("a" * 3_000, "&".join(f"a{number}=1" for number in range(200))):
            sent = client.get(f"/desk/inbox/add?url={query}").headers["location"]
            assert sent in ("/desk/sign-in?after=/desk", "/desk/sign-in?after=/desk/inbox/add")


@pytest.mark.parametrize(
    "path",
    ["/desk", "/desk/inbox", "/desk/inbox?search=a+b&kept=new", "/desk?x=%2F%2Fevil.example"],
)
def test_signing_in_leads_to_pages_of_the_desk(path: str) -> None:
    assert safe_after(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "https://evil.example", "/desk//evil.example/..", "/deskevil", ""),
        *("/desk/\\evil", "/desk/%0d%0aSet-Cookie", "javascript:alert(1)", "/desk?x=//evil"),
        *("//evil.example?/desk", "/desk/../evil?a=b", "/desk?a=b\r\nSet-Cookie:x", "?a=b"),
        *("/desk?a=\\evil", "/desk?a=b#c", "/desk?a=b?c", "/desk?a=é", f"/desk?a={'b' * 3_000}"),
    ],
)
def test_signing_in_leads_nowhere_else(path: str) -> None:
    assert safe_after(path) == "/desk"


def test_htmx_is_sent_to_the_sign_in_page(desk: Desk) -> None:
    with desk.browser() as client:
        answer = client.get("/desk", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/desk/sign-in"


def test_places_of_the_bar_are_those_one_may_open(desk: Desk) -> None:
    for role in Role:
        browser = desk.signed_in(role)
        page = browser.get("/desk").text
        for _name, path, needed in PLACES:
            assert (f'href="{path}"' in page) is role.may(needed)
            assert browser.get(path).status_code == (200 if role.may(needed) else 403)


def test_pages_run_no_script_but_ours(desk: Desk) -> None:
    browser = desk.signed_in(Role.OPERATOR)
    for path in ("/desk", "/desk/audit", "/desk/sign-in"):
        answer = browser.get(path)
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "no-store"
        assert " onclick=" not in answer.text
        assert "<script>" not in answer.text
