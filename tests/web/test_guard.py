"""Every answer has its headers, and what nobody foresaw gives a plain page and a silent log."""

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from digest.web.app import create_web
from digest.web.guard import describe

ANNA = "anna@example.org"
HEADERS = {
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
}


def _break_store(house) -> None:
    with house.app.db.alter() as connection:
        connection.execute(text("DROP TABLE subscriptions"))


def _assert_guarded(answer, *, public: bool = False) -> None:
    """A public page may be kept and found; every other rule holds for it too."""
    wanted = HEADERS.keys() - ({"cache-control", "x-robots-tag"} if public else set())
    assert {name: answer.headers.get(name) for name in wanted} == {n: HEADERS[n] for n in wanted}
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [word for word in ("script-src", "unsafe-eval", "*") if word in policy]
    assert not {"location", "set-cookie", "server"} & set(answer.headers)


def _every_request(house) -> list[tuple[str, str]]:
    """Every method of every route, with a link that is valid and with one that is not."""
    paths: dict[str, list[str]] = {
        "/u/{token}": [house.leave_link(ANNA), "/u/x"],
        "/later/{token}": [house.later_link(ANNA), "/later/x"],
        "/c/{token}": ["/c/x"],
        "/i/{public_id}": ["/i/aaaaaaaaaaaaaaaaaaaa"],
        "/n/{slug}": ["/n/weekly", "/n/nothing"],
    }
    routes = [
        route
        for route in _routes(create_web(house.app))
        if isinstance(route, APIRoute) and not route.path.startswith("/desk")  # tests/web/desk
    ]
    return [
        (method, path)
        for route in routes
        for method in (*sorted(route.methods), "OPTIONS", "DELETE")
        for path in paths.get(route.path, [_filled(route.path)])
    ]


def _filled(path: str) -> str:
    return path.replace("{slug}", "weekly").replace("{number}", "1").replace("{token}", "x")


def _routes(router) -> list:
    found = []
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        found += _routes(inner) if inner is not None else [route]
    return found


def test_every_route_answers_with_the_headers(house) -> None:
    requests = _every_request(house)
    assert {path.split("/")[1] for _, path in requests} == {
        *("", "n", "c", "u", "later", "s", "settings", "move", "erase", "ready"),
        *("i", "own-copy", "health", "pictures"),
    }

    for method, path in requests:
        answer = house.client.request(method, path)

        _assert_guarded(answer, public="/archive" in path or path.endswith("feed.atom"))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("POST", "/", 405),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "//example.org/nothing", 404),
        ("DELETE", "/own-copy", 405),
        ("POST", "/health/", 404),
    ],
)
def test_errors_have_the_headers_too(shared_house, method: str, path: str, status: int) -> None:
    answer = shared_house.client.request(method, path)

    assert answer.status_code == status
    _assert_guarded(answer)


def test_body_that_is_too_long_has_the_headers_too(shared_house) -> None:
    _assert_guarded(shared_house.client.post(shared_house.leave_link(ANNA), content=b"x" * 20_000))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_unforeseen_failure_gives_a_plain_page(house, method: str) -> None:
    link = house.leave_link(ANNA)
    _break_store(house)

    answer = house.client.request(method, link)

    assert answer.status_code == 500
    _assert_guarded(answer)
    assert not [word for word in ("SELECT", "Error", "Traceback") if word in answer.text]
    assert ("<h1>Something went wrong</h1>" in answer.text) == (method != "HEAD")


def test_unforeseen_failure_is_logged_by_kind_and_place_only(house, logged) -> None:
    link, public_id = house.leave_link(ANNA), house.public_id(ANNA)
    _break_store(house)

    house.client.post(link)

    [line] = [line for line in logged if line.startswith("ERROR")]
    assert line.startswith("ERROR digest.web.guard a page failed: OperationalError at ")
    assert " < lifecycle.py:" in line
    assert " < leave.py:" in line
    assert not [secret for secret in (public_id, link, "SELECT") if secret in " ".join(logged)]


def test_description_leaves_the_message_out() -> None:
    with pytest.raises(ValueError, match="anna") as raised:
        raise ValueError("anna@example.org is not a number")

    assert describe(raised.value).startswith("ValueError at test_guard.py:")
    assert "anna" not in describe(raised.value)


def test_server_goes_on_after_a_failure(house) -> None:
    link = house.leave_link(ANNA)
    _break_store(house)
    house.client.get(link)

    assert house.client.get("/own-copy").status_code == 200
