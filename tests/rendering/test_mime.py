"""The bytes of a copy, read back by the standard library: M1 to M13 of the delivery checklist."""

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.smtp.channel import stuffed
from digest.errors import BadInput, DigestError, RenderingFailed
from digest.rendering.issue import Rendering
from digest.rendering.mime import CopyPress, Letterhead, build_notice
from digest.rendering.personalise import ReaderValues, fill_html, fill_text
from digest.rendering.view import IssueView

NOW = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
MESSAGE_ID = "<abcdefghijklmnopqrstuvwxyz.47@courier.example>"
URL = "https://letters.example/u/" + "t" * 120
Press = Callable[..., bytes]


def parsed(copy: bytes) -> EmailMessage:
    return email.message_from_bytes(copy, policy=email.policy.default)  # type: ignore[return-value]


def content_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part
    return part.get_content().replace("\r\n", "\n")


def notice(**changes: object) -> bytes:
    values = {
        "from_name": "The Courier",
        "from_address": "letter@courier.example",
        "to": "zoe@example.net",
        "subject": "Please confirm",
        "body": "Hello,\n\n.press here:\nhttps://letters.example/c/abc\n",
        "message_id": MESSAGE_ID,
        "date": NOW,
    }
    return build_notice(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def press(rendering: Rendering, letterhead: Letterhead, reader: ReaderValues) -> Press:
    """Return a function that builds a copy; any argument may be changed."""

    def build(
        rendering: Rendering = rendering,
        letterhead: Letterhead = letterhead,
        values: ReaderValues = reader,
        **changes: object,
    ) -> bytes:
        given = {"to": "zoe+news@example.net", "message_id": MESSAGE_ID, "date": NOW}
        arguments = {**given, "unsubscribe_url": URL, **changes}
        return CopyPress(rendering, letterhead).build(values, **arguments)  # type: ignore[arg-type]

    return build


@pytest.fixture
def script_copy(
    press: Press, render: Callable[..., Rendering], script_view: IssueView
) -> tuple[IssueView, bytes]:
    """A copy in each script, its From and list named in that script too."""
    letterhead = Letterhead(
        from_name=script_view.newsletter,
        from_address="letter@courier.example",
        list_name=script_view.newsletter,
        list_id="weekly.courier.example",
        feedback_id="47:weekly:issue:friday",
        leave_address="leave@courier.example",
    )
    return script_view, press(render(script_view), letterhead)


def test_m1_no_header_twice_and_all_present(press: Press) -> None:
    names = [name.lower() for name in parsed(press()).keys()]  # noqa: SIM118 - repeats keys

    assert len(names) == len(set(names))
    assert set(names) == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "reply-to",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "feedback-id",
        "x-auto-response-suppress",
        "mime-version",
        "content-type",
    }


def test_m2_from_is_one_mailbox_named_by_configuration(
    script_copy: tuple[IssueView, bytes],
) -> None:
    sender = parsed(script_copy[1])["From"].addresses

    assert [(a.display_name, a.addr_spec) for a in sender] == [
        (script_copy[0].newsletter, "letter@courier.example")
    ]


@pytest.mark.parametrize("name", ["a@b.example", "Re: hello", "FWD: x", "🎉🎉", "—"])
def test_m2_pretending_display_name_is_refused(letterhead: Letterhead, name: str) -> None:
    with pytest.raises(BadInput, match="From"):
        replace(letterhead, from_name=name)


def test_m3_to_is_exactly_the_reader(press: Press) -> None:
    addresses = parsed(press(to="Ada@Bücher.de"))["To"].addresses

    assert [a.addr_spec for a in addresses] == ["Ada@xn--bcher-kva.de"]


def test_m4_message_id_is_literal(press: Press) -> None:
    assert f"\r\nMessage-ID: {MESSAGE_ID}\r\n".encode() in press()


def test_m5_date_is_the_time_of_this_copy(press: Press) -> None:
    later = NOW + timedelta(days=1)

    assert parsedate_to_datetime(parsed(press(date=later))["Date"]) == later


def test_m5_retry_differs_in_its_date_only(press: Press) -> None:
    first, second = press().split(b"\r\n"), press(date=NOW + timedelta(days=1)).split(b"\r\n")

    assert [a[:5] for a, b in zip(first, second, strict=True) if a != b] == [b"Date:"]


