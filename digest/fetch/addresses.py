"""Which hosts may be spoken to: our own deny list, because ``is_global`` leaves gaps.

Pure judgements over names and numbers; nothing here opens a socket. The ranges are those of the
IANA special-purpose registries (RFC 6890 and later entries), and of IPv6 only global unicast
(2000::/3) is ever allowed.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
DENIED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network, the unspecified address
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's host agent on a public number
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, cloud metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, AMT
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4 carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
HOST_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
# The last label decides: a resolver reads 127.1, 0x7f.1 and 2130706433 as numbers (WHATWG URL,
# "ends in a number").
NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")


def is_public(address: Address) -> bool:
    """Return whether an address lies in no private, special or translated range."""
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in DENIED)


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Return whether an address is in a network; ``::ffff:127.0.0.1`` is not in 127.0.0.0/8."""
    return any(address in network for network in networks)


def literal(host: str) -> Address | None:
    """Return the address a host spells out, a dotted quad or IPv6 without zone, else None."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else address


def is_odd(host: str) -> bool:
    """Return whether a host is neither a plain ASCII name nor a plain address.

    Odd are numbers in disguise (``2130706433``, ``127.1``, ``0x7f.1``), names that end in a dot,
    and any character that has no place in a host name.
    """
    if literal(host) is not None:
        return False
    if len(host) > 253 or not HOST_NAME.fullmatch(host):
        return True
    return NUMERIC_LABEL.fullmatch(host.rpartition(".")[2]) is not None


def objection(addresses: Sequence[Address], port: int, allowed: Sequence[Network]) -> str | None:
    """Say why a host with these addresses may not be asked on this port, or None when it may.

    One bad address among good ones is enough: nobody public needs a private one.
    """
    if not addresses:
        return "the host has no address"
    if all(is_within(address, allowed) for address in addresses):
        return None
    if not all(is_public(address) or is_within(address, allowed) for address in addresses):
        return (
            "the host is not on the public internet (fetch.allow_networks opens private networks)"
        )
    if port not in {80, 443}:
        return "only the ports 80 and 443 are allowed"
    return None
