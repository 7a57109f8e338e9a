"""The doctor's questions to a name server that is not ours: Debian's nsd, over UDP and TCP."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.delivery.dkim.keys import DkimKey, KeyType, new_private_key
from digest.operations.doctor.dns.dkim import judge_key
from digest.operations.doctor.dns.dmarc import read_standing
from digest.operations.doctor.dns.resolver import Dns, Fate
from digest.operations.doctor.dns.spf import read_spf
from digest.operations.doctor.dns.zones import judge_mx, judge_ptr, judge_soa

KEY = DkimKey("gazette.example", "friday", new_private_key(KeyType.RSA))
LONG = " ".join(f'"{"x" * 250}"' for _ in range(16))
ZONES = {
    "gazette.example": f"""\
$TTL 60
$ORIGIN gazette.example.
@ IN SOA ns admin 1 60 60 60 60
@ IN NS ns
@ IN MX 10 mail
@ IN TXT "v=spf1 mx include:spf.gazette.example -all"
spf IN TXT "v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24" " ip4:203.0.113.0/24 -all"
ns IN A 192.0.2.53
mail IN A 8.8.4.4
quiet IN MX 0 .
alias IN CNAME mail
long IN TXT {LONG}
_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:d@gazette.example"
{KEY.dns_record().zone_line()}
""",
    "4.8.8.in-addr.arpa": """\
$TTL 60
@ IN SOA ns.gazette.example. admin.gazette.example. 1 60 60 60 60
@ IN NS ns.gazette.example.
4 IN PTR mail.gazette.example.
""",
}


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(folder: Path, port: int) -> str:
    lines = ["server:", "  ip-address: 127.0.0.1", f"  port: {port}", '  username: ""']
    lines += ["  server-count: 1", '  chroot: ""', f'  zonesdir: "{folder}"', '  zonelistfile: ""']
    lines += [f'  pidfile: "{folder}/pid"', f'  xfrdfile: "{folder}/xfrd"', '  database: ""']
    lines += [f'  xfrdir: "{folder}"', "remote-control:", "  control-enable: no"]
    for name in ZONES:
        lines += ["zone:", f'  name: "{name}"', f'  zonefile: "{name}.zone"']
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def dns(
    system_part: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dns]:
    program, folder, port = system_part("nsd"), tmp_path_factory.mktemp("nsd"), free_port()
    for name, zone in ZONES.items():
        (folder / f"{name}.zone").write_text(zone)
    (folder / "nsd.conf").write_text(configuration(folder, port))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [program, "-d", "-c", folder / "nsd.conf"], stdout=log, stderr=log
        )
        try:
            _await_answer(port, folder / "log")
            yield Dns([f"127.0.0.1:{port}"], seconds=2)
        finally:
            server.terminate()
            server.wait(10)


def _await_answer(port: int, log: Path) -> None:
    for _ in range(100):
        if Dns([f"127.0.0.1:{port}"], seconds=0.2).soa("gazette.example").values:
            return
        time.sleep(0.1)
    pytest.fail(f"nsd does not answer: {log.read_text()[-1000:]}")


def test_records_are_read_as_they_are_published(dns: Dns) -> None:
    spf = read_spf(dns, "gazette.example")

    assert (spf.error, spf.unknown, spf.lookups, spf.all_sign) == ("", "", 2, "-")
    assert spf.allows("203.0.113.9")  # from the second piece of a text
    assert spf.allows("8.8.4.4")
    assert not spf.allows("8.8.4.5")
    assert read_standing(dns, "news.gazette.example").organisation == "gazette.example"


def test_key_in_pieces_is_ours(dns: Dns) -> None:
    answer = dns.txt("friday._domainkey.gazette.example")

    assert [said.level.value for said in judge_key(KEY, answer.values)] == ["ok"]


def test_answer_that_does_not_fit_comes_over_tcp(dns: Dns) -> None:
    assert dns.txt("long.gazette.example").values == ("x" * 4000,)


def test_what_is_not_there_is_told_from_what_nobody_knows(dns: Dns) -> None:
    assert dns.txt("gone.gazette.example").fate is Fate.NO_NAME
    assert dns.txt("mail.gazette.example").fate is Fate.NO_RECORD
    assert dns.txt("elsewhere.example").fate is Fate.FAILED  # nsd refuses zones it has not
    assert dns.alias("alias.gazette.example") == "mail.gazette.example"


def test_names_lead_to_addresses_and_back(dns: Dns) -> None:
    (there,) = judge_ptr(dns, "relays.main", "mail.gazette.example")
    (mail,) = judge_mx(dns, "gazette.example", ["replies"])
    (null,) = judge_mx(dns, "quiet.gazette.example", ["replies"])

    assert (there.level, mail.level, null.level) == ("ok", "ok", "error")
    assert judge_soa(dns, "news.gazette.example").text.endswith("its zone is gazette.example")
