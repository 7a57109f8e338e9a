"""Questions to the DNS, each answered by a value: what was found, that there is none, or why nobody
knows. The only module that loads dnspython, and only when somebody asks.
"""

import enum
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

SECONDS = 5.0  # for one question, over all name servers and tries
PORT = 53
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\]:(?P<sixport>\d+)|(?P<four>[0-9.]+):(?P<fourport>\d+)")


class Fate(enum.StrEnum):
    """What became of a question."""

    FOUND = "found"
    NO_RECORD = "the name is there, and has no such record"
    NO_NAME = "the name does not exist"
    FAILED = "nobody knows"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the records as text, in the order they came; why, where nobody knows."""

    fate: Fate
    values: tuple[str, ...] = ()
    why: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is certainly nothing: what SPF calls a void look-up (RFC 7208, 4.6.4)."""
        return self.fate in {Fate.NO_RECORD, Fate.NO_NAME}

    @property
    def failed(self) -> bool:
        """Whether nobody knows: a time-out, SERVFAIL, a name server that cannot be reached."""
        return self.fate is Fate.FAILED


class Dns:
    """Asks the given name servers, or the system's; remembers every answer. Safe to use from
    several threads.
    """

    def __init__(self, resolvers: Sequence[str] = (), *, seconds: float = SECONDS) -> None:
        """Take name servers as ``address`` or ``address:port``."""
        self._servers = [*resolvers]
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Answer] = {}
        self._resolver: Any = None

    def txt(self, name: str) -> Answer:
        """Return the TXT records of a name, the strings of each put together (RFC 7208, 3.3)."""
        return self._ask(name, "TXT", _joined)

    def mx(self, name: str) -> Answer:
        """Return the MX records as ``preference host``; the host of a null MX (RFC 7505) is a
        dot.
        """
        return self._ask(name, "MX", lambda found: f"{found.preference} {_host(found.exchange)}")

    def addresses(self, name: str) -> Answer:
        """Return the IPv4 and IPv6 addresses of a name; FAILED only where neither was found and one
        of both is not known.
        """
        four = self._ask(name, "A", lambda found: str(found.address))
        six = self._ask(name, "AAAA", lambda found: str(found.address))
        if values := four.values + six.values:
            return Answer(Fate.FOUND, values)
        return next((one for one in (four, six) if one.failed), four)

    def ptr(self, address: str) -> Answer:
        """Return the names that an address is given back as."""
        import dns.reversename

        name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        return self._ask(name, "PTR", lambda found: _host(found.target))

    def soa(self, name: str) -> Answer:
        """Return the first name server of the zone that begins at a name."""
        return self._ask(name, "SOA", lambda found: _host(found.mname))

    def alias(self, name: str) -> str | None:
        """Return the name that a name is only another one for (CNAME), or None."""
        found = self._ask(name, "CNAME", lambda one: _host(one.target))
        return found.values[0] if found.values else None

    def _ask(self, name: str, kind: str, read: Callable[[Any], str]) -> Answer:
        key = (name.lower().rstrip("."), kind)
        with self._lock:
            if key in self._known:
                return self._known[key]
        answer = self._asked(*key, read)
        with self._lock:
            return self._known.setdefault(key, answer)

    def _asked(self, name: str, kind: str, read: Callable[[Any], str]) -> Answer:
        import dns.exception
        import dns.resolver

        try:
            found = self._ready().resolve(name, kind, search=False, lifetime=self._seconds)
        except dns.resolver.NXDOMAIN:
            return Answer(Fate.NO_NAME)
        except dns.resolver.NoAnswer:
            return Answer(Fate.NO_RECORD)
        except dns.resolver.NoNameservers:
            return Answer(Fate.FAILED, why="every name server fails on it (SERVFAIL, or refused)")
        except dns.exception.Timeout:
            return Answer(Fate.FAILED, why=f"no answer within {self._seconds:g} seconds")
        except dns.resolver.NoResolverConfiguration:
            why = "this system names no name server: set doctor.resolvers"
            return Answer(Fate.FAILED, why=why)
        except dns.exception.DNSException as error:  # a name that is none, an answer that is none
            return Answer(Fate.FAILED, why=f"{type(error).__name__}")
        return Answer(Fate.FOUND, tuple(read(one) for one in found))

    def _ready(self) -> Any:
        """Return dnspython's resolver, made with the first question."""
        import dns.nameserver
        import dns.resolver

        with self._lock:
            if self._resolver is None:
                resolver = dns.resolver.Resolver(configure=not self._servers)
                if self._servers:
                    places = map(_place, self._servers)
                    resolver.nameservers = [
                        dns.nameserver.Do53Nameserver(address, port) for address, port in places
                    ]
                self._resolver = resolver
            return self._resolver


def _place(server: str) -> tuple[str, int]:
    found = _WITH_PORT.fullmatch(server)
    if found is None:
        return server, PORT
    return found["six"] or found["four"], int(found["sixport"] or found["fourport"])


def _joined(found: Any) -> str:
    return b"".join(found.strings).decode("utf-8", "replace")


def _host(name: Any) -> str:
    text: str = name.to_text()
    return text if text == "." else text.rstrip(".").lower()
