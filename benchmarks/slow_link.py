"""A long way to the relay: ``python -m benchmarks.slow_link PORT MILLISECONDS``.

Passes connections on to a port of this machine. What the client says goes through at once, inside
the kernel; what the server says arrives so much later. Prints its own port and runs until killed.
"""

import os
import selectors
import socket
import sys
import threading
import time
from collections import deque

AT_ONCE = 1 << 20  # bytes


class SlowLink:
    """Owns the connections; one thread for all replies, and one for what each client says."""

    def __init__(self, port: int, milliseconds: float) -> None:
        """Listen on a free port."""
        self._behind = port
        self._delay = milliseconds / 1000
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self._waiting = selectors.DefaultSelector()
        self._waiting.register(self._listener, selectors.EVENT_READ)
        # All wait equally long, so the order of coming is that of going on; no bytes: hang up.
        self._late = deque[tuple[float, socket.socket, bytes]]()

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Pass everything on, for ever."""
        while True:
            for key, _ in self._waiting.select(self._until_next()):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj, key.data)
            self._pass_on()

    def _until_next(self) -> float | None:
        return max(0.0, self._late[0][0] - time.monotonic()) if self._late else None

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.create_connection(("127.0.0.1", self._behind))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting.register(server, selectors.EVENT_READ, data=client)
        threading.Thread(target=pass_at_once, args=(client, server), daemon=True).start()

    def _hear(self, server: socket.socket, client: socket.socket) -> None:
        try:
            said = server.recv(65536)
        except ConnectionError:
            said = b""
        self._late.append((time.monotonic() + self._delay, client, said))
        if not said:
            self._waiting.unregister(server)

    def _pass_on(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, client, said = self._late.popleft()
            try:
                if said:
                    client.sendall(said)
                else:
                    client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client has gone


def pass_at_once(client: socket.socket, server: socket.socket) -> None:
    """Move what a client says to the server until it ends; no byte of it comes into this
    program.
    """
    out, into = os.pipe()
    try:
        while waiting := os.splice(client.fileno(), into, AT_ONCE):
            while waiting:
                waiting -= os.splice(out, server.fileno(), waiting)
        server.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of both has gone; the other hears of it from the loop
    finally:
        os.close(out)
        os.close(into)


if __name__ == "__main__":
    link = SlowLink(int(sys.argv[1]), float(sys.argv[2]))
    sys.stdout.write(f"{link.port}\n")
    sys.stdout.flush()
    link.serve()
