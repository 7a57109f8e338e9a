"""Signing up: what the page says, what a form must be, and that no answer tells whom we know."""

import re
from datetime import date, timedelta
from hashlib import sha256
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select

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
from digest.scheduler import tick_once
from digest.subscribers.suppression import suppress
from digest.tokens import Purpose
from digest.web.reader.front import offered_at
from digest.web.reader.signup import TRAP

FRIDAY = date(2026, 11, 27)
ANNA = "anna@example.org"
BEN = "ben@example.org"
NEW = "nora@example.net"
SCHEDULE = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
WATCHED = SCHEDULE + (
    '\n[newsletters.signup]\nwatched_providers = ["post.example"]\nadvice = "Go abroad."\n'
)


def stamp_in(page: str) -> str:
    found = re.search(r'name="stamp" value="([^"]+)"', page)
    assert found
    return unescape(found[1])


def fresh_stamp(house) -> str:
    """Open the page and let a moment pass, as people do."""
    stamp = stamp_in(house.client.get("/n/weekly").text)
    house.app.clock.advance(timedelta(seconds=3))
    return stamp


def many_stamps(house) -> list[str]:
    """Return a thousand good stamps, as a thousand visits would bring."""
    signer, now = house.app.signer, house.app.clock.now()
    shown = signer.read_until(Purpose.FORM, fresh_stamp(house), now)
    return [signer.sign_until(Purpose.FORM, shown.public_id, shown.until) for _ in range(1000)]


def post(house, address: str, **fields: str):
    fields = {
        "address": address,
        "stamp": fields.pop("stamp", None) or fresh_stamp(house),
        **fields,
    }
    return house.client.post("/n/weekly", data=fields)


def count(house, table) -> int:
    with house.app.db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def told(house) -> list[str]:
    """Return the subjects of the letters in the outbox."""
    with house.app.db.read() as session:
        return list(session.scalars(select(Notice.subject).order_by(Notice.id)))


def test_page_says_what_it_is_and_when_it_comes(open_house) -> None:
    initial = SCHEDULE + '\n[newsletters.initial]\ntagline = "By <hand>"\nabout = "Of & for all."\n'
    with open_house(more={SCHEDULE: initial}) as house:
        page = house.client.get("/n/weekly").text

    assert '<h1>Subscribe to <bdi lang="en">The Harbour Courier</bdi></h1>' in page
    for words in ("By &lt;hand&gt;", "Of &amp; for all.", "It is free", "Every week: Friday, 7:00"):
        assert words in page
    assert page.count("<h1") == 1
    assert "I want The Harbour Courier by e-mail once a week" in page


def test_page_speaks_the_newsletters_language(open_house) -> None:
    with open_house(more={'language = "en"': 'language = "de"'}) as house:
        page = house.client.get("/n/weekly").text

    assert "Freitag, 07:00 (UTC)" in page
    assert '<html lang="de"' in page


def test_page_without_a_sent_issue_has_no_preview(house) -> None:
    house.newsroom.approve(house.newsroom.draft(FRIDAY))

    answer = house.client.get("/n/weekly")

    assert "<iframe" not in answer.text
    assert 'class="beside"' not in answer.text
    assert "frame-src" not in answer.headers["content-security-policy"]


def test_page_shows_the_latest_issue_beside_the_form(house, run) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))

    answer = house.client.get("/n/weekly")
    [source] = re.findall(r'<iframe src="(/i/[a-z0-9]+)\?framed" title="[^"]+"', answer.text)
    issue = house.client.get(source)

    assert "frame-src 'self'; frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert f'<a href="{source}">' in answer.text
    assert "Headline 0" in issue.text
    assert issue.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in issue.headers["content-security-policy"]


