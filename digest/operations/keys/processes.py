"""The processes of this program on this machine that work on one instance, found by their command
lines; by nothing else, so that no other program is ever taken for one of ours.

Linux only: elsewhere there is no /proc, and none is found.
"""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STAYING = frozenset({"run", "scheduler", "web", "tick"})
_CONFIG_WORDS = ("--config", "-c")


@dataclass(frozen=True, slots=True)
class Process:
    """One of ours: what it does, and when it started (seconds since 1970)."""

    pid: int
    role: str
    started: float


def can_look() -> bool:
    """Tell whether processes can be found on this machine at all."""
    return Path("/proc/self/cmdline").exists()


def find_processes(config: Path) -> list[Process]:
    """Return the processes that run, schedule, serve or tick on the instance of this configuration
    file, but not this very one.
    """
    if not can_look():
        return []
    wanted, found = config.resolve(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            role = _role_of(entry, wanted)
            if role is not None:
                found.append(Process(int(entry.name), role, _started(entry)))
    return sorted(found, key=lambda process: process.pid)


def _role_of(entry: Path, config: Path) -> str | None:
    """Return what the process does on our instance, or None when it is none of ours."""
    try:
        words = (entry / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace").split("\0")
        own = _own_words(words)
        role = next((word for word in own if word in STAYING), None)
        if role is None or (entry / _named_config(entry, own)).resolve() != config:
            return None
    except OSError:  # it has ended, or is somebody else's
        return None
    return role


def _own_words(words: Sequence[str]) -> Sequence[str]:
    """Return what stands behind ``digest`` or ``python -m digest``; nothing for other programs."""
    for place, word in enumerate(words[:4]):
        is_module = word == "digest" and place > 0 and words[place - 1] == "-m"
        if is_module or Path(word).name == "digest":
            return words[place + 1 :]
    return []


def _named_config(entry: Path, words: Sequence[str]) -> Path:
    folder = (entry / "cwd").readlink()
    for place, word in enumerate(words):
        if word in _CONFIG_WORDS and place + 1 < len(words):
            return folder / words[place + 1]
        if word.startswith("--config="):
            return folder / word.removeprefix("--config=")
    for setting in (entry / "environ").read_bytes().split(b"\0"):
        if setting.startswith(b"DIGEST_CONFIG="):
            return folder / os.fsdecode(setting.removeprefix(b"DIGEST_CONFIG="))
    return folder / "config.toml"


def _started(entry: Path) -> float:
    ticks = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[19])
    boot = next(
        int(line.split()[1])
        for line in Path("/proc/stat").read_text().splitlines()
        if line.startswith("btime ")
    )
    return boot + ticks / os.sysconf("SC_CLK_TCK")


def kill(process: Process, config: Path) -> bool:
    """End a process at once, without letting it finish anything; False when it is not there, or not
    ours any more.
    """
    if _role_of(Path(f"/proc/{process.pid}"), config.resolve()) != process.role:
        return False
    try:
        os.kill(process.pid, signal.SIGKILL)
    except OSError:
        return False
    return True
