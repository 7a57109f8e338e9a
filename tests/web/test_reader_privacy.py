"""What nobody may learn from a link, and what nobody may break with a form."""

from datetime import date
from email import message_from_bytes
from email.policy import default
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.person import change_person
from digest.tokens import Purpose

ANNA = "anna@example.org"
BEN = "ben@example.org"
SITE = "http://127.0.0.1:8000"
NAME = "Zebulon Quimby"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WISHES = [
    *({}, {"page": "1"}, {"do": "pause", "until": "4"}, {"do": "pause", "until": "x"}),
    *({"do": "settings"}, {"do": "support"}, {"do": "why"}, {"do": "return"}, {"do": "fresh"}),
]


def _chosen(house, address: str) -> None:
    """Give a reader a name and choices that must not show."""
    blocks = ["section 1", "whole texts"]
    house.set("parts", address, edition="headlines", **{"with": blocks})
    house.set("person", address, name=NAME, timezone="Asia/Tbilisi")


def _links_in_the_copy(house, run, address: str) -> set[str]:
    """Send an issue; return the paths of the reader's own links in the bytes that were sent."""
    house.newsroom.ready(date(2026, 11, 27))
    run(tick_once(house.app))
    [copy] = [c for e, c in house.newsroom.backend.accepted if e.rcpt_to == address]
    message = message_from_bytes(copy, policy=default)
    text = str(message["List-Unsubscribe"])
    text += " ".join(part.get_content() for part in message.walk() if not part.is_multipart())
    words = text.replace('"', " ").replace("<", " ").replace(">", " ").split()
    return {word.removeprefix(SITE) for word in words if word.startswith(SITE + "/")}


def test_no_page_of_a_mail_s_own_link_shows_name_address_or_choice(house, run) -> None:
    """Every link of a sent copy is opened and pressed in every way there is."""
    _chosen(house, ANNA)
    links = _links_in_the_copy(house, run, ANNA)
    seen = [house.client.request(method, link) for link in links for method in ("GET", "HEAD")]
    seen += [house.client.post(link, data=wish) for link in links for wish in WISHES]
    secrets = [ANNA, "anna", *NAME.split(), "Tbilisi", "Asia/"]

    assert len(links) >= 2
    assert {answer.status_code for answer in seen} <= {200, 400, 404, 405, 409, 415}
    assert not [s for s in secrets for a in seen if s in f"{a.headers}{a.text}"]


def test_pages_speak_the_reader_s_language_where_it_is_known(house) -> None:
    before = house.client.get(house.leave_link(ANNA)).text
    with house.app.db.write() as session:
        anna = find_by_address(session, house.app.sealer, ANNA)
        change_person(
            session,
            house.app.sealer,
            anna,
            name=None,
            language="ar",
            timezone=None,
            now=house.app.clock.now(),
            origin="test",
        )
    paths = [house.leave_link(ANNA), house.later_link(ANNA)]
    paths += ["/s/" + house.passing(Purpose.OPEN_SETTINGS, ANNA)]
    paths += ["/erase/" + house.passing(Purpose.ERASE, ANNA)]
    pages = [house.client.get(path).text for path in paths]
    pages += [house.set(what, ANNA).text for what in ("show", "receipt", "export")]

    assert '<html lang="en" dir="ltr">' in before
    assert ['<html lang="ar" dir="rtl">' in page for page in pages] == [True] * 7
    assert '<bdi lang="en">The Harbour Courier</bdi>' in pages[0]


def test_letters_of_the_settings_speak_the_reader_s_language(house, tmp_path) -> None:
    house.set("person", ANNA, language="de")
    house.set("erase", ANNA)

    [(_, _, text)] = house.letters()
    words = house.app.correspondent.words("de", house.newsroom.configured)
    opening = words.gettext(
        "Somebody with the settings of this subscription open asked us to erase everything we hold"
        " about you. If it was you, confirm it within an hour:\n\n{link}\n\nIt cannot be undone."
        " If it was not you, ignore this letter: nothing is erased."
    )
    assert text.startswith(opening.partition("{link}")[0])


FIELDS = (
    *("key", "newsletter", "edition", "with", "until", "date", "appeal", "name", "language"),
    *("timezone", "other_timezone", "address", "do", "reason", "back", "forget", "stamp", "page"),
)
TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            *(
                "weekly",
                "full",
                "4",
                "8",
                "date",
                "2026-12-24",
                "9999-12-31",
                "0001-01-01",
                "later",
            ),
            *("support", "de", "x-y", "Europe/Riga", "..", "a@b.example", "pause", "settings"),
            *("why", "return", "fresh", "section 1", "section " + "9" * 30, "\0", "\ud83d\ude00"),
        ]
    ),
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), st.lists(TEXT, max_size=3), max_size=8)
SETTINGS = ["show", "parts", "pause", "resume", "join", "leave", "appeal", "person", "address"]
SETTINGS += ["receipt", "receipt.json", "export", "export.json", "fresh"]


def _doors(house) -> list[str]:
    return [
        *(f"/settings/{what}" for what in (*SETTINGS, "erase")),
        *(house.leave_link(ANNA), house.later_link(ANNA), "/n/weekly/settings"),
        *("/move/x", "/s/x", "/erase/x"),
        "/s/" + house.passing(Purpose.OPEN_SETTINGS, ANNA),
    ]


@pytest.fixture(scope="module")
def doors(shared_house) -> list[str]:
    """Every public form of these pages."""
    return _doors(shared_house)


@settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data(), fields=BODIES, keyed=st.booleans())
def test_no_form_fails_whatever_is_posted(shared_house, doors, data, fields, keyed) -> None:
    door = data.draw(st.sampled_from(doors))
    if keyed:
        fields["key"] = [shared_house.passing(Purpose.SETTINGS, ANNA)]
        fields.setdefault("newsletter", ["weekly"])
    body = urlencode(fields, doseq=True, errors="surrogatepass")

    answer = shared_house.client.post(door, content=body, headers=FORM)

    assert answer.status_code < 500


@settings(max_examples=60, deadline=None)
@given(door=st.sampled_from([*SETTINGS, "erase"]), key=st.text(max_size=80), fields=BODIES)
def test_wrong_keys_are_refused_alike(shared_house, door, key, fields) -> None:
    known = shared_house.client.get("/u/x").content
    body = urlencode({**fields, "key": [key]}, doseq=True, errors="surrogatepass")

    answer = shared_house.client.post(f"/settings/{door}", content=body, headers=FORM)

    assert answer.status_code in {400, 404}
    assert answer.status_code == 400 or answer.content == known


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=300))
def test_bytes_that_are_no_form_fail_nowhere(shared_house, doors, body: bytes) -> None:
    statuses = {
        shared_house.client.post(door, content=body, headers=FORM).status_code for door in doors
    }

    assert max(statuses) < 500
