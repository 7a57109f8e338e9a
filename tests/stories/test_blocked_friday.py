"""A Friday on which the paper's own hosts are blocked where its readers live.

The issue is approved on Thursday with a list of mirrors; a probe inside the country finds out in
the night which of them open; Friday's copies lead there.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from digest.clock import FixedClock
from digest.config import mirrors_of, names_it
from digest.curation.issues import find_issue
from digest.curation.newsletters import find_newsletter, order_mirrors
from digest.mirrors import Order
from digest.models import Issue
from digest.press.approval import list_renderings
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
PAPER = "courier.example"
NAMES = ("courier", "harbour")
M1, M2 = "https://m1.example", "https://store.example/b-17"
P1, P2 = "https://p1.example", "https://p2.example"
SITE = "https://letters.neutral.example"
GUARDED = {
    'name = "The Harbour Courier"\nhost = "courier.example"': (
        'name = "The Harbour Courier"\nguarded = true\nguarded_names = ["courier", "harbour"]\n'
        f'public_url = "{SITE}"\nhost = "post.neutral.example"'
    ),
    'sender = { name = "The Harbour Courier", address = "letters@courier.example" }': (
        'sender = { name = "Weekend reading", address = "friday@post.neutral.example" }'
    ),
    'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }': (
        'schedule = { weekday = "friday", time = 07:00:00, timezone = "UTC" }\n'
        f'[[newsletters.mirrors]]\nof = "{PAPER}"\nat = ["{M1}", "{M2}"]\n'
        f'[[newsletters.mirrors]]\nof = "pages"\nat = ["{P1}", "{P2}"]\n'
    ),
}


@pytest.fixture(params=["sqlite", "postgres"])
def newsroom(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock
) -> Iterator[Newsroom]:
    url = {}
    if request.param == "postgres":
        url = {"url": request.getfixturevalue("postgres_url")}
    with open_newsroom(tmp_path, clock, more=GUARDED, **url) as opened:
        yield opened


def probed(newsroom: Newsroom, order: Order) -> None:
    mirrors = mirrors_of(newsroom.configured, SITE)
    with newsroom.app.db.write() as session:
        order_mirrors(session, find_newsletter(session, "weekly"), mirrors, order)


def copies(newsroom: Newsroom) -> list[EmailMessage]:
    return [
        message_from_bytes(raw, policy=default)  # type: ignore[misc]
        for _, raw in newsroom.backend.accepted
    ]


def parts(copy: EmailMessage) -> tuple[str, str]:
    page, text = (copy.get_body((kind,)) for kind in ("html", "plain"))
    assert page is not None
    assert text is not None
    return page.get_content(), text.get_content().replace("\r\n", "\n")


def mirrors_of_issue(newsroom: Newsroom, issue: str) -> Any:
    with newsroom.app.db.read() as session:
        return find_issue(session, issue).mirrors


def test_copies_lead_by_the_mirrors_that_a_probe_found_after_approval(
    newsroom: Newsroom, run: Callable[..., Any]
) -> None:
    newsroom.subscribe("anna@example.org", "bo@example.org")
    issue = newsroom.draft(FRIDAY)
    approved = newsroom.approve(issue)
    probed(newsroom, {PAPER: [M2], "pages": [P2]})
    newsroom.make_due(issue)

    run(tick_once(newsroom.app))

    assert mirrors_of_issue(newsroom, issue) == {PAPER: [M2, M1], "pages": [P2, P1, SITE]}
    assert len(copies(newsroom)) == 2
    for copy in copies(newsroom):
        page, text = parts(copy)
        assert f'href="{M2}/0"' in page
        assert f"\n{M2}/0\n" in text
        assert M1 not in page + text
        leave = str(copy["List-Unsubscribe"])
        assert re.match(rf"<{P2}/u/[\w.~-]+>", leave)
        assert leave[1:].partition(">")[0] in page
        second = re.search(rf"{P1}/i/\w+", text)
        assert second is not None
        assert f'href="{second[0]}"' in page
        assert SITE not in page + text
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
        assert row.approved_hash == approved.content_hash
        assert [r for r in list_renderings(session, row) if not r.mirrors] == []
    assert newsroom.state(issue) == "sent"
    assert newsroom.problems(issue) == []


def test_caught_bytes_name_no_newsroom_though_its_articles_are_on_its_own_host(
    newsroom: Newsroom, run: Callable[..., Any]
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    newsroom.make_due(issue)

    run(tick_once(newsroom.app))

    [(envelope, raw)] = newsroom.backend.accepted
    [copy] = copies(newsroom)
    links = re.findall(r"https?://[^\s\"'<>]+", "".join(parts(copy)))
    assert any(link.startswith(M1) for link in links)
    for name in NAMES:
        assert not [link for link in links if names_it(link, name)]
        assert not [h for h, value in copy.items() if names_it(f"{h} {value}", name)]
        assert not names_it(envelope.mail_from, name)
    assert PAPER.encode() not in raw


def test_order_that_changes_while_copies_leave_changes_none(
    newsroom: Newsroom, run: Callable[..., Any]
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    newsroom.app.sender.open_due_slots(newsroom.app.clock.now())

    probed(newsroom, {PAPER: [M2]})
    run(tick_once(newsroom.app))

    assert mirrors_of_issue(newsroom, issue)[PAPER] == [M1, M2]
    assert f"{M1}/0" in parts(copies(newsroom)[0])[1]


def test_without_a_probe_the_operator_s_order_holds(
    newsroom: Newsroom, run: Callable[..., Any]
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)

    run(tick_once(newsroom.app))

    assert mirrors_of_issue(newsroom, issue) == {PAPER: [M1, M2], "pages": [P1, P2, SITE]}


def test_mirror_taken_out_of_the_configuration_since_comes_last(
    tmp_path: Path, clock: FixedClock, run: Callable[..., Any]
) -> None:
    with open_newsroom(tmp_path, clock, more=GUARDED) as newsroom:
        newsroom.subscribe("anna@example.org")
        issue = newsroom.ready(FRIDAY)
    since = {**GUARDED, f'at = ["{M1}", "{M2}"]': f'at = ["https://m3.example", "{M2}"]'}

    with open_newsroom(tmp_path, clock, more=since) as newsroom:
        run(tick_once(newsroom.app))

        assert mirrors_of_issue(newsroom, issue)[PAPER] == [M2, M1]
        assert f"{M2}/0" in parts(copies(newsroom)[0])[1]


def test_issue_without_mirrors_is_frozen_without(
    tmp_path: Path, clock: FixedClock, run: Callable[..., Any]
) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.subscribe("anna@example.org")
        issue = newsroom.ready(FRIDAY)

        run(tick_once(newsroom.app))

        assert mirrors_of_issue(newsroom, issue) is None
        assert newsroom.state(issue) == "sent"


@pytest.mark.parametrize(
    "forged",
    [
        {PAPER: ["https://evil.example", M1]},
        {"pages": ["https://evil.example", P1]},
        {PAPER: []},
    ],
)
def test_address_that_nobody_approved_is_in_no_copy(
    newsroom: Newsroom, run: Callable[..., Any], forged: dict[str, list[str]]
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    newsroom.app.sender.open_due_slots(newsroom.app.clock.now())
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        session.execute(
            update(Issue)
            .where(Issue.id == row.id)
            .values(mirrors={**(row.mirrors or {}), **forged})
        )

    run(tick_once(newsroom.app))

    assert newsroom.backend.accepted == []
    assert newsroom.state(issue) == "sending"
    assert newsroom.sums(issue).open == 1
