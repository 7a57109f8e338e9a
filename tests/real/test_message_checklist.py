"""What every receiver demands of a message, line by line of our checklist (M1 to M16), held against
the bytes that a real SMTP server took: the shipped template, in four scripts, both parts. What the
configuration refuses beforehand (M13) is in tests/test_config_injection.py.
"""

import asyncio
import email
import email.policy
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import dkim
import pytest

from digest.clock import FixedClock, SystemClock, next_slot
from digest.curation.issues import find_issue
from digest.curation.picks import edit_pick, list_picks
from digest.delivery.dkim.keys import DkimKey, KeyType, new_private_key, write_private_key
from digest.errors import BadInput
from digest.scheduler import tick_once
from digest.testing import FaultServer, MailServer
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.smtp import Received

LETTERS = "https://letters.courier.example"
ANNA, BEN, CLEO = "anna.o'hara@example.org", "ben+news@web.de", "cleo@bücher.example"
READERS = (ANNA, BEN, CLEO)
ZOE = "zoë@example.org"  # what is before the @ is not ASCII
ON_THE_WIRE = {ANNA, BEN, "cleo@xn--bcher-kva.example"}
SIGNED_BY = {  # the issue in each script
    "ascii": (KeyType.RSA, KeyType.ED25519),
    "german": (KeyType.RSA,),
    "arabic": (KeyType.ED25519,),
    "emoji": (KeyType.RSA, KeyType.ED25519),
}
LINE_ENDS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028")
OVERSIGNED = {"from", "subject", "message-id", "list-unsubscribe", "list-unsubscribe-post"}
ONCE = (
    *("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID"),
)


@dataclass(frozen=True, slots=True)
class Texts:
    """An issue in one script."""

    name: str
    language: str
    subject: str
    headline: str
    text: str


SCRIPTS = {
    script: Texts(**texts)
    for script, texts in tomllib.loads(
        Path(__file__).with_name("checklist_texts.toml").read_text(encoding="utf-8")
    ).items()
}


@dataclass(frozen=True, slots=True)
class Post:
    """What became of one issue: its texts, the messages as they were taken, and the moment."""

    texts: Texts
    received: list[Received]
    clock: FixedClock
    picks: list[tuple[str, str]]  # headline and URL
    keys: list[DkimKey]

    @property
    def messages(self) -> list[bytes]:
        return [received.content for received in self.received]


@contextmanager
def smtp_newsroom(
    folder: Path,
    clock: FixedClock,
    port: int,
    texts: Texts = SCRIPTS["ascii"],
    letters: str = LETTERS,
    **more: str,
) -> Iterator[Newsroom]:
    """Open a newsroom on a server of this port; `more` are further lines of the newsletter."""
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    lines = "".join(f"{key} = {value}\n" for key, value in more.items())
    changes = {
        'name = "The Harbour Courier"': f'name = "{texts.name}"',
        'language = "en"': f'language = "{texts.language}"',
        "http://127.0.0.1:8000": letters,
        "alerts = ": f"{lines}alerts = ",
    }
    with open_newsroom(folder, clock, relay=relay, more=changes) as newsroom:
        yield newsroom


def now() -> FixedClock:
    """Return a clock near the machine's: receivers doubt signatures from another time."""
    return FixedClock(SystemClock().now())


def next_friday(newsroom: Newsroom) -> date:
    """Return the date of the next slot."""
    schedule = newsroom.app.config.newsletter("weekly").schedule.as_schedule()
    return next_slot(schedule, newsroom.app.clock.now()).local_date


