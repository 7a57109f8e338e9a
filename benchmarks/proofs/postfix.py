"""Postfix's own programs as servers: a whole Postfix in a folder of its own, and its smtp-sink."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from digest.testing.smtp import MailServer

TOOLS = Path("/usr/sbin")
DAEMONS = (Path("/usr/lib/postfix/sbin"), Path("/usr/libexec/postfix"))
PATIENCE_SECONDS = 180.0

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
myhostname = relay.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtp_dns_support_level = disabled
relayhost = [127.0.0.1]:{next_hop}
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
maillog_file = {folder}/data/mail.log
maillog_file_prefixes = {folder}
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class NotRoot(Exception):
    """Postfix's master must be started by root."""


class NextHop(MailServer):
    """Where Postfix delivers to; notes what arrived under which queue id, and keeps no message."""

    def __init__(self) -> None:
        super().__init__(pipelining=True)
        self.arrived: dict[str, set[str]] = defaultdict(set)  # queue ids by Message-ID

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        head = envelope.content.partition(b"\r\n\r\n")[0].decode()
        name = re.search(r"^Message-ID: (<\S+>)", head, re.MULTILINE | re.IGNORECASE)
        queue_id = re.search(r"ESMTP id (\w+)", head)
        if name is None or queue_id is None:
            return "554 5.6.0 a copy without a name"
        self.arrived[name[1]].add(queue_id[1])
        return "250 2.0.0 Ok"


class Postfix:
    """A whole Postfix in a folder of its own, on a port of loopback; ended for sure."""

    def __init__(self, folder: Path, next_hop: int, *, main: str = "", master: str = "") -> None:
        """Write its configuration, with further lines for either file; NotRoot where it could not
        be started.
        """
        if os.geteuid() != 0:
            raise NotRoot("only root may start Postfix")
        self.port = free_port()
        self.log = folder / "data" / "mail.log"
        self._folder = folder
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir(parents=True)
        shutil.chown(folder / "data", "postfix")
        daemons = next(place for place in DAEMONS if place.exists())
        said = MAIN.format(folder=folder, daemons=daemons, next_hop=next_hop)
        (folder / "etc" / "main.cf").write_text(said + main)
        (folder / "etc" / "master.cf").write_text(MASTER.format(port=self.port) + master)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self._folder / "said").open("ab") as said:
            self._script = subprocess.Popen(
                [TOOLS / "postfix", "-c", self._folder / "etc", "start-fg"],
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                process_group=0,
            )
        wait_for_port(self.port)

    def kill(self) -> None:
        """Kill its master and every process of it, as a power cut would."""
        file = self._folder / "queue" / "pid" / "master.pid"
        if file.exists() and self._script.poll() is None:
            master = int(file.read_text())
            for pid in (master, *children_of(master)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._script.wait(20)

    @property
    def waiting(self) -> int:
        """Return how many messages are in its queue, complete ones and others."""
        folders = ("incoming", "active", "deferred", "hold", "maildrop")
        places = (self._folder / "queue" / name for name in folders)
        return sum(1 for place in places for file in place.rglob("*") if file.is_file())


def children_of(pid: int) -> list[int]:
    """Return the ids of a process's children, and stop it first so that it makes no more."""
    os.kill(pid, signal.SIGSTOP)
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Sink:
    """smtp-sink on one port, started with one set of options after another; ended for sure."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder / "sink"
        self._folder.mkdir()
        self._user: list[str] = []
        if os.geteuid() == 0:
            self._user = ["-u", "nobody"]
            folder.chmod(0o755)
            shutil.chown(self._folder, "nobody")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self, *options: str) -> None:
        """Start it; each message whose dot it reads goes to a file of its own."""
        told = [*self._user, *options, "-d", "%H%M%S.", f"127.0.0.1:{self.port}", "200"]
        self._process = subprocess.Popen(
            [str(TOOLS / "smtp-sink"), *told],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        """Kill it, with all its connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def copies(self) -> Counter[str]:
        """Return how many whole copies it read of each, by Message-ID."""
        found = Counter[str]()
        for file in self._folder.iterdir():
            message = file.read_bytes()
            name = re.search(rb"^Message-ID: (<\S+>)", message, re.MULTILINE)
            if name is not None and message.rstrip().endswith(b"--"):
                found[name[1].decode()] += 1
        return found


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Wait until somebody listens there."""

    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return False
        return True

    wait_until(answers)


def wait_until(done: Callable[[], bool]) -> None:
    """Wait until it is so; AssertionError when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)
