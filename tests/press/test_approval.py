"""Approval binds an issue to exact bytes; Friday sends those bytes or nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from digest.app import open_app
from digest.blocks import EDITIONS
from digest.clock import FixedClock
from digest.curation.issues import edit_issue, find_issue, move_issue
from digest.curation.picks import find_pick, move_pick
from digest.errors import BadInput, Conflict, Refused, RenderingFailed
from digest.models import Issue, IssueState, Section, Slot, StoredRendering
from digest.press.approval import Approved, approve, find_voided, list_renderings
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.fingerprint import issue_hash
from digest.rendering.issue import Rendering
from digest.rendering.stored import OFFLINE
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom

FRIDAY = date(2026, 11, 27)


def stored(newsroom: Newsroom) -> list[StoredRendering]:
    """Return every stored rendering."""
    with newsroom.app.db.read() as session:
        return list(session.scalars(select(StoredRendering).order_by(StoredRendering.id)))


def issue_of(newsroom: Newsroom, reference: str) -> Issue:
    """Return an issue as the database has it now."""
    with newsroom.app.db.read() as session:
        return find_issue(session, reference)


def approve_with(newsroom: Newsroom, issue: str, compile_source: Callable[[str], str]) -> Approved:
    """Approve with a compiler of the test's own."""
    app = newsroom.app
    return approve(
        app.db,
        replace(newsroom.press, compile_mjml=compile_source),
        issue,
        app.config.newsletter("weekly"),
        by="test",
        clock=app.clock,
    )


def edit(newsroom: Newsroom, issue: str, **changes: object) -> None:
    """Change an issue's texts, as an editor does."""
    with newsroom.app.db.write() as session:
        edit_issue(session, find_issue(session, issue), changes)


