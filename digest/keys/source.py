"""Where a starting process gets its keys: the file, somebody at the terminal, an open descriptor,
or the process that started it.

What came from elsewhere than the disk is handed on through a pipe, whose number alone stands in the
environment: the environment of a process, and its command line, can be read by others.
"""

import contextlib
import getpass
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from digest.errors import ConfigError
from digest.keys.files import read_key_file, read_text
from digest.keys.locked import is_locked, unlock
from digest.keys.ring import KeyRing, ring_as_text, ring_from_text

HANDED_ON = "DIGEST_KEYS"  # the number of the descriptor the starting process reads from
MOST_BYTES = 60_000  # what a pipe takes without a reader; some five hundred keys
TRIES = 3

Ask = Callable[[str], str]


def load_keys(source: str, file: Path, ask: Ask | None = None) -> KeyRing:
    """Return the ring from where the configuration says; ConfigError when it is not there.

    `ask` puts a question to somebody and returns the answer, unseen; the terminal by default. A
    descriptor is read to its end and closed, so it serves one process once.
    """
    if source == "file":
        return read_key_file(file)
    _keep_out_of_core_dumps()
    handed_on = os.environ.pop(HANDED_ON, None)
    if handed_on is not None:
        return ring_from_text(_read_descriptor(int(handed_on)), "the keys handed on")
    if source.startswith("fd:"):
        text = _read_descriptor(int(source.removeprefix("fd:")))
        if is_locked(text):
            raise ConfigError(f'keys.source: what {source} gives is locked: use "prompt"')
        return ring_from_text(text, f"keys.source {source}")
    return ring_from_text(_ask_for_text(file, ask or ask_at_terminal), "the keys")


def _keep_out_of_core_dumps() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def _read_descriptor(number: int) -> str:
    try:
        with os.fdopen(number, "rb") as file:
            return file.read(MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"keys.source: nothing to read from descriptor {number}") from error


def _ask_for_text(file: Path, ask: Ask) -> str:
    """Return the text of a ring: the locked file's, or, where there is none, what is typed in."""
    if not file.exists():
        return _typed_text(ask)
    text = read_text(file)
    if not is_locked(text):
        raise ConfigError(
            f'{file}: keys.source is "prompt" and the file is not locked: put what "digest keys '
            f'export --passphrase" writes in its place'
        )
    question = f"Passphrase of {file}: "
    for _ in range(TRIES - 1):
        with contextlib.suppress(ConfigError):
            return unlock(text, ask(question), str(file))
    return unlock(text, ask(question), str(file))


def _typed_text(ask: Ask) -> str:
    """Return lines up to one that says "end"."""
    lines: list[str] = []
    question = 'The key file, line by line, unseen; "end" ends it: '
    while (line := ask(question).strip()) != "end":
        lines.append(line)
        question = ""
    return "\n".join(lines)


def ask_at_terminal(question: str) -> str:
    """Ask without showing what is typed; ConfigError where nobody is there to answer."""
    if not sys.stdin.isatty():
        raise ConfigError(
            'nobody is there to type a passphrase in (keys.source = "fd:0" reads keys from a pipe)'
        )
    try:
        return getpass.getpass(question)
    except EOFError as error:
        raise KeyboardInterrupt from error


def hand_on(ring: KeyRing) -> int:
    """Return a descriptor from which one child may read the ring, once; the caller closes it."""
    text = ring_as_text(ring).encode()
    if len(text) > MOST_BYTES:
        raise ConfigError("the key ring is too large to be handed on: retire keys")
    reading, writing = os.pipe()
    os.write(writing, text)
    os.close(writing)
    return reading
