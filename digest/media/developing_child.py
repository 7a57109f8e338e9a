"""The child process of `darkroom`: develops one picture, and ends. It has no keys and no store.

Reads a line of JSON (the cut, and whether the original is wanted, too) and then the file; writes a
line of JSON and then the files it made. What Pillow might do with a file that was made to harm
happens here, within these limits, or not at all.
"""

import json
import resource
import sys
from contextlib import suppress
from typing import Any

MEMORY_MOST = 1 << 30  # bytes of address space
SECONDS_MOST = 45  # of work; the parent's patience is a little longer


def serve(asked: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return what is said of the files that were made, and these; or of an error, and none."""
    from digest.errors import BadInput
    from digest.media.developing import print_of, strip
    from digest.media.shapes import Cut, Shape

    cut = Cut(asked["x"], asked["y"], Shape(asked["shape"]))
    try:
        files = [strip(data)] if asked["strip"] else []
        files.append(print_of(files[0][0] if files else data, cut))
    except BadInput as error:
        return {"error": str(error)}, []
    except MemoryError:
        return {"error": "The picture takes too much memory: make it smaller first."}, []
    said = [{"size": len(made), "kind": kind, "wide": w, "high": h} for made, kind, (w, h) in files]
    return {"files": said}, [made for made, _, _ in files]


def limit() -> None:
    """Take less from the machine than a bomb would."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the picture
    with suppress(ValueError, OSError):  # where the system knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MOST, SECONDS_MOST + 1))


if __name__ == "__main__":
    limit()
    answer, made = serve(json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.writelines(made)
