"""Which file system a path lies on, read from a table of mounts as Linux writes it; pure."""

import re
from dataclasses import dataclass
from pathlib import Path

IN_MEMORY = frozenset({"tmpfs", "ramfs"})
LAYERED = frozenset({"overlay", "overlayfs", "aufs"})
REMOTE = re.compile(r"(nfs\d?|cifs|smb\d?|smbfs|9p|afs|ceph|glusterfs|lustre|virtiofs|fuse\..+)")
ESCAPE = re.compile(r"\\([0-7]{3})")  # a blank in a path is \040


@dataclass(frozen=True, slots=True)
class Mount:
    """A file system's kind and where it hangs."""

    kind: str
    at: str


def find_mount(path: Path, mounts: str) -> Mount:
    """Return the mount a path lies on, which need not exist yet: the deepest that holds it, and of
    those at one place the last.
    """
    here = path.absolute()
    while not here.exists() and here != here.parent:
        here = here.parent
    here = here.resolve()
    best = Mount("unknown", "/")
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        at = ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1])
        if here.is_relative_to(at) and len(at) >= len(best.at):
            best = Mount(fields[2], at)
    return best


def is_remote(kind: str) -> bool:
    """Return whether a kind of file system is somewhere else."""
    return REMOTE.fullmatch(kind) is not None