def ready(newsroom: Newsroom, texts: Texts = SCRIPTS["ascii"]) -> str:
    """Approve the next Friday's issue and bring it forward; return what it is called."""
    issue = newsroom.draft(
        next_friday(newsroom),
        subject=texts.subject,
        preheader=texts.headline,
        topper={"text": texts.text, "signed": texts.name},
        quote={"text": texts.headline, "who": texts.name},
        numbers=[["17,5 %", texts.headline]],
    )
    with newsroom.app.db.write() as session:
        row = find_issue(session, issue)
        for number, (_, pick, _) in enumerate(list_picks(session, row.id)):
            words = {"headline": f"{texts.headline} {number}", "blurb": texts.text}
            edit_pick(session, row, pick, words)
    newsroom.approve(issue)
    newsroom.make_due(issue)
    return issue


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as listening:
        yield listening


@pytest.fixture(scope="module", params=SCRIPTS)
def post(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Post:
    """An issue sent to a real server, in each script."""
    folder, texts, clock = tmp_path_factory.mktemp("post"), SCRIPTS[request.param], now()
    kinds = SIGNED_BY[request.param]
    keys = [DkimKey("courier.example", kind, new_private_key(kind)) for kind in kinds]
    for key in keys:
        write_private_key(folder / f"{key.selector}.pem", key.private)
    tables = [f'{{ selector = "{k.selector}", key_file = "{k.selector}.pem" }}' for k in keys]
    more = {"dkim": f"[{', '.join(tables)}]", "reply_to": '"desk@courier.example"'}
    with MailServer(pipelining=True) as server:
        with smtp_newsroom(folder, clock, server.port, texts, **more) as newsroom:
            for address in (*READERS, ZOE):
                newsroom.subscribe(address, name="Zoë  Ångström")
            issue = ready(newsroom, texts)
            asyncio.run(tick_once(newsroom.app))
            with newsroom.app.db.read() as session:
                row = find_issue(session, issue)
                picks = [(p.headline, a.url) for _, p, a in list_picks(session, row.id)]
        assert len(server.received) == len(READERS)
        return Post(texts, server.received, clock, picks, keys)


def fields(message: bytes) -> list[tuple[str, bytes]]:
    """Return a message's header fields, name and raw value, folds kept."""
    head = message.partition(b"\r\n\r\n")[0]
    lines = re.split(rb"\r\n(?![ \t])", head)
    return [(name.decode(), value) for name, _, value in (line.partition(b":") for line in lines)]


def raw(message: bytes, name: str) -> bytes:
    """Return the raw value of the one field of this name."""
    (value,) = (value for other, value in fields(message) if other == name)
    return value.removeprefix(b" ")


def parsed(message: bytes) -> EmailMessage:
    """Return a message as the standard library reads it."""
    return email.message_from_bytes(message, policy=email.policy.default)


def part(message: bytes, kind: str) -> str:
    """Return the decoded text of the plain or the html part."""
    body = parsed(message).get_body((kind,))
    assert body is not None
    return body.get_content()


def test_m1_every_header_is_there_once(post: Post) -> None:
    for message in post.messages:
        names = [name.lower() for name, _ in fields(message) if name != "DKIM-Signature"]

        assert [name for name in ONCE if names.count(name.lower()) != 1] == []
        assert len(names) == len(set(names))


def test_m2_from_is_one_address_of_the_newsletter_under_its_own_name(post: Post) -> None:
    for message in post.messages:
        address = Address(post.texts.name, addr_spec="letters@courier.example")

        assert parsed(message)["From"].addresses == (address,)


@pytest.mark.parametrize("name", ["Re: your letter", "letters@courier.example", "🚢"])
def test_m2_display_name_that_pretends_is_never_approved(tmp_path: Path, name: str) -> None:
    pretender = Texts(name, "en", "Subject", "Headline", "Text")
    with smtp_newsroom(tmp_path, now(), 25, pretender) as newsroom:
        issue = newsroom.draft()

        with pytest.raises(BadInput, match="display name"):
            newsroom.approve(issue)


def test_m3_m15_to_is_the_one_recipient_of_the_envelope_in_punycode(post: Post) -> None:
    for received in post.received:
        assert raw(received.content, "To").decode() == f"<{received.rcpt_to[0]}>"
        assert len(received.rcpt_to) == 1
    assert {received.rcpt_to[0] for received in post.received} == ON_THE_WIRE  # one is an IDN


def test_m4_message_id_is_opaque_and_differs_from_reader_to_reader(post: Post) -> None:
    ids = [raw(message, "Message-ID").decode() for message in post.messages]

    assert len(set(ids)) == len(READERS)
    for message_id in ids:
        assert re.fullmatch(r"<[a-z0-9.-]{20,120}@courier\.example>", message_id)
        assert not re.search("anna|ben|cleo", message_id)


def test_m4_m5_retry_next_day_keeps_its_message_id_and_gets_a_new_date(tmp_path: Path) -> None:
    clock = now()

    async def twice() -> list[bytes]:
        async with FaultServer("dot", "451", at=1) as server:
            with smtp_newsroom(tmp_path, clock, server.port) as newsroom:
                newsroom.subscribe(ANNA)
                ready(newsroom)
                await tick_once(newsroom.app)
                clock.advance(timedelta(days=1))
                await tick_once(newsroom.app)
            return server.received

    first, second = asyncio.run(twice())

    assert raw(first, "Message-ID") == raw(second, "Message-ID")
    dates = [parsedate_to_datetime(raw(message, "Date").decode()) for message in (first, second)]
    assert dates[1] - dates[0] == timedelta(days=1)


@pytest.fixture
def two_issues(tmp_path: Path, server: MailServer) -> list[bytes]:
    """What one reader got in two weeks."""
    clock = now()
    with smtp_newsroom(tmp_path, clock, server.port) as newsroom:
        newsroom.subscribe(ANNA)
        for _ in range(2):
            ready(newsroom)
            asyncio.run(tick_once(newsroom.app))
            clock.advance(timedelta(days=7))
    return server.contents()


def test_m4_next_issue_has_other_message_ids(two_issues: list[bytes]) -> None:
    assert len({raw(message, "Message-ID") for message in two_issues}) == 2


def test_m5_date_is_now_with_a_zone(post: Post) -> None:
    for message in post.messages:
        date = parsedate_to_datetime(raw(message, "Date").decode())

        assert date.tzinfo is not None
        assert abs(date - post.clock.now()) < timedelta(minutes=10)


def test_m6_what_machines_read_is_literal_https_first_folded_after_a_comma(post: Post) -> None:
    for message in post.messages:
        assert re.fullmatch(
            rb"<https://letters\.courier\.example/u/[A-Za-z0-9._-]+>,\r\n"
            rb" <mailto:desk@courier\.example\?subject=unsubscribe>",
            raw(message, "List-Unsubscribe"),
        )
        assert b"=?" not in b"".join(
            raw(message, name) for name in ("List-Unsubscribe-Post", "Message-ID", "Feedback-ID")
        )
        assert raw(message, "List-Id").endswith(b"<weekly.courier.example>")


@pytest.mark.parametrize("length", [40, 120, 300])
def test_m6_link_of_any_length_stands_on_one_line(
    tmp_path: Path, server: MailServer, length: int
) -> None:
    letters = f"{LETTERS}/{'p' * (length - len(LETTERS) - 1)}"
    with smtp_newsroom(tmp_path, now(), server.port, letters=letters) as newsroom:
        newsroom.subscribe(ANNA)
        ready(newsroom)
        asyncio.run(tick_once(newsroom.app))
    (message,) = server.contents()

    link, mail = raw(message, "List-Unsubscribe").split(b",\r\n ")
    assert re.fullmatch(rb"<%s/u/[!-;=?-~]+>" % letters.encode(), link)  # not folded, not encoded
    assert re.fullmatch(rb"<mailto:[!-;=?-~]+>", mail)


def test_m7_list_unsubscribe_post_is_exact(post: Post) -> None:
    for message in post.messages:
        assert message.count(b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n") == 1


def test_m8_list_id_and_feedback_id_are_the_same_for_every_reader(post: Post) -> None:
    (list_id,) = {raw(message, "List-Id") for message in post.messages}
    (feedback_id,) = {raw(message, "Feedback-ID") for message in post.messages}

    words = str(email.header.make_header(email.header.decode_header(list_id.decode())))
    assert words.replace('"', "") == f"{post.texts.name} <weekly.courier.example>"
    assert re.fullmatch(rb"1:weekly:full:[a-z0-9]{5,15}", feedback_id)


def test_m8_list_id_is_the_same_in_every_issue(two_issues: list[bytes]) -> None:
    first, second = (raw(message, "List-Id") for message in two_issues)

    assert first == second


def test_m8_alert_says_that_a_machine_sent_it_and_has_no_one_click(
    tmp_path: Path, server: MailServer
) -> None:
    """Nothing was approved for a slot that is due."""
    with smtp_newsroom(tmp_path, now(), server.port) as newsroom:
        newsroom.make_due(newsroom.draft(next_friday(newsroom)))
        asyncio.run(tick_once(newsroom.app))
    (message,) = server.contents()

    assert raw(message, "Auto-Submitted") == b"auto-generated"
    assert not [name for name, _ in fields(message) if name.startswith("List-")]


def test_m9_bytes_are_ascii_in_short_lines_that_end_in_crlf(post: Post) -> None:
    for message in post.messages:
        lines = message.split(b"\r\n")
        head = message.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1

        assert message.isascii()
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n", message)
        assert max(map(len, lines[:head])) <= 200
        assert max(map(len, lines[head:])) <= 76
        for piece in parsed(message).iter_parts():
            assert piece["Content-Transfer-Encoding"] == "quoted-printable"


def test_m9_line_led_by_a_dot_comes_through(post: Post) -> None:
    dotted = [line for line in post.texts.text.split("\n") if line.startswith(".")]
    assert dotted

    for message in post.messages:
        text = " ".join(part(message, "plain").split())
        assert [line for line in dotted if f" {line} " not in text] == []


def test_m10_text_comes_first(post: Post) -> None:
    for message in post.messages:
        kinds = [piece.get_content_type() for piece in parsed(message).walk()]

        assert kinds == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_m10_each_part_has_every_story_and_the_way_out(post: Post, kind: str) -> None:
    for message in post.messages:
        text = " ".join(unescape(part(message, kind)).split())
        leave = raw(message, "List-Unsubscribe").split(b">")[0].removeprefix(b"<").decode()

        for headline, url in post.picks:
            assert headline in text
            assert url in text
        assert leave in text


def test_m11_html_is_small_and_the_way_out_stands_near_the_top(post: Post) -> None:
    for message in post.messages:
        page = part(message, "html").encode()
        leave = raw(message, "List-Unsubscribe").split(b">")[0].removeprefix(b"<")

        assert len(page) < 80_000
        assert 0 < page.index(leave) < 20_000


def test_m11_html_has_no_active_content_and_hides_only_the_preheader(post: Post) -> None:
    for message in post.messages:
        page = part(message, "html")
        body = page[page.index("<body") :]

        assert not re.search(
            r"<(script|form|iframe|object|embed|input|base|meta [^>]*refresh)", page, re.I
        )
        assert not re.search(r"<[^>]*\son[a-z]+\s*=", page, re.I)
        assert not re.search(r"(href|src)\s*=\s*[\"']?\s*(javascript|data):", page, re.I)
        hidden = re.findall(r"<[^>]*(?:display:\s*none|visibility:\s*hidden)[^>]*>([^<]*)", body)
        assert [unescape(words) for words in hidden] == [post.texts.headline]


def test_m12_subject_comes_back_exactly_from_short_encoded_words(post: Post) -> None:
    for message in post.messages:
        value = raw(message, "Subject")
        words = re.findall(rb"=\?[^?]+\?[BbQq]\?[^?]*\?=", value)
        assert parsed(message)["Subject"] == post.texts.subject
        assert all(len(word) <= 75 for word in words)
        assert bool(words) == (not post.texts.subject.isascii())
        assert value == value.strip()


def test_m13_line_ends_in_what_editors_and_readers_type_never_make_a_header(
    tmp_path: Path, server: MailServer
) -> None:
    evil = "".join(f"S{end}Bcc: e@e.test{end}{end}" for end in LINE_ENDS)
    texts = Texts("The Harbour Courier", "en", evil, evil, evil)
    with smtp_newsroom(tmp_path, now(), server.port) as newsroom:
        newsroom.subscribe(ANNA, name=evil)
        ready(newsroom, texts)
        asyncio.run(tick_once(newsroom.app))
    (received,) = server.received

    names = [name for name, _ in fields(received.content)]
    assert received.rcpt_to == [ANNA]
    assert sorted(set(names) - {*ONCE, "X-Auto-Response-Suppress"}) == []
    assert len(names) == len(set(names))
    assert parsed(received.content)["Subject"] == " ".join(evil.split())


def verdicts(message: bytes, keys: list[DkimKey]) -> list[bool]:
    """Return what a receiver makes of each signature, from the top; the keys are in its DNS."""
    records = {record.name: record.value.encode() for record in (k.dns_record() for k in keys)}
    count = len([name for name, _ in fields(message) if name == "DKIM-Signature"])
    return [_verdict(message, number, records) for number in range(count)]


def _verdict(message: bytes, number: int, records: dict[str, bytes]) -> bool:
    def ask(name: bytes, timeout: int) -> bytes:
        return records[name.decode().rstrip(".")]

    try:
        return bool(dkim.DKIM(message).verify(idx=number, dnsfunc=ask))
    except dkim.DKIMException:
        return False


def test_m14_every_signature_verifies(post: Post) -> None:
    for message in post.messages:
        assert verdicts(message, post.keys) == [True] * len(post.keys)


def test_m14_every_signature_covers_what_counts(post: Post) -> None:
    signatures = [v for m in post.messages for name, v in fields(m) if name == "DKIM-Signature"]

    assert len(signatures) == len(post.messages) * len(post.keys)
    for signature in signatures:
        pairs = re.sub(rb"\s", b"", signature).decode().rstrip(";").split(";")
        tags = dict(pair.split("=", 1) for pair in pairs)
        covered = tags["h"].lower().split(":")
        assert tags["d"] == "courier.example"
        assert "l" not in tags
        assert {name.lower() for name in ONCE} <= set(covered)
        assert {name for name in covered if covered.count(name) == 2} >= OVERSIGNED


@pytest.mark.parametrize(
    "alter",
    [
        lambda message: message.replace(b"<https://letters", b"<https://evil"),
        lambda message: b"List-Unsubscribe: <https://evil.example/u>\r\n" + message,
        lambda message: b"From: <evil@evil.example>\r\n" + message,
        lambda message: message + b"more\r\n",
    ],
    ids=["link altered", "second link", "second sender", "body altered"],
)
def test_m14_altered_message_fails(post: Post, alter: Callable[[bytes], bytes]) -> None:
    for message in post.messages:
        assert verdicts(alter(message), post.keys) == [False] * len(post.keys)


def test_m16_every_link_is_https_to_a_name_of_ours(post: Post) -> None:
    for message in post.messages:
        page = part(message, "html")
        links = re.findall(r"(?:href|src)\s*=\s*[\"']([^\"']+)", page[page.index("<body") :])
        links += re.findall(r"\S+://\S+", part(message, "plain"))

        assert len(links) > len(post.picks)
        for link in links:
            split = urlsplit(unescape(link))
            assert split.scheme == "https"
            assert split.hostname in {"courier.example", "letters.courier.example"}
