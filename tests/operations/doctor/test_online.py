"""One newsroom and its surroundings, all of them on loopback: names, relay, pages, mirrors."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.delivery.dkim.keys import KeyType, new_private_key, write_private_key
from digest.fetch import Fetched
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Finding
from digest.operations.doctor.pages import judge_mirrors, judge_page, judge_time
from digest.operations.doctor.registry import CHECKS, select
from digest.operations.doctor.run import examine
from digest.press.mirror_probe import Probed
from digest.testing import MailServer
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.web import WebServer, answer, loopback_fetcher
from tests.name_server import NameServer
from tests.operations.doctor.conftest import EARNEST, ask, levels, texts

ZONE = """\
courier.example. IN TXT "v=spf1 ip4:203.0.113.0/24 include:spf.relay.example -all"
courier.example. IN MX 10 mx.courier.example.
courier.example. IN SOA ns.courier.example. admin.courier.example. 1 60 60 60 60
mx.courier.example. IN A 203.0.113.4
_dmarc.courier.example. IN TXT "v=DMARC1; p=reject; rua=mailto:dmarc@courier.example"
spf.relay.example. IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
smtp.relay.example. IN A 8.8.4.9
other.example. IN TXT "v=spf1 -all"
mail.test. IN A 8.8.4.4
4.4.8.8.in-addr.arpa. IN PTR mail.test.
"""
SIGNED = "schedule = {"
NAMES = ("SPF", "DKIM", "DMARC", "MX", "SOA")


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer(ZONE) as server:
        yield server


@pytest.fixture
def signed(tmp_path: Path, clock: FixedClock) -> Iterator[tuple[Newsroom, str]]:
    """A newsroom that signs, through a provider's relay; and the record of its key."""
    key = new_private_key(KeyType.ED25519)
    write_private_key(tmp_path / "friday.pem", key)
    dkim = 'dkim = [{ selector = "friday", key_file = "friday.pem" }]\nschedule = {'
    relay = 'backend = "smtp"\nhost = "smtp.relay.example"'
    more = {SIGNED: dkim, **EARNEST}
    with open_newsroom(tmp_path, clock, relay=relay, more=more) as room:
        from digest.delivery.dkim.keys import load_keys

        (ours,) = load_keys(room.configured.dkim, "letters@courier.example")
        record = ours.dns_record()
        yield room, f'{record.name}. IN TXT "{record.value}"\n'


def test_names_that_are_in_order_are_well(signed: tuple[Newsroom, str]) -> None:
    room, record = signed
    with NameServer(ZONE + record) as server:
        found = examine(Case(room.app, resolvers=[server.address]), select(NAMES), online=True)

    assert [one for one in found.findings if one.level != "ok"] == []
    assert "smtp.relay.example is provided for" in "\n".join(one.text for one in found.findings)


def test_key_that_is_not_published_is_an_error(signed, names: NameServer) -> None:
    (found,) = ask(signed[0], "DKIM-1", names.address)

    assert found.level == "error"
    assert found.text == "friday._domainkey.courier.example: the name does not exist"


def test_resolvers_of_the_configuration_are_asked(tmp_path, clock, names: NameServer) -> None:
    more = {"[scheduler]": f'[doctor]\nresolvers = ["{names.address}"]\n\n[scheduler]'}
    with open_newsroom(tmp_path, clock, more=more) as room:
        found = ask(room, "SPF-1")

    assert levels(found) == {"ok"}
    assert names.asked


def test_relay_that_nothing_speaks_of_is_noted(tmp_path, clock, names: NameServer) -> None:
    relay = 'backend = "smtp"\nhost = "out.elsewhere.example"'
    with open_newsroom(tmp_path, clock, relay=relay) as room:
        (found,) = ask(room, "SPF-2", names.address)

    assert found.level == "note"
    assert "nothing in it speaks of out.elsewhere.example" in found.text


def own_server(folder: Path, clock: FixedClock, port: int, id: str, dns: str) -> list[Finding]:
    relay = f'backend = "smtp"\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"'
    with open_newsroom(folder, clock, relay=relay) as room:
        return ask(room, id, dns)


