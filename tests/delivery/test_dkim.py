"""Signatures as a receiver sees them: dkimpy verifies ours (M14 of the delivery checklist)."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.config import DkimConfig
from digest.delivery.dkim.canonical import canonical_body, is_canonical
from digest.delivery.dkim.keys import (
    DkimKey,
    KeyType,
    new_private_key,
    write_private_key,
)
from digest.delivery.dkim.signing import DkimSigner, load_signers, sign, sign_canonical
from digest.rendering.compiling.mjml import compile_mjml
from digest.rendering.issue import render_issue
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.personalise import ReaderValues
from digest.rendering.templates import Templates
from digest.rendering.view import IssueView, PickView

# dkimpy asks the machine for the time and refuses signatures from the future.
NOW = datetime(2025, 1, 3, 7, 0, 0, 999_999, tzinfo=UTC)
RSA = DkimKey("courier.example", "r2025", new_private_key(KeyType.RSA))
ED25519 = DkimKey("courier.example", "e2025", new_private_key(KeyType.ED25519))
BOTH = (RSA, ED25519)

LINK = b"<https://letters.example/u/" + b"t" * 120 + b">"
HEAD = (
    b'From: "The Courier" <letter@courier.example>\r\n'
    b"To: <zoe@example.net>\r\n"
    b"Date: Fri, 03 Jan 2025 07:00:00 +0000\r\n"
    b"Message-ID: <abcdefghijklmnopqrstuvwxyz.47@courier.example>\r\n"
    b"List-Unsubscribe: " + LINK + b",\r\n <mailto:leave@courier.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"Subject: Dockers go back to work\r\n"
    b"Reply-To: <desk@courier.example>\r\n"
    b"List-Id: Harbour Weekly <weekly.courier.example>\r\n"
    b"Feedback-ID: 47:weekly:issue:friday\r\n"
    b"X-Auto-Response-Suppress: OOF, AutoReply\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative;\r\n\tboundary="=_1"\r\n'
)
BODY = b"Hello Zoe,\r\n\r\nthe strike is over.\r\n"
# Any bytes a line may hold; of the blanks only those RFC 6376 speaks of.
LINE_TEXT = st.text(
    st.characters(max_codepoint=0xFF, exclude_characters="\n\x0b\x0c"), max_size=30
).map(lambda text: text.encode("latin-1"))
HEADER_TEXT = st.text("ab:; \t=é", max_size=12).map(lambda text: text.encode("latin-1"))
HEADER_NAMES = st.sampled_from(
    [b"From", b"SUBJECT", b"to", b"List-Unsubscribe", b"Message-ID", b"X-Other", b"Feedback-ID"]
)


def signed(
    *keys: DkimKey, head: bytes = HEAD, body: bytes = BODY, by: bytes | None = None
) -> bytes:
    """Return a message signed with the keys; `by` is the body to sign instead of the one sent."""
    signers = [DkimSigner(key.domain, key.selector, key.private) for key in keys]
    return sign(signers, head, body if by is None else by, NOW) + head + b"\r\n" + body


def verdicts(message: bytes, *keys: DkimKey) -> list[bool]:
    """Return what a receiver thinks of each signature, from the top; the keys are in its DNS."""
    records = [key.dns_record() for key in keys or BOTH]
    answers = {f"{record.name}.".encode(): record.value.encode() for record in records}
    count = len(re.findall(rb"(?m)^DKIM-Signature:", message))
    return [_verdict(message, number, answers) for number in range(count)]


def _verdict(message: bytes, number: int, answers: dict[bytes, bytes]) -> bool:
    try:
        return bool(
            dkim.DKIM(message).verify(idx=number, dnsfunc=lambda name, timeout: answers[name])
        )
    except dkim.DKIMException:
        return False


def tags(message: bytes) -> dict[str, str]:
    """Return the tags of the top signature, without the blanks in them."""
    header = re.match(rb"DKIM-Signature:((?:.*\r\n[ \t])*.*)\r\n", message)
    assert header
    pairs = re.sub(r"\s", "", header[1].decode()).split(";")
    return dict(pair.split("=", 1) for pair in pairs)


@pytest.fixture
def key_files(tmp_path: Path) -> list[DkimConfig]:
    """An Ed25519 and an RSA key in files, configured in that order."""
    write_private_key(tmp_path / "e.pem", ED25519.private)
    write_private_key(tmp_path / "r.pem", RSA.private)
    return [
        DkimConfig(selector="e2025", key_file=tmp_path / "e.pem"),
        DkimConfig(selector="r2025", key_file=tmp_path / "r.pem"),
    ]


@pytest.fixture(scope="module")
def real_copy() -> tuple[bytes, bytes]:
    """A copy as Friday sends it: head and body."""
    pick = PickView("Dockers go back — at last", "https://courier.example/d", blurb="Two  blanks.")
    view = IssueView(
        newsletter="Größte Zeitung",
        language="de",
        number=47,
        date=date(2025, 1, 3),
        subject="Größere Züge für Köln, und was sie für die Häfen der ganzen Küste bedeuten",
        preheader="Mehr davon.",
        tagline="",
        accent="#a4161a",
        site_url="https://courier.example",
        postal_address="12 Quay Street, Example Town",
        why="You signed up.",
        topper=None,
        lead=pick,
        sections=(),
        quote=None,
        numbers=(),
        appeal=None,
    )
    rendering = render_issue(view, edition="full", templates=Templates(), compile_mjml=compile_mjml)
    slots = ("unsubscribe_url", "view_url", "remind_later_url")
    reader = {slot: f"https://letters.example/{slot}?a=1&b=2" for slot in slots}
    letterhead = Letterhead(
        from_name="Größte Zeitung",
        from_address="letter@courier.example",
        list_name="Größte Zeitung",
        list_id="weekly.courier.example",
        feedback_id="47:weekly:issue:friday",
        leave_address="leave@courier.example",
    )
    copy = CopyPress(rendering, letterhead).build(
        ReaderValues({**reader, "address": "zoe@example.net", "first_name": "Zoë  O'Hara"}),
        to="zoe@example.net",
        message_id="<abcdefghijklmnopqrstuvwxyz.47@courier.example>",
        date=NOW,
        unsubscribe_url="https://letters.example/u/abc",
    )
    head, _, body = copy.partition(b"\r\n\r\n")
    return head + b"\r\n", body


@pytest.mark.parametrize("keys", [(RSA,), (ED25519,), BOTH], ids=["rsa", "ed25519", "both"])
def test_receiver_verifies_every_signature(keys: tuple[DkimKey, ...]) -> None:
    assert verdicts(signed(*keys)) == [True] * len(keys)


def test_signature_with_another_key_fails() -> None:
    other = DkimKey(ED25519.domain, ED25519.selector, new_private_key(KeyType.ED25519))

    assert verdicts(signed(ED25519), other) == [False]


@pytest.mark.parametrize("keys", [(RSA,), (ED25519,), BOTH], ids=["rsa", "ed25519", "both"])
def test_real_copy_verifies(real_copy: tuple[bytes, bytes], keys: tuple[DkimKey, ...]) -> None:
    head, body = real_copy

    assert verdicts(signed(*keys, head=head, body=body)) == [True] * len(keys)


def test_real_copy_needs_no_change_before_hashing(real_copy: tuple[bytes, bytes]) -> None:
    head, body = real_copy
    signers = [DkimSigner(ED25519.domain, ED25519.selector, ED25519.private)]

    assert is_canonical(body)
    assert sign_canonical(signers, head, (body[:7], body[7:]), NOW) == sign(
        signers, head, body, NOW
    )


def test_altered_unsubscribe_link_fails() -> None:
    altered = signed(*BOTH).replace(LINK, b"<https://evil.example/u>")

    assert verdicts(altered) == [False, False]


@pytest.mark.parametrize(
    "name",
    ["To", "Date", "Reply-To", "MIME-Version", "Content-Type", "List-Id", "Feedback-ID", "Subject"],
)
def test_altered_field_fails(name: str) -> None:
    altered = signed(ED25519).replace(f"\r\n{name}: ".encode(), f"\r\n{name}: x".encode())

    assert verdicts(altered) == [False]


@pytest.mark.parametrize(
    "line",
    [
        b"From: <evil@evil.example>",
        b"Subject: Your account",
        b"Message-ID: <1@evil.example>",
        b"List-Unsubscribe: <https://evil.example/u>",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ],
)
@pytest.mark.parametrize("where", ["above", "below the signature", "at the end"])
def test_second_field_of_what_counts_fails(line: bytes, where: str) -> None:
    message = signed(*BOTH)
    places = {"above": 0, "below the signature": message.index(b"From:")}
    place = places.get(where, message.index(b"\r\n\r\n") + 2)

    assert verdicts(message[:place] + line + b"\r\n" + message[place:]) == [False, False]


def test_unsubscribe_link_cannot_be_added_to_a_notice() -> None:
    head = re.sub(rb"List-Unsubscribe.*\r\n(?:[ \t].*\r\n)*", b"", HEAD)
    message = signed(ED25519, head=head)

    assert b"List-Unsubscribe" not in head
    assert verdicts(message) == [True]
    assert verdicts(b"List-Unsubscribe: <https://evil.example/u>\r\n" + message) == [False]


@pytest.mark.parametrize("altered", [BODY + b"more\r\n", BODY.replace(b"over", b"on"), b""])
def test_altered_body_fails(altered: bytes) -> None:
    assert verdicts(signed(*BOTH, body=altered, by=BODY)) == [False, False]


def test_blanks_added_on_the_way_are_forgiven() -> None:
    head = HEAD.replace(b"Subject: Dockers go", b"subject:\tDockers \r\n  go ")
    body = BODY.replace(b" is ", b"\t is ").replace(b",\r\n", b", \t\r\n") + b"\r\n\r\n"
    signature = signed(*BOTH).removesuffix(HEAD + b"\r\n" + BODY)

    assert verdicts(signature + head + b"\r\n" + body) == [True, True]


def test_blank_before_the_colon_is_forgiven() -> None:
    """As RFC 6376, 3.4.2 has it; dkimpy refuses such a head."""
    signers = [DkimSigner(ED25519.domain, ED25519.selector, ED25519.private)]

    spaced = HEAD.replace(b"Subject:", b"Subject \t:")
    assert sign(signers, spaced, BODY, NOW) == sign(signers, HEAD, BODY, NOW)


@given(
    fields=st.lists(
        st.tuples(HEADER_NAMES, HEADER_TEXT, st.lists(HEADER_TEXT, max_size=2)), max_size=6
    ),
    lines=st.lists(LINE_TEXT, max_size=6),
    ends=st.integers(1, 3),
)
def test_any_head_and_body_verify(
    fields: list[tuple[bytes, bytes, list[bytes]]], lines: list[bytes], ends: int
) -> None:
    folded = [b"\r\n\t".join([name + b":" + text, *more]) for name, text, more in fields]
    head = b"\r\n".join([b"From: <letter@courier.example>", *folded, b""])
    body = b"\r\n".join(lines) + b"\r\n" * ends

    assert verdicts(signed(ED25519, head=head, body=body)) == [True]


@given(lines=st.lists(st.text("a \t.", max_size=5).map(str.encode), max_size=5))
def test_canonical_body_is_left_as_it_is(lines: list[bytes]) -> None:
    once = canonical_body(b"\r\n".join(lines))

    assert is_canonical(once)
    assert canonical_body(once) is once


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b" \t\r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # the example of RFC 6376, 3.4.5
        (b"no end", b"no end\r\n"),
        (b"\r\n\r\nfirst", b"\r\n\r\nfirst\r\n"),
    ],
)
def test_body_in_relaxed_form(body: bytes, canonical: bytes) -> None:
    assert canonical_body(body) == canonical


def test_tags_of_a_signature() -> None:
    found = tags(signed(RSA))

    assert set(found) == {"v", "a", "c", "d", "s", "t", "bh", "h", "b"}  # no l=, i= or x=
    assert (found["v"], found["a"], found["c"]) == ("1", "rsa-sha256", "relaxed/relaxed")
    assert (found["d"], found["s"]) == ("courier.example", "r2025")
    assert found["t"] == "1735887600"
    assert tags(signed(ED25519))["a"] == "ed25519-sha256"


def test_fields_that_are_signed() -> None:
    listed = tags(signed(RSA))["h"].split(":")

    twice = {"from", "subject", "message-id", "list-unsubscribe", "list-unsubscribe-post"}
    once = {"to", "date", "reply-to", "mime-version", "content-type", "list-id", "feedback-id"}
    assert sorted(listed) == sorted([*twice, *twice, *once])


@pytest.mark.parametrize("domain", ["courier.example", f"{'long.' * 10}courier.example"])
def test_lines_of_a_signature_are_short(domain: str) -> None:
    keys = (DkimKey(domain, "s" * 30, key.private) for key in BOTH)
    lines = signed(*keys).removesuffix(HEAD + b"\r\n" + BODY).split(b"\r\n")

    assert lines[-1] == b""
    assert max(map(len, lines)) < 78
    assert all(line == line.rstrip() for line in lines)


def test_moment_is_the_only_thing_that_differs() -> None:
    signers = [DkimSigner(ED25519.domain, ED25519.selector, ED25519.private)]
    early, late = (sign(signers, HEAD, BODY, NOW + timedelta(seconds=s)) for s in (0, 1))

    assert early != late
    assert verdicts(late + HEAD + b"\r\n" + BODY) == [True]
    assert early == sign(signers, HEAD, BODY, NOW)


def test_signers_are_loaded_with_rsa_on_top(key_files: list[DkimConfig]) -> None:
    signers = load_signers(key_files, "letter@courier.example")
    message = sign(signers, HEAD, BODY, NOW) + HEAD + b"\r\n" + BODY

    assert tags(message)["s"] == "r2025"
    assert verdicts(message) == [True, True]


def test_no_keys_no_signature() -> None:
    assert load_signers([], "letter@courier.example") == ()
    assert sign((), HEAD, BODY, NOW) == b""
