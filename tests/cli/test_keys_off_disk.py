"""Keys that are not on the disk: read from a descriptor, or unlocked by a typed passphrase, and
handed from `digest run` to its parts.
"""

import contextlib
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digest.keys import read_key_file, ring_as_text
from digest.keys.files import write_new
from digest.keys.locked import lock
from digest.operations.keys.processes import Process, find_processes

WORDS = "seven grey herons on the pier"


@pytest.fixture
def text(line) -> str:
    """The text of the ring, whose file is taken away."""
    keys = line.folder / "keys.toml"
    plain = ring_as_text(read_key_file(keys))
    keys.unlink()
    return plain


def started(line, *words: str, stdin: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(line.folder / "config.toml"), *words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def running(line, text: str, waited) -> Iterator[Callable[[], list[Process]]]:
    """`digest run` with its keys from a pipe; returns what finds its parts."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port = door.getsockname()[1]
    line.configure("[web]", f'[keys]\nsource = "fd:0"\n\n[web]\nport = {port}')
    process = started(line, "run", stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.close()
    process.stdin = None

    def parts() -> list[Process]:
        found = find_processes(line.folder / "config.toml")
        return [each for each in found if each.role in {"scheduler", "web"}]

    try:
        waited(lambda: len(parts()) == 2 and listens(port))
        yield lambda: parts() if listens(port) else []
    finally:
        process.terminate()
        process.communicate(timeout=30)


def listens(port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_parts_get_the_keys_through_a_pipe_alone_and_again_when_they_are_restarted(
    running, line, text: str, waited
) -> None:
    secrets = [row.split('"')[1].encode() for row in text.splitlines() if row.startswith("secret")]
    first = running()
    shown = b"".join(
        Path(f"/proc/{part.pid}/{what}").read_bytes()
        for part in first
        for what in ("environ", "cmdline")
    )

    for part in first:
        os.kill(part.pid, signal.SIGKILL)
    waited(lambda: len(running()) == 2 and not set(running()) & set(first))

    assert len(secrets) == 4
    assert not [secret for secret in secrets if secret in shown]
    assert not (line.folder / "keys.toml").exists()


def test_command_reads_its_keys_from_a_pipe(line, text: str) -> None:
    line.configure("[web]", '[keys]\nsource = "fd:0"\n\n[web]')
    process = started(line, "keys", "verify", stdin=subprocess.PIPE)

    out, err = process.communicate(text, timeout=60)

    assert (process.returncode, err) == (0, "")
    assert "the keys are those of this database" in out.lower()


def typed(line, *words: str, answer: str) -> tuple[int, str]:
    """Run a command at a terminal, type one answer; return its status and all that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "--config", str(line.folder / "config.toml"), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # the terminal is theirs
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # what a terminal says when nobody is at its other end
        while part := os.read(ours, 4096):
            shown += part
            if shown.endswith(b": ") and answer:
                os.write(ours, answer.encode() + b"\n")
                answer = ""
    os.close(ours)
    return process.wait(timeout=60), shown.decode()


def test_typed_passphrase_unlocks_the_file_and_is_not_shown(line, text: str) -> None:
    write_new(line.folder / "keys.toml", lock(text, WORDS, cost=4))
    line.configure("[web]", '[keys]\nsource = "prompt"\n\n[web]')

    status, shown = typed(line, "subscribers", "count", answer=WORDS)

    assert "Passphrase of" in shown
    assert WORDS not in shown
    assert "Nobody has subscribed yet." in shown
    assert status == 0


def test_nobody_at_the_terminal_is_said(line, text: str) -> None:
    write_new(line.folder / "keys.toml", lock(text, WORDS, cost=4))
    line.configure("[web]", '[keys]\nsource = "prompt"\n\n[web]')

    assert "nobody is there" in line.bad("status")
