"""Header lines: literal, ASCII, folded where allowed, and closed to injection."""

import email
import email.policy
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.errors import BadInput
from digest.rendering.headers import (
    NeedsSmtpUtf8,
    ascii_address,
    clean,
    date_line,
    feedback_id_line,
    list_id_line,
    mailbox_line,
    message_id_line,
    subject_line,
    unsubscribe_lines,
    way_by_mail,
)

INJECTIONS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00"]
VISIBLE = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]) | st.just(" "),
    min_size=1,
    max_size=120,
)


def read(header: str, name: str) -> str:
    message = email.message_from_bytes(header.encode("ascii"), policy=email.policy.default)
    assert not message.defects
    return str(message[name])


@pytest.mark.parametrize("evil", INJECTIONS)
def test_text_with_line_breaks_or_controls_is_refused(evil: str) -> None:
    with pytest.raises(BadInput, match=r"^Subject: control characters"):
        clean("Subject", f"a{evil}Bcc: b@c.example")


@pytest.mark.parametrize("evil", INJECTIONS)
def test_every_header_refuses_line_breaks(evil: str) -> None:
    made = [
        lambda: subject_line(f"a{evil}b"),
        lambda: mailbox_line("From", f"a{evil}b", "a@b.example"),
        lambda: mailbox_line("From", "a", f"a@b.example{evil}"),
        lambda: list_id_line(f"a{evil}b", "a.b"),
        lambda: list_id_line("a", f"a.b{evil}"),
        lambda: message_id_line(f"<{'a' * 20}@b.example>{evil}"),
        lambda: unsubscribe_lines(f"https://a.example/{evil}", ""),
        lambda: way_by_mail(f"a@b.example{evil}"),
        lambda: feedback_id_line(f"a:b:c:sender{evil}"),
    ]

    for make in made:
        with pytest.raises(BadInput):
            make()


@given(VISIBLE.filter(str.strip))
def test_subject_is_read_as_written(subject: str) -> None:
    line = subject_line(subject)

    assert read(line, "Subject") == subject.strip()
    assert max(map(len, line.splitlines())) <= 76


@given(VISIBLE.filter(str.strip))
def test_encoded_words_are_short(subject: str) -> None:
    words = [w for w in subject_line(f"é{subject}").split() if w.startswith("=?")]

    assert words
    assert max(map(len, words)) <= 75


@pytest.mark.parametrize(
    "subject",
    ["Plain words", "word " * 40, "x" * 200, "=?utf-8?B?eA==?=", "a  b   c", "👩‍👩‍👧‍👦" * 20],
)
def test_awkward_subjects_are_read_as_written(subject: str) -> None:
    assert read(subject_line(subject), "Subject") == subject.strip()


def test_plain_subject_is_left_plain() -> None:
    assert subject_line("Dockers go back") == "Subject: Dockers go back\r\n"


def test_endless_subject_is_refused() -> None:
    with pytest.raises(BadInput, match="998"):
        subject_line("x" * 999)


@pytest.mark.parametrize(
    "name", ["The Courier", "Größe & Co", 'Say "hi", (all) \\ of.you', "بريد الميناء", "Zoë" * 30]
)
def test_display_name_is_read_as_written(name: str) -> None:
    line = mailbox_line("From", name, "letter@courier.example")
    # Not by policy.default: it puts a blank between neighbouring encoded words of a display name.
    shown, address = parseaddr(email.message_from_string(line)["From"].replace("\r\n", ""))

    assert str(make_header(decode_header(shown))) == name
    assert address == "letter@courier.example"


def test_domain_outside_ascii_becomes_punycode() -> None:
    assert ascii_address("zoe@bücher.de") == "zoe@xn--bcher-kva.de"


def test_domain_becomes_lower_case_and_local_part_stays() -> None:
    assert ascii_address("Zoe.O'Hara+x@EXAMPLE.Net") == "Zoe.O'Hara+x@example.net"


def test_local_part_outside_ascii_has_an_error_of_its_own() -> None:
    with pytest.raises(NeedsSmtpUtf8) as caught:
        ascii_address("zoë@example.net")

    assert "zo" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "zoe",
        "@example.net",
        "zoe@",
        "zoe@example",
        "zoe@@example.net",
        "a b@example.net",
        "zoe@exa mple.net",
        "zoe@example.net,ada@example.net",
        "<zoe@example.net>",
        ".zoe@example.net",
        "zoe..x@example.net",
        "zoe@-example.net",
        "x" * 65 + "@example.net",
        '"zoe"@example.net',
        "zoe@[127.0.0.1]",
    ],
)
def test_what_is_no_address_is_refused_unnamed(address: str) -> None:
    with pytest.raises(BadInput, match=r"^this is not an e-mail address$"):
        ascii_address(address)


@pytest.mark.parametrize("size", [40, 120, 300])
def test_unsubscribe_is_folded_after_its_comma_only(size: int) -> None:
    url = f"https://letters.example/u/{'t' * size}"

    lines = unsubscribe_lines(url, way_by_mail("leave@courier.example?subject=tok-en_1.x"))

    assert lines == (
        f"List-Unsubscribe: <{url}>,\r\n <mailto:leave@courier.example?subject=tok-en_1.x>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


@pytest.mark.parametrize("url", ["http//x", "mailto:a@b.example", "https://a.example/>,<x", ""])
def test_unsubscribe_must_be_a_link(url: str) -> None:
    with pytest.raises(BadInput, match="List-Unsubscribe"):
        unsubscribe_lines(url, "")


def test_list_id_encodes_the_name_and_never_the_id() -> None:
    line = list_id_line("Größe", "weekly.courier.example")

    assert line.endswith("\r\n <weekly.courier.example>\r\n")
    assert line.startswith("List-Id: =?utf-8?B?")


@pytest.mark.parametrize("bad", ["weekly", "Weekly.example", "a b.c", ""])
def test_list_id_must_be_slug_and_host(bad: str) -> None:
    with pytest.raises(BadInput, match="List-Id"):
        list_id_line("Weekly", bad)


@pytest.mark.parametrize("bad", ["<a@b.example>", "x" * 30, f"<{'A' * 30}@b.example>"])
def test_message_id_must_have_our_form(bad: str) -> None:
    with pytest.raises(BadInput, match="Message-ID"):
        message_id_line(bad)


@pytest.mark.parametrize("bad", ["a:b:c:abcd", "a:b:c:" + "s" * 16, "a:b:sender", "a:b:c:d e f g"])
def test_feedback_id_must_have_four_fields(bad: str) -> None:
    with pytest.raises(BadInput, match="Feedback-ID"):
        feedback_id_line(bad)


def test_date_has_a_zone() -> None:
    line = date_line(datetime(2026, 11, 27, 7, tzinfo=UTC))

    assert line == "Date: Fri, 27 Nov 2026 07:00:00 +0000\r\n"


def test_date_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="zone"):
        date_line(datetime(2026, 11, 27, 7))  # noqa: DTZ001 - the point of the test