def test_approval_stores_bytes_that_hash_to_what_was_approved(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    approved = newsroom.approve(issue)

    renderings = [Rendering.from_bytes(row.document) for row in stored(newsroom)]
    assert (
        approved.content_hash == issue_hash(renderings) == issue_of(newsroom, issue).approved_hash
    )
    assert [row.content_hash for row in stored(newsroom)] == [r.content_hash for r in renderings]


def test_approval_says_who_when_and_how_large(newsroom: Newsroom, clock: FixedClock) -> None:
    issue = newsroom.draft(FRIDAY)

    approved = newsroom.approve(issue)

    row = issue_of(newsroom, issue)
    assert (row.state, row.approved_by, row.approved_at) == (
        *(IssueState.APPROVED, "test", clock.now()),
    )
    assert approved.number == 1
    assert 5_000 < approved.html_bytes < 102_000


def test_same_content_has_the_same_hash_again(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    hashes = {newsroom.approve(issue).content_hash for _ in range(2)}

    assert len(hashes) == 1
    assert [row.edition for row in stored(newsroom)] == [*EDITIONS, OFFLINE]


def test_edit_back_to_the_same_words_has_the_same_hash(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    before = newsroom.approve(issue).content_hash
    edit(newsroom, issue, subject="Something else")
    edit(newsroom, issue, subject="Issue 1")

    assert newsroom.approve(issue).content_hash == before


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x"},
        {"preheader": "x"},
        {"topper": {"text": "x"}},
        {"quote": {"text": "x"}},
        {"numbers": [["1", "x"]]},
    ],
)
def test_every_text_is_inside_the_hash(newsroom: Newsroom, changes: dict[str, object]) -> None:
    issue = newsroom.draft(FRIDAY)
    before = newsroom.approve(issue).content_hash

    edit(newsroom, issue, **changes)

    assert newsroom.approve(issue).content_hash != before


def test_order_of_picks_is_inside_the_hash(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    before = newsroom.approve(issue).content_hash

    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        pick = find_pick(session, row, 3)
        move_pick(session, row, pick, session.get_one(Section, pick.section_id), 1)

    assert newsroom.approve(issue).content_hash != before


def test_edit_during_the_compile_is_a_conflict_and_stores_nothing(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    def slow_compile(source: str) -> str:
        edit(newsroom, issue, subject="Faster")
        return compile_mjml(source)

    with pytest.raises(Conflict, match="approve it again"):
        approve_with(newsroom, issue, slow_compile)
    assert stored(newsroom) == []
    assert issue_of(newsroom, issue).state is IssueState.DRAFT


def test_lost_race_keeps_the_winner_s_approval(newsroom: Newsroom) -> None:
    """An editor changes and approves while another's compile of the old words is under way."""
    issue = newsroom.draft(FRIDAY)

    def overtaken(source: str) -> str:
        edit(newsroom, issue, subject="Faster")
        newsroom.approve(issue)
        return compile_mjml(source)

    with pytest.raises(Conflict):
        approve_with(newsroom, issue, overtaken)
    assert {Rendering.from_bytes(row.document).subject for row in stored(newsroom)} == {"Faster"}
    assert issue_of(newsroom, issue).state is IssueState.APPROVED


def test_edited_issue_has_no_renderings_of_its_version(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    edit(newsroom, issue, subject="Later")

    with newsroom.app.db.read() as session:
        assert list_renderings(session, find_issue(session, issue)) == []


def test_edit_leaves_word_of_what_was_approved(newsroom: Newsroom, clock: FixedClock) -> None:
    issue = newsroom.draft(FRIDAY)
    approved = newsroom.approve(issue)
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        then = row.version
        assert find_voided(session, row) is None
        edit_issue(session, row, {"preheader": "Another line"})
        edit_issue(session, row, {"preheader": "Yet another"})

        voided = find_voided(session, row)

    assert voided is not None
    assert (voided.version, voided.since) == (then, then + 1)
    assert (voided.content_hash, voided.at) == (approved.content_hash, clock.now())
    assert voided.by == "test"


def test_draft_that_nobody_approved_has_nothing_void(newsroom: Newsroom) -> None:
    with newsroom.app.db.read() as session:
        assert find_voided(session, find_issue(session, newsroom.draft(FRIDAY))) is None


def test_approval_writes_nothing_to_the_issue_s_words(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)
    before = issue_of(newsroom, issue)

    newsroom.approve(issue)

    after = issue_of(newsroom, issue)
    assert (after.version, after.subject, after.topper) == (
        *(before.version, before.subject, before.topper),
    )


def test_rendering_a_draft_writes_nothing(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY)

    renderings = newsroom.render(issue)

    assert stored(newsroom) == []
    assert issue_hash(renderings) == newsroom.approve(issue).content_hash


@pytest.mark.parametrize(
    ("texts", "picks", "words"),
    [
        ({"subject": ""}, 2, "number 1 has no subject yet"),
        ({"subject": "   "}, 2, "number 1 has no subject yet"),
        ({}, 0, "number 1 has no picks yet"),
    ],
)
def test_unready_issue_is_refused(
    newsroom: Newsroom, texts: dict[str, str], picks: int, words: str
) -> None:
    issue = newsroom.draft(FRIDAY, picks=picks, **texts)

    with pytest.raises(Refused, match=words):
        newsroom.approve(issue)
    assert issue_of(newsroom, issue).state is IssueState.DRAFT


@pytest.mark.parametrize("state", [IssueState.SENDING, IssueState.CANCELLED])
def test_closed_issue_is_refused_before_anything_is_compiled(
    newsroom: Newsroom, state: IssueState
) -> None:
    issue = newsroom.draft(FRIDAY)
    newsroom.approve(issue)
    with newsroom.app.db.write() as session:
        move_issue(session, find_issue(session, issue).id, to=state)

    with pytest.raises(Refused, match=f"number 1 is {state} and cannot be approved"):
        approve_with(newsroom, issue, _never)
    assert [row.edition for row in stored(newsroom)] == [*EDITIONS, OFFLINE]


def _never(_source: str) -> str:
    raise AssertionError("compiled")


def test_what_cannot_be_mailed_is_refused_at_approval(newsroom: Newsroom) -> None:
    """A subject stored past our checks, with a line break that would forge a header."""
    issue = newsroom.draft(FRIDAY)
    with newsroom.app.db.write() as session:
        session.execute(update(Issue).values(subject="Fog\r\nBcc: all@example.org"))

    with pytest.raises(BadInput, match="Subject: control characters"):
        newsroom.approve(issue)
    assert stored(newsroom) == []


def test_mail_that_mail_programs_cut_off_is_refused_at_approval(newsroom: Newsroom) -> None:
    issue = newsroom.draft(FRIDAY, topper={"text": "The harbour sang. " * 6_000})

    with pytest.raises(Refused, match=r"bytes of HTML, and mail programs .* \[html-too-large\]"):
        newsroom.approve(issue)
    assert stored(newsroom) == []


@pytest.mark.parametrize(
    ("name", "source", "words"),
    [
        ("issue.mjml.j2", "<mjml>\n{% if %}", r"template issue\.mjml\.j2, line 2"),
        ("issue.mjml.j2", "<mjml>\n\n{{ weather }}", r"issue\.mjml\.j2, line 3: 'weather' is und"),
        ("issue.txt.j2", "{{ view.weather }}", r"issue\.txt\.j2, line 1"),
        ("_footer.mjml.j2", "\n{{ 1 / 0 }}", r"_footer\.mjml\.j2, line 2: division by zero"),
        (
            "issue.mjml.j2",
            "<mjml><mj-body>\n</mj-section></mjml>",
            "template issue.mjml.j2, line 2: </mj-section>",
        ),
        ("issue.mjml.j2", "<mjml><mj-body>", r"<mj-body> is never closed"),
        ("issue.mjml.j2", "<mjml><mj-body></mj-body></mjml>", "no unsubscribe_url"),
    ],
)
def test_broken_template_is_named_and_nothing_is_lost(
    newsroom: Newsroom, own_templates: Path, name: str, source: str, words: str
) -> None:
    issue = newsroom.draft(FRIDAY)
    before = issue_of(newsroom, issue)
    (own_templates / name).write_text(source)

    with pytest.raises(RenderingFailed, match=words):
        newsroom.approve(issue)
    after = issue_of(newsroom, issue)
    assert stored(newsroom) == []
    assert (after.state, after.version, after.subject) == (
        *(IssueState.DRAFT, before.version, before.subject),
    )


def test_newsroom_s_own_template_wins(newsroom: Newsroom, own_templates: Path) -> None:
    shipped = (newsroom.app.templates, newsroom.draft(FRIDAY))
    (own_templates / "_quote.mjml.j2").write_text("<mj-raw>our quote</mj-raw>")
    edit(newsroom, shipped[1], quote={"text": "said"})

    newsroom.approve(shipped[1])

    assert "our quote" in stored(newsroom)[0].document.decode()


def test_failed_approval_of_an_approved_issue_keeps_the_approval(
    newsroom: Newsroom, own_templates: Path, run
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    (own_templates / "issue.mjml.j2").write_text("{{ weather }}")
    with another_process(newsroom) as later, pytest.raises(RenderingFailed):
        later.approve(issue)

    run(tick_once(newsroom.app))

    assert newsroom.state(issue) == "sent"


def test_friday_sends_what_was_approved_before_the_templates_broke(
    newsroom: Newsroom, own_templates: Path, run
) -> None:
    newsroom.subscribe("anna@example.org")
    newsroom.ready(FRIDAY, preheader="Approved words")
    (own_templates / "issue.mjml.j2").write_text("{{ weather }}")
    (own_templates / "issue.txt.j2").write_text("{{ weather }}")

    with another_process(newsroom) as friday:
        run(tick_once(friday.app))

        [(_, copy)] = friday.backend.accepted
    assert "Approved words" in _body(copy, "html")


@contextmanager
def another_process(newsroom: Newsroom) -> Iterator[Newsroom]:
    """Open the same instance afresh, as Friday's process does; it has no template in memory."""
    with open_app(newsroom.app.path, clock=newsroom.app.clock) as app:
        yield Newsroom(app)


def _body(copy: bytes, kind: str) -> str:
    part = message_from_bytes(copy, policy=default).get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_friday_opens_no_template_and_starts_no_process(newsroom: Newsroom, run) -> None:
    newsroom.subscribe("anna@example.org")
    newsroom.ready(FRIDAY)

    with another_process(newsroom) as friday:
        with _noticed() as events:
            run(tick_once(friday.app))
        sent = len(friday.backend.accepted)
        with _noticed() as of_an_approval:
            friday.approve(friday.draft())

    assert sent == 1
    assert events == []
    assert of_an_approval != []


_watching: list[list[str]] = []
_hooked: list[bool] = []


@contextmanager
def _noticed() -> Iterator[list[str]]:
    """Yield a list of the templates opened and processes started while the block runs."""
    if not _hooked:
        sys.addaudithook(_notice)  # for good: audit hooks cannot be taken off
        _hooked.append(True)
    seen: list[str] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def _notice(event: str, arguments: tuple[object, ...]) -> None:
    is_template = event == "open" and str(arguments[0]).endswith(".j2")
    if is_template or event == "subprocess.Popen":
        for seen in _watching:
            seen.append(f"{event} {arguments[0]}")


def _tamper(session: Session, document: bytes) -> None:
    session.execute(update(StoredRendering).values(document=document))


@pytest.mark.parametrize("damage", ["changed", "garbage", "gone"])
def test_tampered_bytes_hold_the_slot_and_tell_the_desk(
    newsroom: Newsroom, run, damage: str
) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    document = stored(newsroom)[0].document
    with newsroom.app.db.write() as session:
        if damage == "gone":
            session.execute(delete(StoredRendering))
        else:
            changed = document.replace(b"Headline 1", b"Headline X")
            _tamper(session, changed if damage == "changed" else b"\x00garbage")

    run(tick_once(newsroom.app))

    with newsroom.app.db.read() as session:
        assert session.scalars(select(Slot.state)).first() == "held"
    assert [envelope.rcpt_to for envelope, _ in newsroom.backend.accepted] == [
        "desk@courier.example"
    ]
    assert newsroom.sums(issue).frozen == 0


def test_held_issue_goes_out_after_a_new_approval(newsroom: Newsroom, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.ready(FRIDAY)
    with newsroom.app.db.write() as session:
        _tamper(session, b"garbage")
    run(tick_once(newsroom.app))

    newsroom.approve(issue)
    newsroom.make_due(issue)
    run(tick_once(newsroom.app))

    assert newsroom.state(issue) == "sent"
