"""How long a compile takes, and a copy: ``python -m benchmarks.compile ROUNDS``.

The compile is that of production: templates, then MJML in the compiler's child process. The copies
are those of the issue every benchmark sends, each for another reader.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from benchmarks.edition import APPEAL, stock_issue, widened
from benchmarks.processes import tell
from benchmarks.stock import LAST_LINE
from digest.app import App
from digest.clock import SystemClock
from digest.curation.issues import find_issue
from digest.delivery.copies import OWN_LINKS
from digest.press.approval import list_renderings
from digest.press.view import freeze_view
from digest.rendering.compiling.child import MjmlCompiler
from digest.rendering.issue import Rendering, render_issue
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.personalise import ReaderValues
from digest.rendering.view import IssueView
from digest.testing.newsroom import open_newsroom

ARTICLES = 40
COPIES = 2_000  # a round
WHEN = date(2026, 11, 27)


def main(rounds: int) -> None:
    """Measure both and tell milliseconds an edition, µs a copy and the bytes of one."""
    with tempfile.TemporaryDirectory() as folder:
        more = {LAST_LINE: f"{LAST_LINE}\n{APPEAL}"}
        with open_newsroom(Path(folder), SystemClock(), more=more) as newsroom:
            view, rendering = _issue(newsroom.app, stock_issue(newsroom))
            compiled = _compile_times(newsroom.app, widened(view, ARTICLES), rounds)
    build = _press(rendering)
    readers = [_reader(number) for number in range(COPIES)]
    copies = [_seconds(lambda: _build_all(build, readers)) for _ in range(rounds)]
    tell(
        {
            "compile_ms": [seconds * 1e3 for seconds in compiled],
            "copy_us": [seconds / COPIES * 1e6 for seconds in copies],
            "bytes": len(build(*readers[0])),
        }
    )


def _issue(app: App, reference: str) -> tuple[IssueView, Rendering]:
    with app.db.read() as session:
        issue = find_issue(session, reference)
        rendering, *_ = list_renderings(session, issue)
        view = freeze_view(session, issue, app.config.newsletter("weekly"), today=WHEN)
    return view, rendering


def _compile_times(app: App, view: IssueView, rounds: int) -> list[float]:
    with MjmlCompiler() as compiler:

        def render() -> Rendering:
            return render_issue(
                view, edition="full", templates=app.templates, compile_mjml=compiler
            )

        render()  # starts the child and reads the templates, once in the life of a desk
        return [_seconds(render) for _ in range(rounds)]


def _press(rendering: Rendering) -> Callable[[str, str, ReaderValues], bytes]:
    letterhead = Letterhead(
        from_name="The Harbour Courier",
        from_address="letters@courier.example",
        list_name="The Harbour Courier",
        list_id="weekly.courier.example",
        feedback_id="1:weekly:full:courier",
    )
    press, now = CopyPress(rendering, letterhead), SystemClock().now()

    def build(address: str, link: str, values: ReaderValues) -> bytes:
        message_id = f"<{link[-40:]}@courier.example>"
        return press.build(
            values, to=address, message_id=message_id, date=now, unsubscribe_url=link
        )

    return build


def _build_all(
    build: Callable[[str, str, ReaderValues], bytes], readers: list[tuple[str, str, ReaderValues]]
) -> None:
    """Build one copy after the other and keep none, as a sender does."""
    for reader in readers:
        build(*reader)


def _reader(number: int) -> tuple[str, str, ReaderValues]:
    address, token = f"reader.{number}@gmail.com", f"{number:06}" * 11
    link = f"https://letters.courier.example/u/{token}"
    slots = {
        "unsubscribe_url": link,
        "remind_later_url": f"https://letters.courier.example/later/{token}",
        "view_url": "https://letters.courier.example/i/2fJvQx8kPz",
        "address": address,
        "first_name": ("Anna", "Åsa", "Tom")[number % 3],
    }
    return address, link, ReaderValues(slots, own=OWN_LINKS)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]))
