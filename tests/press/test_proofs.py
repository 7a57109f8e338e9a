"""Proofs are marked, touch nothing and open nothing."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import func, select

from digest.config import NewsletterConfig
from digest.curation.issues import find_issue
from digest.delivery.outcome import Accepted
from digest.errors import BadInput, DigestError, Refused
from digest.models import Chunk, Delivery, StoredRendering
from digest.press.proofs import build_proof, mark_by
from digest.testing.newsroom import Newsroom
from digest.tokens import Purpose

FRIDAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
SITE = "http://127.0.0.1:8000"


def proof_of(newsroom: Newsroom, to: str = "ada@courier.example") -> EmailMessage:
    """Make a draft and return its proof, read back."""
    issue = newsroom.draft(FRIDAY, subject="Fog", topper={"text": "Hello"})
    configured: NewsletterConfig = newsroom.app.config.newsletter("weekly")
    with newsroom.app.db.read() as session:
        row = find_issue(session, issue)
    rendering, *_ = newsroom.render(issue)
    message = build_proof(
        rendering,
        configured,
        to=to,
        public_url=SITE,
        issue_public_id=row.public_id,
        now=NOW,
    )
    return message_from_bytes(message, policy=default)  # type: ignore[return-value]


def bodies(message: EmailMessage) -> str:
    """Return both parts' text."""
    return "".join(str(message.get_body((kind,)).get_content()) for kind in ("html", "plain"))


def count(newsroom: Newsroom, *tables: type) -> list[int]:
    """Return how many rows each table has."""
    with newsroom.app.db.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def send(newsroom: Newsroom, run, issue: str, to: Sequence[str]) -> list[str]:
    """Mail proofs and return to whom they were accepted."""
    outcomes = run(newsroom.app.send_proofs(issue, to))
    return [address for address, outcome in outcomes if isinstance(outcome, Accepted)]


def test_proof_is_marked_in_its_subject(newsroom: Newsroom) -> None:
    message = proof_of(newsroom)

    assert message["Subject"] == "[Proof] Fog"
    assert message["To"] == "ada@courier.example"
    assert message["From"] == "The Harbour Courier <letters@courier.example>"


def test_proof_has_the_issue_s_words_in_both_parts(newsroom: Newsroom) -> None:
    message = proof_of(newsroom)

    for kind in ("html", "plain"):
        assert "Headline 2" in str(message.get_body((kind,)).get_content())


def test_proof_carries_no_token(newsroom: Newsroom) -> None:
    message = proof_of(newsroom)
    links = re.findall(rf"{SITE}/[^\s\"<>)]+", bodies(message) + str(message["List-Unsubscribe"]))

    assert links
    for link in links:
        assert re.fullmatch(rf"{SITE}/(own-copy|i/[a-z0-9]{{20}})", link)
        with pytest.raises(DigestError):
            newsroom.app.signer.read(Purpose.UNSUBSCRIBE, link.rsplit("/", 1)[1])


def test_proof_greets_nobody(newsroom: Newsroom) -> None:
    proof = bodies(proof_of(newsroom))

    assert "ada@courier.example" not in proof
    assert "Dear" not in proof


def test_two_proofs_have_different_message_ids(newsroom: Newsroom, run) -> None:
    issue = newsroom.draft(FRIDAY)

    send(newsroom, run, issue, ["ada@courier.example", "ada@courier.example"])

    ids = {message_from_bytes(message)["Message-ID"] for _, message in newsroom.backend.accepted}
    assert len(ids) == 2


@pytest.mark.parametrize("to", ["", "nobody", "a@b\r\nBcc: c@d.example"])
def test_bad_address_is_refused_and_not_repeated(newsroom: Newsroom, to: str) -> None:
    with pytest.raises(BadInput, match="not an e-mail address") as refused:
        proof_of(newsroom, to)
    assert not to or to not in str(refused.value)


def test_sent_proofs_leave_no_trace_in_the_ledger(newsroom: Newsroom, run) -> None:
    newsroom.subscribe("anna@example.org")
    issue = newsroom.draft(FRIDAY)

    accepted = send(newsroom, run, issue, ["ada@courier.example", "bo@courier.example"])

    assert accepted == ["ada@courier.example", "bo@courier.example"]
    assert count(newsroom, Delivery, Chunk, StoredRendering) == [0, 0, 0]
    assert newsroom.state(issue) == "draft"
    assert [e.rcpt_to for e, _ in newsroom.backend.accepted] == accepted


def test_proof_of_an_unready_issue_is_refused(newsroom: Newsroom, run) -> None:
    issue = newsroom.draft(FRIDAY, subject="")

    with pytest.raises(Refused, match="has no subject yet"):
        send(newsroom, run, issue, ["ada@courier.example"])
    assert newsroom.backend.accepted == []


def test_mark_holds_a_name_whatever_it_is() -> None:
    assert mark_by("Ada Holm") == "[Proof from Ada Holm]"
    assert mark_by("Ada\x00\u2028 Holm") == "[Proof from Ada Holm]"
