"""Names of hosts and how they belong together, judged by the names alone; pure.

Which domains are of one owner is not written in names: the DNS says it (`dns.dmarc`). What is here
is the guess where nobody asks the DNS.
"""

import ipaddress


def domain_of(address: str) -> str:
    """Return what is behind the @, in small letters."""
    return address.rpartition("@")[2].lower()


def are_related(first: str, second: str) -> bool:
    """Return whether two domains look like one house: the same, one below the other, or both below
    a third of at least two labels that is no bare pair of short ones, such as ``co.uk``.
    """
    if first == second or first.endswith(f".{second}") or second.endswith(f".{first}"):
        return True
    shared = _shared(first.split("."), second.split("."))
    return len(shared) > 2 or (len(shared) == 2 and len(shared[0]) > 3)


def _shared(first: list[str], second: list[str]) -> list[str]:
    shared: list[str] = []
    for one, other in zip(reversed(first), reversed(second), strict=False):
        if one != other:
            break
        shared.insert(0, one)
    return shared


def is_here(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parents_of(domain: str) -> list[str]:
    """Return a domain and those above it, the longest first, the last with a single label."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
