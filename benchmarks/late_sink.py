"""A relay whose replies are late: ``python -m benchmarks.late_sink MILLISECONDS``.

Takes mail as smtp-sink does, PIPELINING included, and forgets it; each reply leaves so long after
what it answers was read. One thread and no work for a body but to read it, so that what is measured
is the senders' waiting. Prints its port and runs until killed.
"""

import selectors
import socket
import sys
import time
from collections import deque

READ_BYTES = 1 << 20
END = b"\r\n.\r\n"
EHLO = b"250-late.test\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n"
REPLIES = {
    b"EHLO": EHLO,
    b"DATA": b"354 End data with <CR><LF>.<CR><LF>\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


class Conversation:
    """What one client has said; pure: bytes in, replies out."""

    def __init__(self) -> None:
        self._rest = b""
        self._in_body = False

    def hear(self, data: bytes) -> bytes:
        """Take in what came, and return what is to be answered to it."""
        replies = []
        data = self._rest + data
        while data:
            if self._in_body:
                end = data.find(END)
                if end < 0:
                    data = data[-(len(END) - 1) :]  # the rest of an end may follow
                    break
                data, self._in_body = data[end + len(END) :], False
                replies.append(b"250 2.0.0 Ok\r\n")
                continue
            line, found, rest = data.partition(b"\r\n")
            if not found:
                break
            data, verb = rest, line[:4].upper()
            replies.append(REPLIES.get(verb, b"250 2.0.0 Ok\r\n"))
            self._in_body = verb == b"DATA"
        self._rest = data
        return b"".join(replies)


class LateSink:
    """The server; `delay` in seconds."""

    def __init__(self, delay: float) -> None:
        """Listen on a free port."""
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self._clients = selectors.DefaultSelector()
        self._clients.register(self._listener, selectors.EVENT_READ)
        # All wait equally long, so the order of coming is that of going.
        self._late = deque[tuple[float, socket.socket, bytes]]()
        self._buffer = bytearray(READ_BYTES)

    @property
    def port(self) -> int:
        """Where clients connect."""
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self) -> None:
        """Answer everybody, for ever."""
        while True:
            wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else None
            for key, _ in self._clients.select(wait):
                if key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._hear(key.fileobj, key.data)
            self._answer()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients.register(client, selectors.EVENT_READ, data=Conversation())
        self._answer_later(client, b"220 late.test ESMTP\r\n")

    def _hear(self, client: socket.socket, conversation: Conversation) -> None:
        try:
            length = client.recv_into(self._buffer)
        except ConnectionError:
            length = 0
        if not length:
            self._clients.unregister(client)
            client.close()
            return
        if replies := conversation.hear(bytes(memoryview(self._buffer)[:length])):
            self._answer_later(client, replies)

    def _answer_later(self, client: socket.socket, replies: bytes) -> None:
        self._late.append((time.monotonic() + self._delay, client, replies))

    def _answer(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, client, replies = self._late.popleft()
            try:
                client.sendall(replies)
            except OSError:
                continue  # the client has gone


if __name__ == "__main__":
    sink = LateSink(float(sys.argv[1]) / 1000)
    sys.stdout.write(f"{sink.port}\n")
    sys.stdout.flush()
    sink.serve()
