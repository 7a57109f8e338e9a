"""What the desk's pages about readers take with many of them, and what one-click leaving takes
beside a scan of every address.

    python -m benchmarks.desk_readers 1000000

makes a newsroom with that many readers, and a consent event for each, in a temporary folder on
SQLite, starts ``digest web`` on it, and prints how long each page took, CPU seconds of the server
and the peak of its memory. Leaving is posted ten times a second, first alone and then during the
scan.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import text

from benchmarks.pages import configured
from benchmarks.processes import Helper, ask
from benchmarks.visits import one_click_posts
from benchmarks.yardstick import free_port, wait_for
from digest.app import App, open_app
from digest.editors.accounts import add_editor
from digest.editors.sessions import open_session
from digest.models import Role
from digest.subscribers.tally import tally_days
from digest.web.desk.doors import COOKIE

LIMIT_SECONDS = 3600.0
ALONE_SECONDS, LEAVE_EVERY = 8, 0.1
EVENTS = """
INSERT INTO consent_events (subscriber_id, newsletter_id, kind, at, origin, evidence)
SELECT subscriber_id, newsletter_id, 'confirmed', datetime(joined_at, '-' || (id % 365 + 1)
|| ' days') || '.000000', 'link', '{}' FROM subscriptions ORDER BY id DESC
"""


class Leaving:
    """Posts one-click leaving from another thread and keeps how long each took, in ms."""

    def __init__(self, app: App, url: str, count: int) -> None:
        self._posts = iter(one_click_posts(app, count))
        self._url = url

    @contextmanager
    def beside(self) -> Iterator[list[float]]:
        """Yield the list that fills as long as the block lasts."""
        took, over = list[float](), threading.Event()
        thread = threading.Thread(target=self._post, args=(took, over))
        thread.start()
        try:
            yield took
        finally:
            over.set()
            thread.join()

    def _post(self, took: list[float], over: threading.Event) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with httpx.Client(base_url=self._url, headers=headers) as client:
            while not over.wait(LEAVE_EVERY):
                post = next(self._posts)
                began = time.perf_counter()
                client.post(post.path, content=post.body).raise_for_status()
                took.append(1000 * (time.perf_counter() - began))


def measure(app: App, server: Helper, url: str) -> Iterator[str]:
    """Yield a line for each thing measured."""
    began = time.perf_counter()
    tally_days(app.db, app.clock.now() + timedelta(days=1))
    yield f"the first tally: {time.perf_counter() - began:.2f} s"
    leaving = Leaving(app, url, 2000)
    with httpx.Client(base_url=url, timeout=LIMIT_SECONDS) as client:
        client.cookies.set(COOKIE, _session(app), path="/desk")
        token = client.get("/desk").text.partition('"X-Desk-Token": "')[2][:64]
        for path in ("/desk/readers", "/desk/readers/growth/weekly"):
            yield f"{path}: {_median(client, path):.0f} ms"
        with leaving.beside() as alone:
            time.sleep(ALONE_SECONDS)
        yield f"leaving alone: {_spread(alone)}"
        for what, path in (("scan", "/desk/readers/scan"), ("CSV", "/desk/readers/export/weekly")):
            used, began = server.cpu(), time.perf_counter()
            with leaving.beside() as meanwhile:
                size = _drain(client, path, {"token": token, "part": "nobody-has-this"})
            seconds, cpu = time.perf_counter() - began, server.cpu() - used
            figures = f"{seconds:.1f} s, {cpu:.1f} s CPU, {size / 1e6:.1f} MB"
            yield f"{what}: {figures}, peak of memory {_peak(server)}"
            yield f"leaving beside it: {_spread(meanwhile)}"


def _session(app: App) -> str:
    now = app.clock.now()
    with app.db.write() as session:
        address = "publisher@courier.example"
        editor = add_editor(
            session, app.sealer, name="P", address=address, role=Role.PUBLISHER, now=now
        )
        return open_session(session, editor, now, app.config.desk.session_hours)


def _median(client: httpx.Client, path: str) -> float:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def _drain(client: httpx.Client, path: str, fields: dict[str, str]) -> int:
    size = 0
    with client.stream("POST", path, data=fields) as answer:
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size += len(piece)
    return size


def _spread(took: list[float]) -> str:
    ordered = sorted(took)
    p50, p90, p99 = (ordered[int(len(ordered) * share)] for share in (0.5, 0.9, 0.99))
    return f"{len(took)} posts, p50 {p50:.1f}, p90 {p90:.1f}, p99 {p99:.1f} ms"


def _peak(server: Helper) -> str:
    for line in Path(f"/proc/{server.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM:"):
            return f"{int(line.split()[1]) / 1024:.0f} MB"
    return "unknown"


def main() -> None:
    """Run as the module's docstring says."""
    parser = argparse.ArgumentParser(description="The desk's pages about readers, with many")
    parser.add_argument("readers", type=int)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="friday-desk-") as name:
        arguments = [name, str(chosen.readers), "sqlite:///digest.db"]
        ask("benchmarks.stock", *arguments, seconds=LIMIT_SECONDS)
        config, port = Path(name) / "config.toml", free_port()
        config.write_text(configured(config.read_text("utf-8"), port), encoding="utf-8")
        with open_app(config) as app:
            with app.db.write() as session:
                session.execute(text(EVENTS))
            with Helper("digest", "--config", config, "web", seconds=LIMIT_SECONDS) as server:
                wait_for(port, lambda: server.alive, "digest web")
                for line in measure(app, server, f"http://127.0.0.1:{port}"):
                    sys.stdout.write(f"{line}\n")
                    sys.stdout.flush()


if __name__ == "__main__":
    main()
