"""Which hosts are refused, spelled out, resolved or disguised."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.clock import SystemClock
from digest.config import FetchConfig
from digest.errors import FetchFailed
from digest.fetch.addresses import is_odd, is_public
from digest.fetch.client import Fetcher
from digest.testing.web import loopback_fetcher

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    *("127.0.0.1", "127.1.2.3", "0.1.2.3", "10.0.0.1", "100.64.0.1"),
    *("100.127.255.255", "100.100.100.200", "169.254.169.254", "172.16.0.1", "172.31.255.255"),
    *("192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16", "[::1]", "[::]", "[::ffff:127.0.0.1]"),
    *("[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::]", "[2001::1]", "[2001:db8::1]", "[3fff::1]", "[fc00::1]"),
    *("[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]", "[100::1]", "[5f00::1]"),
]
ODD = [
    *("2130706433", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1"),
    *("017700000001", "127.0.0.1.", "localhost.", "127.0.0.01", "1.2.3.256", "1.2.3.4.5"),
    *("a..b", "-a.example", "ex%61mple.org", "[fe80::1%25eth0]", "exa$mple.org"),
]


@pytest.mark.parametrize("host", PRIVATE)
def test_private_address_is_refused(host: str) -> None:
    with pytest.raises(FetchFailed, match="not on the public internet"):
        Fetcher(FetchConfig(), SystemClock()).get(f"http://{host}/")


@pytest.mark.parametrize("host", PRIVATE)
def test_name_of_a_private_address_is_refused(host: str) -> None:
    resolve = {"inside.example": ["93.184.215.14", host.strip("[]")]}

    with pytest.raises(FetchFailed, match="not on the public internet"):
        Fetcher(FetchConfig(), SystemClock(), resolve.__getitem__).get("https://inside.example/")


@pytest.mark.parametrize("host", ODD)
def test_odd_host_is_refused_even_where_loopback_is_allowed(host: str) -> None:
    with pytest.raises(FetchFailed, match=r"form of host|not a URL"):
        loopback_fetcher().get(f"http://{host}/")


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::1]"])
def test_allowed_network_opens_no_other_spelling(host: str) -> None:
    with pytest.raises(FetchFailed, match="not on the public internet"):
        loopback_fetcher().get(f"http://{host}/")


@pytest.mark.parametrize(
    "host", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "172.32.0.1", "100.128.0.1"]
)
def test_public_address_is_public(host: str) -> None:
    assert is_public(ipaddress.ip_address(host))


@pytest.mark.parametrize("host", ["example.org", "xn--bcher-kva.example", "a-b.c_d.org", "8.8.8.8"])
def test_plain_host_is_not_odd(host: str) -> None:
    assert not is_odd(host)


@given(st.ip_addresses(v=4))
def test_no_ipv6_dress_makes_an_ipv4_address_public(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    dresses = (0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80)

    assert not any(is_public(ipaddress.IPv6Address(dress)) for dress in dresses)