def test_mail_server_of_our_own_must_be_in_spf_and_have_a_name(
    tmp_path, clock, names: NameServer
) -> None:
    with MailServer() as server:
        (spf,) = own_server(tmp_path, clock, server.port, "SPF-2", names.address)
        (ptr,) = own_server(tmp_path, clock, server.port, "PTR-1", names.address)

    assert (spf.level, "from 8.8.4.4, which the record does not allow" in spf.text) == (
        "warn",
        True,
    )
    assert (ptr.level, ptr.text) == ("ok", "relays.main: 8.8.4.4 and mail.test lead to each other")


def test_mail_server_of_our_own_that_is_allowed_is_well(tmp_path, clock) -> None:
    zone = ZONE.replace("ip4:203.0.113.0/24", "ip4:8.8.4.4")
    with MailServer() as server, NameServer(zone) as names:
        (spf,) = own_server(tmp_path, clock, server.port, "SPF-2", names.address)

    assert spf.level == "ok"


def test_names_that_fail_are_no_errors_of_ours(tmp_path, clock) -> None:
    broken = ["courier.example", "_dmarc.courier.example"]
    with NameServer("", failing=broken) as server, open_newsroom(tmp_path, clock) as room:
        found = examine(Case(room.app, resolvers=[server.address]), select(NAMES), online=True)

    assert {one.level.value for one in found.findings} <= {"ok", "warn"}
    assert "every name server fails" in "\n".join(one.text for one in found.findings)


def test_alignment_that_nobody_knows_is_no_error(tmp_path, clock) -> None:
    line = {'language = "en"': 'language = "en"\nbounce_address = "b@returns.example"'}
    broken = ["_dmarc.returns.example"]
    with (
        NameServer(ZONE, failing=broken) as server,
        open_newsroom(tmp_path, clock, more=line) as room,
    ):
        (found,) = ask(room, "DMARC-2", server.address)

    assert found.level == "warn"
    assert "cannot be told: _dmarc.returns.example: every name server fails" in found.text


def test_bounces_to_a_strangers_domain_do_not_count(tmp_path, clock) -> None:
    line = {'language = "en"': 'language = "en"\nbounce_address = "b@other.example"'}
    with NameServer(ZONE) as server, open_newsroom(tmp_path, clock, more=line) as room:
        (found,) = ask(room, "DMARC-2", server.address)

    assert found.level == "warn"
    assert "SPF of other.example does not count for courier.example" in found.text


@pytest.mark.parametrize("zone", ["mail.test. IN A 10.0.0.7", ""])
def test_mail_server_without_a_public_address_is_only_noted(tmp_path, clock, zone: str) -> None:
    rest = "\n".join(line for line in ZONE.splitlines() if not line.startswith("mail.test"))
    with MailServer() as server, NameServer(f"{rest}\n{zone}") as names:
        (spf,) = own_server(tmp_path, clock, server.port, "SPF-2", names.address)

    assert (spf.level, "under a name without a public address" in spf.text) == ("note", True)


@pytest.fixture
def site() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.close()


def pages(tmp_path: Path, clock: FixedClock, site: WebServer, id: str) -> list[Finding]:
    """Ask a newsroom's public pages, which are at a name that leads to loopback."""
    with open_newsroom(tmp_path, clock) as room:
        config = room.app.config
        web = config.web.model_copy(update={"public_url": site.url("", "news.courier.example")})
        room.app.config = config.model_copy(update={"web": web})
        room.app.fetcher = loopback_fetcher()
        return ask(room, id)


def test_pages_that_answer_are_well(tmp_path, clock, site: WebServer) -> None:
    site.answers["/health"] = answer(body=b"ok")

    assert levels(pages(tmp_path, clock, site, "PAGES-1")) == {"ok"}


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"It works!", "something else answers there"),
        (503, b"unfit", "the server answered 503"),
        (404, b"", "the server answered 404"),
    ],
)
def test_pages_that_do_not_answer_are_an_error(
    tmp_path, clock, site: WebServer, status: int, body: bytes, words: str
) -> None:
    site.answers["/health"] = answer(status, body)

    (found,) = pages(tmp_path, clock, site, "PAGES-1")

    assert (found.level, words in found.text) == ("error", True)


