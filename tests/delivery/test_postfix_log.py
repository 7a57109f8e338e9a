"""What a Postfix log proves. The lines are those of a real Postfix 3.7, driven into each case."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from digest.delivery.postfix_log import PostfixLog, Trace, moment_of, read_postfix_log
from digest.errors import BadInput

QUEUED = """\
Nov 23 22:08:42 relay postfix/smtpd[23075]: connect from localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/smtpd[23075]: 0D92C9AA124: client=localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/cleanup[23078]: 0D92C9AA124: message-id=<a@courier.example>
Nov 23 22:08:42 relay postfix/qmgr[22920]: 0D92C9AA124: from=<letters@courier.example>, size=454, nrcpt=1 (queue active)
Nov 23 22:08:42 relay postfix/smtpd[23075]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
"""  # noqa: E501
SENT = "Nov 23 22:08:42 relay postfix/smtp[23079]: 0D92C9AA124: to=<anna@example.org>, relay=127.0.0.1[127.0.0.1]:2626, delay=0.06, delays=0.05/0.01/0/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)\n"  # noqa: E501
BOUNCED = "Nov 23 22:08:43 relay postfix/smtp[23079]: 0D92C9AA124: to=<anna@example.org>, relay=mx.example.org[127.0.0.1]:25, delay=0.06, delays=0.05/0.01/0/0, dsn=5.1.1, status=bounced (host mx.example.org[127.0.0.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))\n"  # noqa: E501
EXPIRED = "Nov 28 22:08:43 relay postfix/qmgr[22920]: 0D92C9AA124: from=<letters@courier.example>, status=expired, returned to sender\n"  # noqa: E501
REMOVED = "Nov 23 22:08:42 relay postfix/qmgr[22920]: 0D92C9AA124: removed\n"
# A small message: its Message-ID is written after the connection is gone.
CUT_SMALL = """\
Nov 23 22:08:42 relay postfix/smtpd[23075]: 1914E9AA017: client=localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/smtpd[23075]: lost connection after DATA (198 bytes) from localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/smtpd[23075]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4
Nov 23 22:08:42 relay postfix/smtpd[23075]: connect from localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/cleanup[23078]: 1914E9AA017: message-id=<a@courier.example>
"""  # noqa: E501
TIMED_OUT = """\
Nov 23 22:08:42 relay postfix/smtpd[23080]: AD7F69AA017: client=localhost[127.0.0.1]
Nov 23 22:08:42 relay postfix/cleanup[23081]: AD7F69AA017: message-id=<a@courier.example>
Nov 23 22:08:50 relay postfix/smtpd[23080]: timeout after DATA (40013 bytes) from localhost[127.0.0.1]
Nov 23 22:08:50 relay postfix/smtpd[23080]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4
"""  # noqa: E501
HELD = """\
Nov 23 22:08:52 relay postfix/smtpd[23080]: AE64B9AA01A: client=localhost[127.0.0.1]
Nov 23 22:08:52 relay postfix/cleanup[23081]: AE64B9AA01A: message-id=<a@courier.example>
Nov 23 22:08:52 relay postfix/cleanup[23081]: AE64B9AA01A: hold: header Subject: holdme from localhost[127.0.0.1]; from=<letters@courier.example> to=<anna@example.org> proto=ESMTP helo=<digest.example>
Nov 23 22:08:52 relay postfix/smtpd[23080]: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
"""  # noqa: E501
STILL_COMING = "".join(HELD.splitlines(keepends=True)[:2])
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def trace(*texts: str) -> Trace:
    """Read lines and return what is known of <a@courier.example>."""
    log = PostfixLog(["<a@courier.example>", "<b@courier.example>"])
    for line in "".join(texts).splitlines():
        log.take(line)
    return log.traces["<a@courier.example>"]


@pytest.mark.parametrize("text", [QUEUED, QUEUED + SENT, QUEUED + SENT + REMOVED])
def test_copy_in_the_active_queue_is_taken(text) -> None:
    assert trace(text).taken == "0D92C9AA124"


def test_agent_s_line_proves_it_where_the_manager_s_is_missing() -> None:
    lines = [line for line in QUEUED.splitlines(keepends=True) if "qmgr" not in line]

    assert trace("".join(lines), SENT).taken == "0D92C9AA124"


@pytest.mark.parametrize(("line", "status"), [(BOUNCED, "5.1.1"), (EXPIRED, "expired")])
def test_copy_returned_to_its_sender_is_not_taken(line, status) -> None:
    found = trace(QUEUED, line)

    assert (found.taken, found.returned) == ("", status)


@pytest.mark.parametrize("text", [CUT_SMALL, TIMED_OUT])
def test_copy_cut_off_before_its_dot_is_neither_taken_nor_unclear(text) -> None:
    found = trace(text)

    assert (len(found.passages), found.taken, found.unclear) == (1, "", False)


@pytest.mark.parametrize("text", [HELD, STILL_COMING])
def test_message_id_alone_proves_nothing(text) -> None:
    """cleanup writes it while the message is still coming in."""
    found = trace(text)

    assert (found.taken, found.unclear) == ("", True)


def test_connection_lost_after_the_dot_is_no_cut() -> None:
    lost = TIMED_OUT.replace(
        "timeout after DATA (40013 bytes)", "lost connection after END-OF-MESSAGE"
    )

    assert trace(lost).unclear


def test_another_connection_s_cut_is_not_this_one_s() -> None:
    other = TIMED_OUT.replace("smtpd[23080]: timeout", "smtpd[23081]: timeout")

    assert trace(other).unclear


def test_cut_concerns_the_last_message_of_its_connection_only() -> None:
    first, second = QUEUED.splitlines(keepends=True)[1:4], TIMED_OUT.replace("23080", "23075")
    second = second.replace("<a@", "<b@")

    assert trace("".join(first), second).taken == "0D92C9AA124"


def test_queue_id_that_is_used_again_speaks_of_another_message() -> None:
    again = QUEUED.replace("<a@", "<stranger@").replace("0D92C9AA124", "AE64B9AA01A")

    assert trace(HELD, again).taken == ""


def test_queue_id_of_another_instance_is_another() -> None:
    """Two Postfixes of one machine write one log, and each counts its own queue ids."""
    elsewhere = QUEUED.splitlines(keepends=True)[3].replace("postfix/", "postfix-out/")
    elsewhere = elsewhere.replace("0D92C9AA124", "AE64B9AA01A")

    assert trace(HELD, elsewhere).unclear


def test_service_with_a_name_of_its_own_belongs_to_its_instance() -> None:
    assert trace(QUEUED.replace("postfix/smtpd", "postfix/submission/smtpd")).taken


def test_second_copy_under_one_message_id_is_seen_apart() -> None:
    found = trace(CUT_SMALL, QUEUED)

    assert (found.taken, found.unclear, len(found.passages)) == ("0D92C9AA124", False, 2)


def test_lines_of_others_are_passed_over() -> None:
    assert trace("Nov 23 22:08:42 relay dovecot: imap\n", "\0\xff\n", QUEUED).taken


def test_answer_that_quotes_a_status_does_not_forge_one() -> None:
    quoted = SENT.replace("250 2.0.0 Ok", "250 dsn=5.1.1, status=bounced")

    assert trace(QUEUED, quoted).returned == ""


def test_memory_does_not_grow_with_the_log() -> None:
    log = PostfixLog(["<b@courier.example>"])
    for number in range(30_000):
        for line in CUT_SMALL.replace("1914E9AA017", f"{number:X}9AA017").splitlines():
            log.take(line)

    assert len(log._cut_off) <= 10_000
    assert not log._passing
    assert len(log._serving) <= 1


@pytest.mark.parametrize("name", ["mail.log", "mail.log.gz"])
def test_file_is_read_with_progress(tmp_path: Path, name) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(QUEUED.encode()) if name.endswith("gz") else QUEUED.encode())
    log, seen = PostfixLog(["<a@courier.example>"]), []

    read_postfix_log(path, log, lambda done, total: seen.append((done, total)))

    assert log.traces["<a@courier.example>"].taken
    assert seen == [(path.stat().st_size, path.stat().st_size)]


def test_message_s_lines_may_lie_in_two_files(tmp_path: Path) -> None:
    log, lines = PostfixLog(["<a@courier.example>"]), QUEUED.splitlines(keepends=True)
    for name, part in (("mail.log.1", lines[:3]), ("mail.log", lines[3:])):
        (tmp_path / name).write_text("".join(part))
        read_postfix_log(tmp_path / name, log, lambda *_: None)

    assert log.traces["<a@courier.example>"].taken


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("mail.log", b"hello\nworld\n", "mail.log: none of its 2 lines is a log line of Postfix"),
        ("mail.gz", gzip.compress(QUEUED.encode() * 99)[:-30], "mail.gz, after line"),
        ("mail.gz", b"hello\n", "mail.gz, after line 0"),
    ],
)
def test_file_that_is_no_log_is_named(tmp_path: Path, name, content, says) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(BadInput, match=says):
        read_postfix_log(tmp_path / name, PostfixLog([]), lambda *_: None)


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("Nov 23 22:08:42", datetime(2026, 11, 23, 21, 8, 42, tzinfo=UTC)),
        ("Nov  3 22:08:42", datetime(2026, 11, 3, 21, 8, 42, tzinfo=UTC)),
        ("Nov 25 00:30:00", datetime(2026, 11, 24, 23, 30, tzinfo=UTC)),
        ("Dec 31 12:00:00", datetime(2025, 12, 31, 11, 0, tzinfo=UTC)),
        ("2026-11-23T22:08:42.5+01:00", datetime(2026, 11, 23, 21, 8, 42, 500000, tzinfo=UTC)),
        ("2026-11-23T22:08:42+0100", datetime(2026, 11, 23, 21, 8, 42, tzinfo=UTC)),
    ],
)
def test_stamp_is_read_on_the_relay_s_wall_clock(stamp, moment) -> None:
    assert moment_of(stamp, ZoneInfo("Europe/Berlin"), NOW) == moment


@pytest.mark.parametrize(
    ("stamp", "zone", "says"),
    [
        ("Nov 23 22:08:42", None, "no time zone"),
        ("Feb 29 22:08:42", UTC, "no moment"),
        ("Xyz 23 22:08:42", UTC, "no moment"),
        ("2026-99-23T22:08:42", UTC, "no moment"),
    ],
)
def test_stamp_that_says_no_instant_is_refused(stamp, zone, says) -> None:
    with pytest.raises(BadInput, match=says):
        moment_of(stamp, zone, NOW)
