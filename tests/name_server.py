"""A name server on loopback for tests: real packets over UDP and TCP, from a zone file's text, with
the faults that real ones have.
"""

import socket
import socketserver
import struct
import threading
from collections.abc import Iterable
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

MOST_UDP = 512  # octets without EDNS (RFC 1035, 2.3.4)
LONGEST_ALIAS = 8


class NameServer:
    """Answers for the whole tree below the root; a context manager.

    `zone` has one record a line, ``name. IN KIND data``. Names in `failing` are answered by
    SERVFAIL, those in `silent` by nothing. Answers over 512 octets are cut off over UDP, so that
    whoever asks has to come again over TCP. `asked` keeps the questions, with how they came.
    """

    def __init__(
        self, zone: str, *, failing: Iterable[str] = (), silent: Iterable[str] = ()
    ) -> None:
        """Read the zone; nothing listens before ``with``."""
        self._sets: dict[Any, dict[Any, Any]] = {}
        for line in zone.splitlines():
            name, _, kind, data = line.split(maxsplit=3)
            more = dns.rrset.from_text(name, 60, "IN", kind, data)
            self._sets.setdefault(more.name, {}).setdefault(more.rdtype, more).update(more)
        self._failing = {dns.name.from_text(name) for name in failing}
        self._silent = {dns.name.from_text(name) for name in silent}
        self.asked: list[tuple[str, str, str]] = []
        self.port = 0

    @property
    def address(self) -> str:
        """Return ``address:port``, as the configuration has it."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        """Listen on one port for both ways."""
        for _ in range(20):
            self._udp = _Udp(("127.0.0.1", 0), _OverUdp)
            try:
                self._tcp = _Tcp(self._udp.server_address, _OverTcp)
            except OSError:  # somebody has that port over TCP
                self._udp.server_close()
                continue
            break
        self.port = self._udp.server_address[1]
        self._threads = []
        for server in (self._udp, self._tcp):
            server.names = self
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop listening."""
        for server in (self._udp, self._tcp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(10)

    def answer(self, packet: bytes, way: str) -> bytes | None:
        """Return the answer to a question that came by `way`; None for silence."""
        query = dns.message.from_wire(packet)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append((question.name.to_text(omit_final_dot=True), kind, way))
        if question.name in self._silent:
            return None
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        if question.name in self._failing:
            reply.set_rcode(dns.rcode.SERVFAIL)
        else:
            self._fill(reply, question.name, question.rdtype)
        wire: bytes = reply.to_wire()
        if way == "udp" and len(wire) > MOST_UDP:
            cut = dns.message.make_response(query)
            cut.flags |= dns.flags.TC
            wire = cut.to_wire()
        return wire

    def _fill(self, reply: Any, name: Any, kind: Any) -> None:
        for _ in range(LONGEST_ALIAS):
            here = self._sets.get(name)
            if here is None and not any(other.is_subdomain(name) for other in self._sets):
                reply.set_rcode(dns.rcode.NXDOMAIN)
                return
            for wanted in (kind, dns.rdatatype.CNAME):
                if here and wanted in here:
                    reply.answer.append(here[wanted])
                    break
            else:
                return
            if wanted == kind:
                return
            name = here[wanted][0].target


class _Udp(socketserver.ThreadingUDPServer):
    names: NameServer
    daemon_threads = True
    max_packet_size = 65_535


class _Tcp(socketserver.ThreadingTCPServer):
    names: NameServer
    daemon_threads = True
    allow_reuse_address = True


class _OverUdp(socketserver.BaseRequestHandler):
    server: _Udp

    def handle(self) -> None:
        packet, sock = self.request
        answer = self.server.names.answer(packet, "udp")
        if answer is not None:
            sock.sendto(answer, self.client_address)


class _OverTcp(socketserver.BaseRequestHandler):
    server: _Tcp

    def handle(self) -> None:
        self.request.settimeout(5)
        try:
            length = struct.unpack("!H", self._exactly(2))[0]
            answer = self.server.names.answer(self._exactly(length), "tcp")
        except (OSError, struct.error, dns.exception.DNSException):
            return
        if answer is not None:
            self.request.sendall(struct.pack("!H", len(answer)) + answer)

    def _exactly(self, count: int) -> bytes:
        found = b""
        sock: socket.socket = self.request
        while len(found) < count:
            piece = sock.recv(count - len(found))
            if not piece:
                break
            found += piece
        return found
