"""The desk's own files: as they are, compressed where a browser takes that, and no others."""

import re

import pytest

from digest.models import Role
from digest.web.desk.static import FOLDER, KINDS
from tests.web.desk.conftest import Desk

A_PAGE_MOST = 110_000  # bytes of the board of twelve articles and of all that it loads


def test_files_come_as_they_are_or_compressed(desk: Desk) -> None:
    with desk.browser() as client:
        page = client.get("/desk/sign-in").text
        address = re.findall(r'"(/desk/static/[0-9a-f]+/desk\.css)"', page)[0]
        plain = client.get(address, headers={"Accept-Encoding": "identity"})
        small = client.get(address, headers={"Accept-Encoding": "br, gzip"})

    assert plain.content == small.content == (FOLDER / "desk.css").read_bytes()
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.num_bytes_downloaded < plain.num_bytes_downloaded / 2
    assert plain.headers["vary"] == small.headers["vary"] == "Accept-Encoding"
    assert "immutable" in plain.headers["cache-control"]


def test_board_is_small_enough_for_a_slow_line(desk: Desk) -> None:
    name = desk.house.newsroom.draft(picks=12)
    browser = desk.signed_in(Role.PUBLISHER)
    page = browser.get(f"/desk/{name}")
    files = set(re.findall(r'"(/desk/static/[^"]+\.(?:css|js|svg))"', page.text))
    assert len(files) > 4
    loaded = sum(browser.get(each).num_bytes_downloaded for each in files)
    assert page.num_bytes_downloaded + loaded < A_PAGE_MOST


@pytest.mark.parametrize("name", ["../static.py", "%2e%2e/static.py", "htmx.LICENSE", "nothing.js"])
def test_no_other_file_is_to_be_had(desk: Desk, name: str) -> None:
    with desk.browser() as client:
        assert client.get(f"/desk/static/0123456789ab/{name}").status_code == 404


def test_every_script_that_is_not_ours_has_its_licence() -> None:
    vendored = {path.name.removesuffix(".min.js") for path in FOLDER.glob("*.min.js")}
    assert vendored == {path.stem for path in FOLDER.glob("*.LICENSE")}
    assert {path.suffix for path in FOLDER.iterdir()} <= {*KINDS, ".LICENSE"}
