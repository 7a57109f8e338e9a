"""The demo: one whole Friday over HTTP and SMTP, what came of it, and a harmless second run."""

import re
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest

from digest.demo.friday import Demo, Report, Sent
from digest.demo.newsroom import load_newsroom
from digest.demo.people import sample_people
from digest.demo.viewer import Viewer
from digest.errors import BadInput

QUIET = Report(lambda _line: None, lambda _done, _total: None)
ALL = "accepted=200 rejected=0 skipped=0 expired=0 uncertain=0 audience=200"
ONCE = (
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Id", "Feedback-ID"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "Content-Type"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One finished demo: its folder, how it ended, what it said, the mails as bytes."""

    folder: Path
    sent: Sent
    said: list[str]
    mails: list[bytes]


def run_demo(folder: Path) -> Run:
    said: list[str] = []
    with Demo(folder, Report(said.append, lambda _done, _total: None)) as demo:
        sent = demo.run()
    mails = [path.read_bytes() for path in sorted((folder / "mails" / "new").iterdir())]
    return Run(folder, sent, said, mails)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run_demo(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def parsed(first: Run) -> list[EmailMessage]:
    return [
        message_from_bytes(mail, _class=EmailMessage, policy=policy.SMTP) for mail in first.mails
    ]


def test_everybody_got_one_copy(first: Run, parsed: list[EmailMessage]) -> None:
    reached = Counter(str(mail["X-RcptTo"]) for mail in parsed)

    assert str(first.sent.sums) == ALL
    assert len(reached) == 200
    assert set(reached.values()) == {1}


def test_every_copy_has_each_header_once(parsed: list[EmailMessage]) -> None:
    counts = {name: {len(mail.get_all(name, [])) for mail in parsed} for name in ONCE}

    assert counts == {name: {1} for name in ONCE}


def test_every_copy_can_be_left_with_one_click(parsed: list[EmailMessage]) -> None:
    link = re.compile(r"<http://127\.0\.0\.1:\d+/u/[\w.-]+>, <mailto:[^>]+>")

    assert all(link.fullmatch(" ".join(str(m["List-Unsubscribe"]).split())) for m in parsed)
    assert {str(m["List-Unsubscribe-Post"]) for m in parsed} == {"List-Unsubscribe=One-Click"}
    assert len({str(m["List-Unsubscribe"]) for m in parsed}) == 200


def test_message_ids_are_all_different_and_name_nobody(parsed: list[EmailMessage]) -> None:
    ids = {str(mail["Message-ID"]) for mail in parsed}

    assert len(ids) == 200
    assert all(re.fullmatch(r"<[0-9a-f]{32}@letters\.courier\.example>", id) for id in ids)


def test_every_copy_is_seven_bit_with_short_lines(first: Run) -> None:
    for mail in first.mails:
        lines = mail.split(b"\n")
        assert mail.isascii()
        assert max(map(len, lines)) <= 200


def test_text_comes_first_and_names_every_article(parsed: list[EmailMessage]) -> None:
    parts = [part.get_content_type() for part in parsed[0].iter_parts()]
    text = parsed[0].get_body(("plain",)).get_content()
    picked = [pick.article for pick in load_newsroom().issue.picks]

    assert parts == ["text/plain", "text/html"]
    assert all(f"/articles/{slug}" in text for slug in picked)
    assert "/u/" in text


def test_second_run_does_no_harm(first: Run) -> None:
    again = run_demo(first.folder)

    assert str(again.sent.sums) == ALL
    assert again.mails == first.mails
    assert "this issue was sent before; nothing is sent twice" in again.said


def test_store_names_no_reader(first: Run) -> None:
    """What a thief of the database would find: no address and no name, in any of its files."""
    stolen = b"".join(path.read_bytes() for path in first.folder.glob("*.db*"))
    people = sample_people()

    words = [word for person in people for word in (person.email, person.name) if word]
    found = [word for word in words if word.encode() in stolen]

    assert len(stolen) > 100_000
    assert found == []
    assert not list(first.folder.glob("import-*"))


def test_taken_port_is_named(first: Run) -> None:
    with (
        Demo(first.folder, QUIET),
        pytest.raises(BadInput, match="must be free"),
        Demo(first.folder, QUIET),
    ):
        pass


def test_viewer_lists_the_mails_and_frames_one_without_scripts(first: Run) -> None:
    with Demo(first.folder, QUIET) as demo:
        viewer = Viewer(demo.app, first.sent)
        front = viewer.front().body.decode()
        name = re.search(r'src="/mails/([^"]+)"', front)[1]
        framed = viewer.html(unquote(name))

    assert front.count('href="/?mail=') == 200
    assert "sandbox" in framed.headers["Content-Security-Policy"]
    assert b"The Harbour Courier" in framed.body


def test_demo_keeps_out_of_a_real_newsroom(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# ours\n")

    with pytest.raises(BadInput, match="needs its own folder"), Demo(tmp_path, QUIET):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["config.toml"]
