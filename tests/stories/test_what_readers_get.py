"""One Friday, many copies: each reader's edition, sections, thanks or appeal, from one approval."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_section
from digest.curation.picks import edit_pick, list_picks, move_pick
from digest.errors import Refused
from digest.press.approval import approve
from digest.scheduler import tick_once
from digest.subscribers.choices import choose_parts, note_support
from digest.subscribers.lifecycle import find_by_address, hide_appeal
from digest.subscribers.standing import list_subscriptions
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
APPEAL = """

[newsletters.initial.appeal]
heading = "Keep us going"
text = "You can."
once = ["Once", "https://courier.example/give/once"]
monthly = ["Monthly", "https://courier.example/give/monthly"]
annual = ["Annual", "https://courier.example/give/annual"]
thanks = "You keep us going."
"""


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[Newsroom]:
    schedule = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path, clock, more={schedule: schedule + APPEAL}, **url) as opened:
        yield opened


def public_id_of(newsroom: Newsroom, address: str) -> str:
    with newsroom.app.db.read() as session:
        subscriber = find_by_address(session, newsroom.app.sealer, address)
        assert subscriber is not None
        [(_, subscription)] = list_subscriptions(session, subscriber.id)
        return subscription.public_id


def choose(newsroom: Newsroom, address: str, edition: str = "full", *without: str) -> None:
    public_id, now = public_id_of(newsroom, address), newsroom.app.clock.now()
    with newsroom.app.db.write() as session:
        choose_parts(session, public_id, edition=edition, without=without, now=now, origin="test")


def issue_with_everything(newsroom: Newsroom) -> str:
    """Draft an issue: headline 0 leads, headline 1 is there as a whole, headline 2 is opinion."""
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        (_, _, _), (_, whole, _), (_, opinion, _) = list_picks(session, row.id)
        edit_pick(session, row, whole, {"body_html": "<p>The whole of it.</p>"})
        move_pick(session, row, opinion, find_section(session, row.newsletter_id, "Opinion"), 1)
    return issue


def copies(newsroom: Newsroom) -> dict[str, tuple[str, str]]:
    """Return each reader's HTML and text on one line."""
    found = {}
    for envelope, raw in newsroom.backend.accepted:
        message = message_from_bytes(raw, policy=default)
        parts = (message.get_body((kind,)).get_content() for kind in ("html", "plain"))  # type: ignore[attr-defined]
        html, text = (" ".join(part.split()) for part in parts)
        found[envelope.rcpt_to] = (html, text)
    return found


def test_each_reader_gets_what_they_chose(newsroom: Newsroom, run) -> None:
    names = ("all", "heads", "nopinion", "short", "later", "member")
    everybody, heads, nopinion, short, later, member = (f"{n}@example.org" for n in names)
    newsroom.subscribe(everybody, heads, nopinion, short, later, member)
    choose(newsroom, heads, "headlines")
    choose(newsroom, nopinion, "full", "Opinion")
    choose(newsroom, short, "full", "whole texts")
    until = newsroom.app.clock.now() + timedelta(days=9)
    later_id, member_id = public_id_of(newsroom, later), public_id_of(newsroom, member)
    with newsroom.app.db.write() as session:
        hide_appeal(session, later_id, until)
        note_support(session, member_id, until, guarded=False)
    issue = issue_with_everything(newsroom)
    newsroom.approve(issue)
    newsroom.make_due(issue)

    run(tick_once(newsroom.app))

    shown = {
        "summary": "Summary 0.",
        "whole": "The whole of it.",
        "opinion": "Headline 2",
        "appeal": "/give/monthly",
        "thanks": "You keep us going.",
    }
    got = {
        reader: {name for name, words in shown.items() if words in html and words in text}
        for reader, (html, text) in copies(newsroom).items()
    }
    assert got == {
        everybody: {"summary", "whole", "opinion", "appeal"},
        heads: {"opinion", "appeal"},
        nopinion: {"summary", "whole", "appeal"},
        short: {"summary", "opinion", "appeal"},
        later: {"summary", "whole", "opinion"},
        member: {"summary", "whole", "opinion", "thanks"},
    }
    for reader, (html, text) in copies(newsroom).items():
        absent = set(shown) - got[reader]
        assert not [name for name in absent if shown[name] in html or shown[name] in text]
    assert newsroom.problems(issue) == []


GUARDED = {
    'name = "The Harbour Courier"\nhost = "courier.example"': (
        'name = "The Harbour Courier"\nguarded = true\n'
        'guarded_names = ["courier", "harbour"]\n'
        'public_url = "https://letters.neutral.example"\nhost = "post.neutral.example"'
    ),
    'sender = { name = "The Harbour Courier", address = "letters@courier.example" }': (
        'sender = { name = "Friday letter", address = "letters@neutral.example" }\n'
        'bounce_address = "back@neutral.example"'
    ),
}


def test_a_guarded_copy_shows_no_name_of_the_paper_where_anybody_looks(
    tmp_path: Path, clock: FixedClock, run
) -> None:
    """Headers, envelope, every link of ours: the caught bytes are searched, as they are and
    decoded.
    """
    schedule = 'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }'
    more = {**GUARDED, schedule: schedule + APPEAL}
    with open_newsroom(tmp_path, clock, more=more) as newsroom:
        newsroom.subscribe("anna@example.org", name="Anna Fox")
        issue = newsroom.draft(FRIDAY)
        with newsroom.app.db.write() as session:
            row = find_issue(session, issue)
            _, pick, _ = list_picks(session, row.id)[0]
            edit_pick(session, row, pick, {"image_url": "https://courier.example/a.jpg"})
        with pytest.raises(Refused, match=r"the link leads to courier\.example"):
            newsroom.approve(issue)
        # There are no mirrors yet: the articles stay where they are for this once.
        rules = replace(newsroom.press.rules, levels={"guarded-link": None})
        approve(
            newsroom.app.db,
            replace(newsroom.press, rules=rules),
            issue,
            newsroom.configured,
            by="test",
            clock=clock,
        )
        newsroom.make_due(issue)
        run(tick_once(newsroom.app))
        ((envelope, raw),) = newsroom.backend.accepted

    message = message_from_bytes(raw, policy=default)
    head = raw.split(b"\r\n\r\n")[0] + "".join(str(v) for v in message.values()).encode()
    assert not re.search(rb"(?i)courier|harbour", head + envelope.mail_from.encode())
    html, text = (message.get_body((k,)).get_content() for k in ("html", "plain"))  # type: ignore[attr-defined]
    links = set(re.findall(r"https?://[^\s\"'<>)]+|mailto:[^\s\"'<>)]+", html + text))
    articles = {f"https://courier.example/{number}" for number in range(3)}
    assert not [link for link in links - articles if re.search("(?i)courier|harbour", link)]
    assert "<img" not in html
    for part in (html, text):
        assert "/give/" not in part
        assert "You keep us going." not in part
        assert "anna@example.org" not in part
        assert "12 Quay Street" not in part