def test_browser_shows_the_issue_in_its_frame_and_takes_the_form(house, run, browser) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    context = browser.new_context(base_url=house.url, viewport={"width": 1280, "height": 900})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    context.route("https://courier.example/**", lambda route: route.fulfill(body="The story"))
    page.goto("/n/weekly")

    inside = page.frame_locator("iframe").get_by_text("Headline 0").first
    inside.wait_for(state="visible")
    trap = page.locator(f"input[name={TRAP}]").bounding_box()
    assert trap is None or trap["x"] < 0
    with context.expect_page() as outside:
        inside.click()
    assert outside.value.url == "https://courier.example/0"
    page.get_by_label("Your e-mail address").fill(NEW)
    house.app.clock.advance(timedelta(seconds=9))
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("heading", name="Look into your mailbox").wait_for()

    assert said == []
    assert count(house, ReaderRequest) == 1
    context.close()


def test_axe_finds_nothing_serious_in_any_page_of_joining(house, run, browser, axe) -> None:
    house.newsroom.ready(FRIDAY)
    run(tick_once(house.app))
    page = browser.new_page(base_url=house.url)

    for path, press in [("/", False), ("/n/weekly", False), ("/n/weekly", True)]:
        page.goto(path)
        if press:
            page.get_by_label("Your e-mail address").fill(NEW)
            page.get_by_role("button", name="Subscribe").click()
            page.get_by_role("heading", name="Press once more").wait_for()
        assert axe(page) == []
    page.close()


@pytest.mark.parametrize("path", ["/n/nothing", "/n/nothing/privacy", "/n/weekly/privacy"])
def test_what_there_is_not_gets_the_lost_page(shared_house, path: str) -> None:
    known = shared_house.client.get("/u/x")

    answer = shared_house.client.get(path)

    assert (answer.status_code, answer.content) == (404, known.content)


def test_closed_page_says_so_and_takes_nothing(open_house) -> None:
    closed = {SCHEDULE: SCHEDULE + "\n[newsletters.signup]\nopen = false\n"}
    with open_house(more=closed) as house:
        page, posted = house.client.get("/n/weekly"), post(house, NEW, stamp="x")

        assert (page.status_code, posted.status_code) == (200, 403)
        assert "No new readers" in page.text
        assert house.client.get("/").status_code == 404
        assert count(house, ReaderRequest) == 0


def test_front_page_lists_open_newsletters(house) -> None:
    page = house.client.get("/").text

    assert '<a href="/n/weekly"><bdi lang="en">The Harbour Courier</bdi></a>' in page


GUARDED = """
[[newsletters]]
slug = "letter"
name = "The Harbour Courier, guarded"
host = "post.neutral.example"
sender = { name = "Friday letter", address = "letter@neutral.example" }
relay = "main"
postal_address = "12 Quay Street, Harbour Town"
public_url = "https://pages.neutral.example"
guarded = true
guarded_names = ["Courier"]
"""


@pytest.mark.parametrize(
    ("host", "offered"),
    [("127.0.0.1", ["weekly"]), ("pages.neutral.example", []), ("[broken", []), ("", [])],
)
def test_neutral_host_lists_neither_the_guarded_nor_the_newsroom(
    open_house, host: str, offered: list[str]
) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        listed = [each.slug for each in offered_at(house.app.config, host)]
        answer = house.client.get("/", headers={"Host": host} if host else {})

    assert listed == offered
    if host:
        assert ("Harbour Courier" in answer.text) == bool(offered)


@pytest.mark.parametrize("below", ["", "/settings", "/archive", "/feed.atom"])
@pytest.mark.parametrize(
    ("slug", "host", "is_there"),
    [
        ("weekly", "127.0.0.1", True),
        ("weekly", "pages.neutral.example", False),
        ("weekly", "anything.example", False),
        ("letter", "127.0.0.1", False),
    ],
)
def test_neutral_host_and_newsroom_show_nothing_of_each_other(
    open_house, slug: str, host: str, is_there: bool, below: str
) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        answer = house.client.get(f"/n/{slug}{below}", headers={"Host": host})

    assert (answer.status_code == 200) is is_there
    assert ("Harbour Courier" in answer.text) is is_there