def test_pages_that_redirect_are_an_error(tmp_path, clock, site: WebServer) -> None:
    site.answers["/health"] = answer(301, Location="/elsewhere/health")
    site.answers["/elsewhere/health"] = answer(body=b"ok")

    (found,) = pages(tmp_path, clock, site, "PAGES-1")

    assert (found.level, "it redirects" in found.text) == ("error", True)


@pytest.mark.parametrize(
    ("off", "level", "words"),
    [
        (0, "ok", "agrees with that of news.courier.example"),
        (30, "warn", "30 seconds behind that of news"),
        (-3700, "error", "3,700 seconds before that of news"),
    ],
)
def test_clock_is_compared_with_that_of_the_pages(
    tmp_path, clock, site: WebServer, off: int, level: str, words: str
) -> None:
    date = format_datetime(clock.now() + timedelta(seconds=off), usegmt=True)

    def dated(request) -> None:
        request.send_response_only(200)
        request.send_header("Date", date)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    site.answers["/health"] = dated

    (found,) = pages(tmp_path, clock, site, "CLOCK-2")

    assert (found.level, words in found.text) == (level, True), found.text


def test_pages_on_loopback_are_not_asked_from_outside(tmp_path, clock) -> None:
    with open_newsroom(tmp_path, clock) as room:
        assert ask(room, "PAGES-1") == []


def test_certificate_of_the_pages_is_judged(clock) -> None:
    soon = Fetched("https://a.example/health", 200, b"ok", certificate_ends=clock.now())

    found = list(judge_page("https://a.example", soon, clock.now()))

    assert [one.level.value for one in found] == ["ok", "error"]


def test_clock_that_is_off_says_which_way() -> None:
    assert "20 seconds before that of x" in judge_time("x", -20).text


def test_mirrors_that_do_not_answer() -> None:
    at = "https://m.example"
    some = [Probed("pages", at, "gone"), Probed("pages", "https://n.example", "")]

    assert {said.level.value for said in judge_mirrors("weekly", some)} == {"ok", "note"}
    assert [said.level.value for said in judge_mirrors("weekly", some[:1])] == ["error"]


def test_mirrors_are_asked(tmp_path, clock, site: WebServer) -> None:
    mirror = f'[[newsletters.mirrors]]\nof = "pages"\nat = ["{site.url("")}"]\n'
    site.answers["/"] = answer(body=b"<title>x</title>")
    with open_newsroom(tmp_path, clock):
        path = tmp_path / "config.toml"
        path.write_text(path.read_text() + mirror)
    from digest.app import open_app

    with open_app(tmp_path / "config.toml", clock=clock) as app:
        app.fetcher = loopback_fetcher()
        found = ask(Newsroom(app), "MIRROR-1")

    assert f"weekly: {site.url('')} answers for pages" in texts(found, "ok")


def test_mailbox_that_cannot_be_opened_is_an_error(tmp_path, clock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        box = (
            f'mailbox = {{ address = "friday@courier.example", host = "127.0.0.1", port = {port}, '
            'security = "none", username = "friday", password = "secret" }\nschedule = {'
        )
        with open_newsroom(tmp_path, clock, more={SIGNED: box}) as room:
            (found,) = ask(room, "MAILBOX-1")

    assert found.level == "error"
    assert found.text.startswith(f"mailbox: 127.0.0.1:{port}: ")
    assert "secret" not in found.text


def test_nothing_is_asked_of_the_network_unless_it_is_wanted(
    signed: tuple[Newsroom, str], names: NameServer
) -> None:
    found = examine(Case(signed[0].app, resolvers=[names.address]))

    assert names.asked == []
    assert set(found.offline) == {id for id, check in CHECKS.items() if check.online}
    assert {one.id for one in found.findings}.isdisjoint(found.offline)


def test_network_checks_leave_no_thread_behind(signed: tuple[Newsroom, str], names) -> None:
    before = threading.active_count()

    examine(Case(signed[0].app, resolvers=[names.address]), select(NAMES), online=True)

    assert threading.active_count() <= before + 1