def test_m6_list_headers_are_never_encoded(script_copy: tuple[IssueView, bytes]) -> None:
    head = script_copy[1].split(b"\r\n\r\n", 1)[0]
    unfolded = head.replace(b"\r\n ", b" ").split(b"\r\n")
    literal = [h for h in unfolded if re.match(rb"List-U|Message-ID|Feedback-ID", h)]

    assert len(literal) == 4
    assert not [header for header in literal if b"=?" in header]
    assert f"List-Unsubscribe: <{URL}>, <mailto:leave@courier.example>".encode() in literal


def test_m6_copy_may_bring_its_own_address_to_leave_by(press: Press) -> None:
    copy = press(leave_address="leave@courier.example?subject=tok.en")

    assert b",\r\n <mailto:leave@courier.example?subject=tok.en>\r\n" in copy


def test_m7_one_click_header_is_byte_exact(press: Press) -> None:
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in press()


def test_m8_list_id_and_feedback_id(press: Press) -> None:
    copy = press()

    assert b"\r\nList-Id: Harbour Weekly <weekly.courier.example>\r\n" in copy
    assert b"\r\nFeedback-ID: 47:weekly:issue:friday\r\n" in copy
    assert b"\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n" in copy


def test_m9_seven_bit_crlf_short_lines_and_no_leading_dot(
    script_copy: tuple[IssueView, bytes],
) -> None:
    copy = script_copy[1]
    lines = copy.split(b"\r\n")

    assert copy.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", copy)
    assert copy.endswith(b"--\r\n")
    assert not [line for line in lines if line.startswith(b".")]
    assert [line[:17] for line in lines if len(line) > 78] == [b"List-Unsubscribe:"]


def test_m9_leading_dots_survive_the_round_trip(
    press: Press, render: Callable[..., Rendering], make_view: Callable[..., IssueView]
) -> None:
    view = make_view(about="... and .net too", tagline=".")

    text = content_of(parsed(press(render(view))), "plain")

    assert "\n... and .net too\n" in text
    assert "\n.\n" in text


def test_m10_text_first_then_html(script_copy: tuple[IssueView, bytes]) -> None:
    message = parsed(script_copy[1])

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == [
        "text/plain",
        "text/html",
    ]
    assert not [part.defects for part in message.walk() if part.defects]


def test_m10_parts_are_what_the_archive_shows(
    press: Press, rendering: Rendering, reader: ReaderValues
) -> None:
    """The fast path over encoded segments and the plain join agree to the character."""
    message = parsed(press())

    assert content_of(message, "plain").rstrip("\n") == fill_text(rendering, reader).rstrip("\n")
    assert content_of(message, "html").rstrip("\n") == fill_html(rendering, reader).rstrip("\n")


@pytest.mark.parametrize("hidden", [{"greeting"}, {"appeal"}, {"greeting", "appeal"}])
def test_m10_hidden_blocks_are_in_neither_part(
    press: Press, rendering: Rendering, reader: ReaderValues, hidden: set[str]
) -> None:
    values = ReaderValues(reader.slots, frozenset(hidden))
    message = parsed(press(values=values))

    assert content_of(message, "html").rstrip("\n") == fill_html(rendering, values).rstrip("\n")
    for kind in ("plain", "html"):
        content = content_of(message, kind)
        assert ("Good morning" in content) == ("greeting" not in hidden)
        assert ("/give/once" in content) == ("appeal" not in hidden)


def test_m11_html_is_below_gmails_limit(script_copy: tuple[IssueView, bytes]) -> None:
    assert len(content_of(parsed(script_copy[1]), "html").encode()) < 80_000


def test_m12_subject_is_read_as_written(script_copy: tuple[IssueView, bytes]) -> None:
    view, copy = script_copy
    words = re.findall(rb"=\?utf-8\?B\?[^?]*\?=", copy.split(b"\r\nReply-To")[0])

    assert parsed(copy)["Subject"] == view.subject
    assert all(len(word) <= 75 for word in words)