def test_neutral_host_shows_its_own(open_house) -> None:
    with open_house(more={SCHEDULE: SCHEDULE + GUARDED}) as house:
        answer = house.client.get("/n/letter", headers={"Host": "pages.neutral.example"})

    assert answer.status_code == 200


def test_form_keeps_one_request_with_what_was_shown(house, tmp_path) -> None:
    answer = post(house, NEW, name="Nora Ó Briain")

    assert answer.status_code == 200
    assert "Look into your mailbox" in answer.text
    with house.app.db.read() as session:
        [request] = session.scalars(select(ReaderRequest)).all()
        wording = session.get_one(ConsentText, request.text_digest).wording
        sealer = house.app.sealer
        assert sealer.open(request.address_sealed) == NEW
        assert sealer.open(request.name_sealed or b"") == "Nora Ó Briain"
        assert request.network == sealer.network("127.0.0.0/24").hex()
        assert (request.origin, request.language) == ("sign-up page", None)
    assert "The Harbour Courier by e-mail once a week" in wording


def test_policy_file_is_shown_and_kept_with_the_request(open_house, tmp_path) -> None:
    policy = tmp_path / "privacy.txt"
    shown = b"We keep <little>.\n\nAnd nothing\nfor long.\n"
    policy.write_bytes(shown)
    with open_house(more={SCHEDULE: SCHEDULE + 'privacy_file = "privacy.txt"\n'}) as house:
        page = house.client.get("/n/weekly/privacy").text
        post(house, NEW)
        policy.write_text("All new.", encoding="utf-8")
        renewed = house.client.get("/n/weekly/privacy").text

        assert '<p dir="auto">We keep &lt;little&gt;.</p>' in page
        assert '<p dir="auto">And nothing<br>for long.</p>' in page
        assert "All new." in renewed
        assert 'href="/n/weekly/privacy"' in house.client.get("/n/weekly").text
        with house.app.db.read() as session:
            [request] = session.scalars(select(ReaderRequest)).all()
            kept = session.get_one(ConsentText, request.policy_digest)
        assert kept.wording.startswith("We keep <little>.")
        assert request.policy_version == sha256(shown).hexdigest()[:12]


def test_terms_that_changed_meanwhile_are_shown_before_anything_is_kept(
    open_house, tmp_path
) -> None:
    policy = tmp_path / "privacy.txt"
    policy.write_text("Old.", encoding="utf-8")
    with open_house(more={SCHEDULE: SCHEDULE + 'privacy_file = "privacy.txt"\n'}) as house:
        stamp = fresh_stamp(house)
        policy.write_text("Newer.", encoding="utf-8")

        answer = post(house, NEW, stamp=stamp)

        assert "Press once more to finish" in answer.text
        assert count(house, ReaderRequest) == 0


def test_policy_address_is_linked_and_names_its_version(open_house) -> None:
    url = "https://courier.example/privacy"
    with open_house(more={SCHEDULE: f'{SCHEDULE}privacy_url = "{url}"\n'}) as house:
        page = house.client.get("/n/weekly").text
        post(house, NEW)

        assert f'<a href="{url}">Privacy policy</a>' in page
        assert "I agree to the privacy policy" in page
        with house.app.db.read() as session:
            [request] = session.scalars(select(ReaderRequest)).all()
        assert (request.policy_version, request.policy_digest) == (url, None)


def test_newsrooms_own_sentence_replaces_ours(open_house) -> None:
    own = SCHEDULE + '\n[newsletters.signup]\nconsent = "Send me the Courier."\n'
    with open_house(more={SCHEDULE: own}) as house:
        page = house.client.get("/n/weekly").text

        assert "Send me the Courier." in page
        assert "I want The Harbour Courier" not in page


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
    assert len(seen[0][3]) > 5


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
        while answered := answer_requests(house.app.db, house.app.correspondent, house.app.clock):
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
