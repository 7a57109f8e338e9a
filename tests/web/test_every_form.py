"""Whatever is posted to whatever public page: an answer in words, never a failure of ours, and
nothing a stranger may not do.

The routes are walked, so a new form is tested by being there; the names of fields are read out of
the templates.
"""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.assets import asset
from digest.tokens import Purpose
from digest.web.app import create_web
from digest.web.forms import BODY_MOST

ANNA = "anna@example.org"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEMPLATES = "".join(
    path.read_text(encoding="utf-8") for path in (asset("templates") / "web").glob("*.html")
)
NAMES = sorted(set(re.findall(r'\bname="([a-z_]+)"', TEMPLATES)))
VALUES = sorted(set(re.findall(r'\bvalue="([a-z0-9-]+)"', TEMPLATES)))
FIELDS = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=12),
    st.sampled_from(VALUES) | st.text(max_size=60) | st.just(ANNA) | st.dates().map(str),
    max_size=8,
)


def posting_routes(web: FastAPI) -> list[str]:
    return sorted(route.path for route in walk(web) if "POST" in (route.methods or ()))


def walk(router: Any) -> Iterator[APIRoute]:
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from walk(inner)
        elif isinstance(route, APIRoute):
            yield route


class Forms:
    """The application in this process, and every path of it that takes a form."""

    def __init__(self, house: Any) -> None:
        self.app = house.app
        self.web = create_web(house.app)
        self.keys = self._keys(house)
        self.paths = [path for route in posting_routes(self.web) for path in self._filled(route)]
        # The desk is closed to strangers; tests/web/desk walks its routes.
        self.paths = [path for path in self.paths if not path.startswith("/desk")]

    def _keys(self, house: Any) -> list[str]:
        """Return a valid key of every purpose for a reader's subscription."""
        public_id, soon = house.public_id(ANNA), self.app.clock.now() + timedelta(hours=1)
        signer = self.app.signer
        lasting = [signer.sign(purpose, public_id) for purpose in Purpose]
        return lasting + [signer.sign_until(purpose, public_id, soon) for purpose in Purpose]

    def _filled(self, route: str) -> list[str]:
        whole = route.replace("{slug}", "weekly").replace("{public_id}", "a" * 20)
        if "{token}" not in whole:
            return [whole]
        return [whole.replace("{token}", key) for key in self.keys]

    def post(self, path: str, **body: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.web)
            async with httpx.AsyncClient(transport=transport, base_url="http://pages") as client:
                return await client.post(path, **body)

        with ThreadPoolExecutor(1) as threads:  # a browser may keep a loop on this one
            return threads.submit(asyncio.run, ask()).result()


@pytest.fixture(scope="module")
def forms(shared_house) -> Forms:
    return Forms(shared_house)


@settings(
    max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(data=st.data(), fields=FIELDS)
def test_any_form_gets_an_answer(forms: Forms, data: st.DataObject, fields) -> None:
    path = data.draw(st.sampled_from(forms.paths))
    if data.draw(st.booleans()):
        fields |= {"key": data.draw(st.sampled_from(forms.keys))}

    answer = forms.post(path, data=fields)

    assert answer.status_code < 500
    assert not {"location", "set-cookie"} & set(answer.headers)
    assert "script-src" not in answer.headers["content-security-policy"]


def test_long_body_is_refused_everywhere(forms: Forms) -> None:
    body = b"a=" + b"x" * BODY_MOST

    answers = {
        path: forms.post(path, content=body, headers=FORM).status_code for path in forms.paths
    }

    assert set(answers.values()) == {413}


def test_json_is_taken_by_no_form_but_the_one_click(forms: Forms) -> None:
    others = [path for path in forms.paths if not path.startswith(("/u/", "/later/"))]

    answers = {path: forms.post(path, json={"address": ANNA}) for path in others}

    assert {path for path, answer in answers.items() if answer.status_code != 415} == set()
