"""The door to the judges that are written in JavaScript: one process a question, JSON both ways."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
SECONDS = 120.0


class JudgeBroken(Exception):
    """A judge could not do its work; says which and why. It is no verdict on any mail."""


def module_text(path: str) -> str:
    """Return a file of an installed package; JudgeBroken when it is not there."""
    _refuse_without_modules()
    return (MODULES / path).read_text("utf-8")


def ask_node(script: str, question: dict[str, Any]) -> Any:
    """Return what ``node/<script>.mjs`` answers; JudgeBroken when it fails."""
    _refuse_without_modules()
    node = shutil.which("node")
    if node is None:
        raise JudgeBroken("Node.js is not installed")
    done = subprocess.run(
        [node, str(HERE / "node" / f"{script}.mjs")],
        input=json.dumps(question).encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise JudgeBroken(f"{script}.mjs: {done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout)


def _refuse_without_modules() -> None:
    if not MODULES.exists():
        raise JudgeBroken("its packages are not installed; `make judges` does that")
