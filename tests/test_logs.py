"""Whatever is logged, by us or by a library: no address and no token reaches a line."""

import io
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.keys import Key, KeyRing
from digest.logs import NOISY, redact, set_up_logging
from digest.tokens import Purpose, TokenSigner

ADDRESS = "reader+news@gazette.example"
KEY = Key("k1", b"k" * 32)  # the same in every process: tests are named by their tokens
RING = KeyRing((KEY,), (KEY,), (KEY,), (KEY,))
TOKEN = TokenSigner(RING).sign(Purpose.UNSUBSCRIBE, "f3pUblic1d0123456789abcd")
SECRETS = [ADDRESS, "reader+news", TOKEN, TOKEN.split(".")[1]]

log = logging.getLogger("digest.tests")


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in NOISY}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)


@pytest.fixture(params=["text", "json"])
def logged(request: pytest.FixtureRequest) -> Callable[[], str]:
    """Log in either form; the function returns what was written so far."""
    stream = io.StringIO()
    set_up_logging(request.param, "debug", stream)
    return stream.getvalue


@pytest.fixture
def entries() -> Callable[[], list[dict[str, Any]]]:
    """Log as JSON; the function returns the objects written so far."""
    stream = io.StringIO()
    set_up_logging("json", "debug", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("secret", [ADDRESS, f"https://digest.gazette.example/u/{TOKEN}", TOKEN])
def test_secret_in_a_message_is_not_written(logged: Callable[[], str], secret: str) -> None:
    log.info("asked for %s by %s", secret, secret)

    assert "asked for" in logged()
    assert_no_secret(logged())


@pytest.mark.parametrize("secret", [ADDRESS, TOKEN, [ADDRESS], {"to": {ADDRESS: TOKEN}}, (TOKEN,)])
def test_secret_in_an_extra_field_is_not_written(logged: Callable[[], str], secret: object) -> None:
    log.info("asked", extra={"fields": {"by": secret, ADDRESS: 1}})

    assert "by" in logged()
    assert_no_secret(logged())


def test_secret_in_an_object_is_not_written(logged: Callable[[], str]) -> None:
    class Envelope:
        def __repr__(self) -> str:
            return f"Envelope(to={ADDRESS!r}, link='/u/{TOKEN}')"

    log.info("staged %s", Envelope(), extra={"fields": {"what": Envelope()}})

    assert "Envelope(" in logged()
    assert_no_secret(logged())


def test_secret_in_a_traceback_is_not_written(logged: Callable[[], str]) -> None:
    try:
        try:
            raise KeyError(ADDRESS)
        except KeyError as error:
            raise ValueError(f"550 <{ADDRESS}> no such person, link {TOKEN}") from error
    except ValueError:
        log.exception("it broke")

    assert "Traceback" in logged()
    assert_no_secret(logged())


def test_secret_in_a_stack_is_not_written(logged: Callable[[], str]) -> None:
    log.info("here", stack_info=True)  # said for reader+news@gazette.example

    assert "test_secret_in_a_stack" in logged()
    assert_no_secret(logged())


@pytest.mark.parametrize("form", ["text", "json"])
def test_secret_in_a_broken_log_call_is_not_written(
    form: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The standard library prints the arguments of such a call to standard error as they are."""
    set_up_logging(form)

    log.info("one place, two values: %s", ADDRESS, TOKEN)

    written = capsys.readouterr().err
    assert "two values" in written
    assert_no_secret(written)


def assert_no_secret(text: str) -> None:
    for secret in SECRETS:
        assert secret not in text


@pytest.mark.parametrize(
    "text",
    [
        "<reader@gazette.example>",
        "o'reader@gazette.example",
        "{'to':'reader@gazette.example'}",
        "x" * 300 + "reader@gazette.example",
        "RCPT TO:<reader@gazette.example>",
        "mailto:reader@gazette.example?subject=x",
        '"reader@gazette.example"',
        "'reader@gazette.example',",
        "https://gazette.example/?email=reader%40gazette.example&x=1",
        "https://gazette.example/?email=reader%40Gazette.example",
        '"the reader"@gazette.example',
        "lectrice@académie.example",
        "reader@[192.0.2.1]",
        "to=reader@gazette.example",
    ],
)
def test_address_is_found_in_any_clothes(text: str) -> None:
    found = redact(text)

    assert "‹address›" in found
    assert "reader@" not in found
    assert "reader%40" not in found
    assert "lectrice" not in found
    assert "the reader" not in found
    assert "o'reader" not in found
    assert not found.startswith("o'")


def test_redaction_of_a_long_line_takes_no_long_time() -> None:
    long = "x" * 50_000 + "@"

    started = time.perf_counter()
    redact(long * 2)

    assert time.perf_counter() - started < 5


@given(
    local=st.from_regex(r"[a-z0-9.!#$&*+?^_`{|}~-]{1,20}", fullmatch=True),
    domain=st.from_regex(r"[a-z0-9-]{1,10}(\.[a-z0-9-]{1,10}){1,2}", fullmatch=True),
    before=st.sampled_from(["", " ", "<", '"', "(", "to=", "x: "]),
    after=st.sampled_from(["", " ", ">", '"', ")", ", "]),
)
def test_any_plain_address_is_redacted(local: str, domain: str, before: str, after: str) -> None:
    assert redact(f"{before}{local}@{domain}{after}") == f"{before}‹address›{after}"


@given(
    st.text(
        alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
        min_size=20,
        max_size=24,
    )
)
def test_any_signed_link_is_redacted(public_id: str) -> None:
    token = TokenSigner(RING).sign(Purpose.REMIND_LATER, public_id)

    assert redact(f"GET /later/{token} 200") == "GET /later/‹token› 200"
    assert redact(f"token {token} 200") == "token ‹token› 200"


@pytest.mark.parametrize(
    "text",
    [
        "issue frozen  issue=3 audience=200",
        "digest.delivery.backends.smtp: connected to smtp.gazette.example:587",
        'File "/srv/friday/digest/delivery/sender.py", line 3, in tick',
        "https://gazette.example/2026/11/a-long-headline-of-a-story.html",
        "@app.get",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


def test_text_line_reads_from_left_to_right() -> None:
    stream = io.StringIO()
    set_up_logging("text", "info", stream)

    log.info("issue frozen", extra={"fields": {"issue": 3, "audience": 200}})

    when, rest = stream.getvalue()[:19], stream.getvalue()[19:]
    assert (when[4], when[10], when[13]) == ("-", " ", ":")
    assert rest == " INFO    digest.tests: issue frozen  issue=3 audience=200\n"


def test_text_line_cannot_be_forged_by_a_line_break() -> None:
    stream = io.StringIO()
    set_up_logging("text", "info", stream)

    log.info("subject: %s", "x\r\n2026-11-27 07:00:00 ERROR   digest: hacked\x1b[31m")

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_json_line_holds_the_fields_as_they_are(
    entries: Callable[[], list[dict[str, Any]]],
) -> None:
    log.warning("issue frozen", extra={"fields": {"issue": 3, "groups": ["a", "b"], "late": None}})

    (entry,) = entries()
    assert entry.pop("at").endswith("+00:00")
    assert entry == {
        "level": "warning",
        "logger": "digest.tests",
        "message": "issue frozen",
        "issue": 3,
        "groups": ["a", "b"],
        "late": None,
    }


@given(st.text())
def test_json_line_is_one_line_of_json_whatever_it_says(message: str) -> None:
    stream = io.StringIO()
    set_up_logging("json", "info", stream)

    log.info('"%s" said "%s"\\', message, ADDRESS, extra={"fields": {"quoted": f'"{ADDRESS}"\n'}})

    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["quoted"] == '"‹address›"\n'


def test_json_fields_never_hide_what_a_line_is_about(
    entries: Callable[[], list[dict[str, Any]]],
) -> None:
    log.info("true", extra={"fields": {"message": "false", "level": "none"}})

    (entry,) = entries()
    assert (entry["message"], entry["level"]) == ("true", "info")


def test_json_traceback_is_a_field(entries: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        raise ValueError("no good")
    except ValueError:
        log.exception("it broke")

    assert entries()[0]["traceback"].endswith("ValueError: no good")


@pytest.mark.parametrize("name", NOISY)
def test_talkative_libraries_are_heard_from_warnings_on(
    logged: Callable[[], str], name: str
) -> None:
    logging.getLogger(name).info("chatter")
    logging.getLogger(name).warning("trouble")

    assert "chatter" not in logged()
    assert "trouble" in logged()


def test_level_hides_what_is_below_it() -> None:
    stream = io.StringIO()
    set_up_logging("text", "warning", stream)

    log.info("detail")

    assert stream.getvalue() == ""


def test_setting_up_twice_writes_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_logging("text", "info", first)
    set_up_logging("text", "info", second)

    log.info("once")

    assert (first.getvalue(), second.getvalue().count("once")) == ("", 1)
