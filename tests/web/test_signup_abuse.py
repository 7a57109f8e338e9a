"""What a sign-up form must be, and that no answer tells whom we know."""

import re
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from digest.correspondence.requests import answer_requests
from digest.models import (
    ConsentText,
    Notice,
    PublicHit,
    ReaderRequest,
    SpentLink,
    Subscriber,
    SuppressionReason,
)
from digest.subscribers.suppression import suppress
from digest.tokens import Purpose
from digest.web.reader.signup import TRAP
from tests.web.signing_up import (
    ANNA,
    BEN,
    GUARDED,
    NEW,
    SCHEDULE,
    WATCHED,
    count,
    fresh_stamp,
    many_stamps,
    post,
    stamp_in,
    told,
)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_visits_change_nothing(house, method: str) -> None:
    tables = (ReaderRequest, SpentLink, PublicHit, Notice, ConsentText, Subscriber)
    before = [count(house, table) for table in tables]

    statuses = {
        house.client.request(method, path).status_code
        for path in ("/", "/n/weekly", "/n/weekly?address=a@b.example")
        for _ in range(100)
    }

    assert statuses == {200}
    assert [count(house, table) for table in tables] == before


def _no_stamp(_house) -> str:
    return "x"


def _young(house) -> str:
    stamp = stamp_in(house.client.get("/n/weekly").text)
    house.app.clock.advance(timedelta(seconds=1))
    return stamp


def _old(house) -> str:
    stamp = stamp_in(house.client.get("/n/weekly").text)
    house.app.clock.advance(timedelta(hours=24, seconds=2))
    return stamp


def _forged(house) -> str:
    return fresh_stamp(house)[:-2] + "AA"


def _others(house) -> str:
    until = house.app.clock.now() + timedelta(hours=20)
    return house.app.signer.sign_until(Purpose.FORM, "monthly", until)


def _of_another_purpose(house) -> str:
    until = house.app.clock.now() + timedelta(hours=20)
    return house.app.signer.sign_until(Purpose.CONFIRM, "weekly", until)


def _used(house) -> str:
    stamp = fresh_stamp(house)
    post(house, BEN, stamp=stamp)
    return stamp


@pytest.mark.parametrize(
    "stamp", [_no_stamp, _young, _old, _forged, _others, _of_another_purpose, _used]
)
def test_form_without_a_good_stamp_is_shown_once_more(house, stamp) -> None:
    made = stamp(house)
    before = count(house, ReaderRequest)

    answer = post(house, NEW, stamp=made, name="Nora")

    assert (answer.status_code, count(house, ReaderRequest)) == (200, before)
    assert "Press once more to finish" in answer.text
    assert f'value="{NEW}"' in answer.text
    house.app.clock.advance(timedelta(seconds=3))
    assert "Look into" in post(house, NEW, stamp=stamp_in(answer.text), name="Nora").text
    assert count(house, ReaderRequest) == before + 1


def test_filled_trap_gets_the_same_page_and_nothing_is_kept(house) -> None:
    usual = post(house, BEN)
    trapped = post(house, NEW, **{TRAP: "https://spam.example"})

    assert trapped.content == usual.content
    assert count(house, ReaderRequest) == 1


def test_trap_is_no_hidden_input_and_out_of_everyones_way(shared_house) -> None:
    page = shared_house.client.get("/n/weekly").text
    [trap] = re.findall(rf'<p class="trap"[^>]*>.*?name="{TRAP}".*?</p>', page)

    assert 'aria-hidden="true"' in trap
    assert 'type="text"' in trap
    assert 'tabindex="-1" autocomplete="off"' in trap


@pytest.mark.parametrize(
    "address", ["", "anna", "anna@", "a b@example.org", "x@y.onion", "é" * 300]
)
def test_wrong_address_is_said_beside_its_field(house, address: str) -> None:
    stamp = fresh_stamp(house)

    answer = post(house, address, stamp=stamp)

    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="address-error"' in answer.text
    assert 'role="alert" id="address-error"' in answer.text
    assert count(house, ReaderRequest) == count(house, SpentLink) == 0


def test_typed_text_comes_back_escaped(house) -> None:
    answer = post(house, '"><script>alert(1)</script>', name='"><b>')

    assert answer.status_code == 422
    assert "<script" not in answer.text
    assert "<b>" not in answer.text


def test_answer_is_the_same_whomever_it_is_about(house) -> None:
    newsroom = house.newsroom
    newsroom.subscribe("left@example.org")
    newsroom.unsubscribe("left@example.org")
    with house.app.db.write() as session:
        for address, reason in (
            ("c@example.org", SuppressionReason.COMPLAINED),
            ("b@example.org", SuppressionReason.BOUNCED),
        ):
            suppress(session, house.app.sealer, address, reason, now=house.app.clock.now())
    addresses = [NEW, ANNA, "left@example.org", "c@example.org", "b@example.org", NEW]
    post(house, "first@example.org")  # keeps the wording, once for all

    seen = [_watched_post(house, address) for address in addresses]

    assert len({(status, content) for status, content, _, _ in seen}) == 1
    assert len({tuple(sorted(headers)) for _, _, headers, _ in seen}) == 1
    assert len({tuple(statements) for *_, statements in seen}) == 1
    assert len(seen[0][3]) > 4


def _watched_post(house, address: str):
    """Post, and return the answer with the statements the database was asked meanwhile."""
    stamp, statements = fresh_stamp(house), []

    def note(_c, _cursor, statement, _parameters, _context, _many) -> None:
        statements.append(statement)

    event.listen(house.app.db.engine, "before_cursor_execute", note)
    try:
        answer = post(house, address, stamp=stamp)
    finally:
        event.remove(house.app.db.engine, "before_cursor_execute", note)
    headers = [f"{k}: {v}" for k, v in answer.headers.items() if k != "date"]
    return answer.status_code, answer.content, headers, statements


