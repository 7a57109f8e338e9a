"""The desk waits in threads of its own: readers are served whatever editors wait for."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from digest.models import Role
from tests.web.conftest import ANNA
from tests.web.desk.conftest import Desk

MANY = 50  # more than a process has threads for everything else


def test_readers_are_served_while_editors_wait(desk: Desk) -> None:
    browser, leave = desk.signed_in(Role.CONTRIBUTOR), desk.house.leave_link(ANNA)
    cookies = dict(browser.client.cookies)

    def wait() -> int:
        data = {"token": browser.token, "name": "Ada"}
        url = f"{desk.house.url}/desk/me/name"
        return httpx.post(url, data=data, cookies=cookies, timeout=30).status_code

    with ThreadPoolExecutor(MANY) as pool:
        with desk.app.db.write():  # nobody else can write now
            waiting = [pool.submit(wait) for _ in range(MANY)]
            time.sleep(2)
            for _ in range(5):
                assert desk.house.client.get(leave, timeout=2).status_code == 200
        assert {each.result() for each in waiting} == {303}
