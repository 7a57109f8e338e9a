"""The form on a newsroom's own website: another origin, a real browser, scripts on and off."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from digest.cli.signup_form import signup_form
from digest.rendering.catalogues import Catalogues
from digest.scheduler import tick_once
from digest.testing.web import WebServer, answer

NORA = "nora@example.net"
SITE = """<!doctype html><html lang="en"><head><title>The Gazette</title>
<meta name="referrer" content="{referrer}"></head><body><h1>The Gazette</h1>{form}</body></html>"""


@pytest.mark.parametrize("scripts", [False, True])
@pytest.mark.parametrize("referrer", ["unsafe-url", "no-referrer"])
def test_form_on_another_site_subscribes_after_one_more_press(
    house, browser: Browser, run, scripts: bool, referrer: str
) -> None:
    form = signup_form(house.newsroom.configured, house.url, Catalogues().words("en"))
    gazette = WebServer()
    html = SITE.format(form=form, referrer=referrer).encode()
    gazette.answers["/"] = answer(body=html, Content_Type="text/html; charset=utf-8")
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()

    page.goto(gazette.url("/", host="localhost"))
    page.fill("input[name=address]", NORA)
    page.get_by_role("button").click()
    assert page.url.startswith(house.url)
    assert page.input_value("input[name=address]") == NORA
    assert house.letters() == []
    house.app.clock.advance(timedelta(seconds=20))
    page.get_by_role("button").click()
    run(tick_once(house.app))

    assert house.state(NORA) == "pending"
    assert [kind for kind, address, _ in house.letters() if address == NORA] == ["confirm"]
    context.close()
    gazette.close()