def test_thousand_forms_for_one_address_make_one_letter(open_house) -> None:
    with open_house(
        more={"[scheduler]": "[limits]\nnetwork_per_hour = 2000\n\n[scheduler]"}
    ) as house:
        stamps = many_stamps(house)

        answers = {post(house, NEW, stamp=stamp).content for stamp in stamps}
        done = 0
        app = house.app
        while answered := answer_requests(app.db, app.correspondent, app.clock, pause=0):
            done += answered

        assert (len(answers), done) == (1, 1000)
        assert told(house) == ["Please confirm your subscription"]


def test_thousand_addresses_from_one_network_meet_its_limit(house) -> None:
    stamps = many_stamps(house)

    answers = [post(house, f"n{n}@example.net", stamp=each) for n, each in enumerate(stamps)]

    assert [a.status_code for a in answers] == [200] * 60 + [429] * 940
    assert count(house, ReaderRequest) == count(house, SpentLink) == 60
    assert len({a.content for a in answers[60:]}) == 1
    assert answers[-1].headers["retry-after"] == "600"
    assert told(house) == []  # one network's flood is no alert


def test_limit_of_a_network_ends_with_the_hour(open_house) -> None:
    one = {"[scheduler]": "[limits]\nnetwork_per_hour = 1\n\n[scheduler]"}
    with open_house(more=one) as house:
        first, second = post(house, NEW).status_code, post(house, BEN).status_code
        house.app.clock.advance(timedelta(hours=1))

        assert (first, second, post(house, BEN).status_code) == (200, 429, 200)


def test_flood_from_everywhere_is_told_once_an_hour(open_house) -> None:
    more = {
        "[scheduler]": "[limits]\nall_per_hour = 2\n\n[scheduler]",
        'public_url = "http://127.0.0.1:8000"': (
            'public_url = "http://127.0.0.1:8000"\ntrusted_proxies = ["127.0.0.1/32"]'
        ),
    }
    with open_house(more=more) as house:
        statuses = [
            house.client.post(
                "/n/weekly",
                data={"address": f"n{n}@example.net", "stamp": fresh_stamp(house)},
                headers={"X-Forwarded-For": f"192.0.2.1, 198.51.{n}.7"},
            ).status_code
            for n in range(6)
        ]

        assert statuses == [200, 200, 429, 429, 429, 429]
        assert told(house) == ["The sign-up form turns visitors away"]
        house.app.clock.advance(timedelta(hours=1))
        again = [post(house, f"m{n}@example.net").status_code for n in range(4)]
        assert again == [200, 200, 429, 429]
        assert len(told(house)) == 2


@pytest.mark.parametrize("address", ["zoe@post.example", "zoe@sub.POST.example"])
def test_watched_provider_is_advised_against_before_anything_is_kept(open_house, address) -> None:
    with open_house(more={SCHEDULE: WATCHED}) as house:
        advice = post(house, address)
        kept = count(house, ReaderRequest) + count(house, SpentLink) + count(house, PublicHit)
        done = post(house, address, stamp=stamp_in(advice.text), anyway="1")

        assert "Go abroad." in advice.text
        assert "Use it anyway" in advice.text
        assert kept == 0
        assert "Look into your mailbox" in done.text
        assert count(house, ReaderRequest) == 1


@pytest.mark.parametrize("address", ["zoe@post.example.org", "zoe@outpost.example"])
def test_other_providers_are_not_advised_against(open_house, address: str) -> None:
    with open_house(more={SCHEDULE: WATCHED}) as house:
        assert "Look into your mailbox" in post(house, address).text
        assert "Go abroad." in house.client.get("/n/weekly").text


def test_guarded_page_advises_everybody(open_house) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        page = house.client.get("/n/letter", headers={"Host": "pages.neutral.example"})
        assert "a mailbox that nobody near you can open" in page.text
        assert "nobody near you" not in house.client.get("/n/weekly").text


def test_long_body_is_refused(shared_house) -> None:
    answer = shared_house.client.post("/n/weekly", data={"address": "x" * 11_000})

    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["json", "files"])
def test_other_bodies_than_forms_are_refused(house, kind: str) -> None:
    bodies = {"json": {"address": NEW, "stamp": fresh_stamp(house)}, "files": {"address": b"x"}}

    assert house.client.post("/n/weekly", **{kind: bodies[kind]}).status_code == 415
    assert count(house, ReaderRequest) == 0


FIELDS = st.sampled_from(["address", "name", "stamp", TRAP, "anyway", "x"])
TEXTS = st.one_of(
    st.text(max_size=60), st.sampled_from(["GOOD", "@", "a@b.c", "\0", "x@[127.0.0.1]"])
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(FIELDS, TEXTS, max_size=6))
def test_no_form_breaks_the_page_or_writes_what_is_no_address(shared_house, fields) -> None:
    house = shared_house
    if fields.get("stamp") == "GOOD":
        fields["stamp"] = fresh_stamp(house)
    before = count(house, ReaderRequest)

    answer = house.client.post("/n/weekly", data={"y": "", **fields})

    assert answer.status_code in {200, 422, 429}
    if answer.status_code != 200 or "Look into" not in answer.text:
        assert count(house, ReaderRequest) == before


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_page(shared_house, body: bytes) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = shared_house.client.post("/n/weekly", content=body, headers=kind)

    assert answer.status_code in {200, 400, 422}
    assert count(shared_house, Notice) == 0