@pytest.mark.parametrize("evil", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_m13_line_breaks_are_refused_wherever_they_hide(
    press: Press, rendering: Rendering, letterhead: Letterhead, evil: str
) -> None:
    text = f"a{evil}Bcc: victim@example.net"
    attempts: list[dict[str, object]] = [
        {"rendering": replace(rendering, subject=text)},
        {"letterhead": replace(letterhead, from_name=f"a{evil}Bcc: x")},
        {"letterhead": replace(letterhead, list_name=text)},
        {"letterhead": replace(letterhead, reply_to=f"desk@courier.example{evil}Bcc: x")},
        {"letterhead": replace(letterhead, from_address=f"letter@courier.example{evil}")},
        {"letterhead": replace(letterhead, leave_address=f"leave@courier.example{evil}")},
        {"to": f"zoe@example.net{evil}"},
        {"message_id": MESSAGE_ID + evil},
        {"unsubscribe_url": URL + evil},
    ]

    for attempt in attempts:
        with pytest.raises(BadInput):
            press(**attempt)


def test_m15_local_part_outside_ascii_stays_and_its_domain_does_not(press: Press) -> None:
    copy = press(to="zoë@exämple.net")

    assert "To: <zoë@xn--exmple-cua.net>\r\n".encode() in copy
    assert copy.replace("zoë".encode(), b"").isascii()


@given(st.text(max_size=60))
def test_no_first_name_breaks_a_copy(
    rendering: Rendering, letterhead: Letterhead, reader: ReaderValues, name: str
) -> None:
    values = ReaderValues({**reader.slots, "first_name": name})
    try:
        copy = CopyPress(rendering, letterhead).build(
            values, to="z@example.net", message_id=MESSAGE_ID, date=NOW, unsubscribe_url=URL
        )
    except RenderingFailed:
        return

    assert content_of(parsed(copy), "html").rstrip() == fill_html(rendering, values).rstrip()


def test_boundary_cannot_occur_in_a_part(press: Press) -> None:
    copy = press()
    boundary = parsed(copy).get_boundary()

    assert boundary
    assert copy.count(boundary.encode()) == 4


def test_slot_without_a_value_is_a_named_error(press: Press) -> None:
    with pytest.raises(RenderingFailed, match="slot view_url"):
        press(values=ReaderValues({}))


def test_notice_is_plain_text_sent_by_a_machine() -> None:
    message = parsed(notice())

    assert message.get_content_type() == "text/plain"
    assert message["Auto-Submitted"] == "auto-generated"
    assert not [name for name in message if name.lower().startswith("list-")]


@pytest.mark.parametrize(
    "body", ["Hello\n", "Grüße\n\n.\n..x\n", "صباح الخير\n", "🎉 " * 60 + "\n", "x" * 500 + "\n"]
)
def test_notice_body_survives(body: str) -> None:
    sent = notice(body=body)

    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 78
    assert not re.search(rb"^\.", sent, re.MULTILINE)
    assert parsed(sent).get_content().replace("\r\n", "\n").rstrip() == body.rstrip()


def test_notice_has_each_header_once() -> None:
    names = [n.lower() for n in parsed(notice(reply_to="desk@courier.example")).keys()]  # noqa: SIM118

    assert len(names) == len(set(names))
    assert {"from", "to", "subject", "date", "message-id", "reply-to"} <= set(names)


@pytest.mark.parametrize("field", ["from_name", "from_address", "to", "subject", "message_id"])
def test_notice_refuses_header_injection(field: str) -> None:
    with pytest.raises(DigestError):
        notice(**{field: "zoe@example.net\r\nBcc: victim@example.net"})


@given(name=st.text(max_size=40), day=st.integers(0, 10_000))
def test_copy_press_makes_what_needs_no_stuffing(
    rendering: Rendering, letterhead: Letterhead, reader: ReaderValues, name: str, day: int
) -> None:
    """What it vouches for as wire-ready is what a careful look finds: see backends.base."""
    values = ReaderValues(
        {**reader.slots, "first_name": name or "x", "address": f"a{day}@b.example"}
    )
    try:
        body = b"".join(CopyPress(rendering, letterhead).body(values))
    except RenderingFailed:
        return

    assert stuffed(body, "test") is body
    assert not re.search(rb"[ \t]\r\n|  |\t", body)
