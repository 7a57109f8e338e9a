"""Everything is sealed anew while an issue is being sent and people sign up: nothing is lost."""

import threading
from collections import Counter
from datetime import date
from pathlib import Path

from digest.app import open_app
from digest.clock import FixedClock
from digest.models import RequestKind
from digest.operations.keys.changing import add_key, retire_key
from digest.operations.keys.rotate import Rotated, rotate
from digest.operations.keys.verify import verify
from digest.scheduler import tick_once
from digest.subscribers.door.requests import Asked, put_request
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = date(2026, 11, 27)
READERS = [f"r{number}@example.org" for number in range(150)]
COMING = [f"c{number}@example.org" for number in range(40)]


def sign_up(newsroom: Newsroom) -> None:
    app = newsroom.app
    for address in COMING:
        with app.db.write() as session:
            asked = Asked(RequestKind.JOIN, 1, address, "form", name="Zoë")
            put_request(session, app.sealer, asked, app.clock.now())


def rotate_elsewhere(folder: Path, clock: FixedClock, results: list[Rotated]) -> None:
    with open_app(folder / "config.toml", clock=clock) as app:
        results.append(rotate(app, lambda _done, _total: None))


def test_sending_and_signing_up_go_on_while_everything_is_sealed_anew(
    tmp_path: Path, clock: FixedClock, run
) -> None:
    with open_newsroom(tmp_path, clock) as newsroom:
        newsroom.subscribe(*READERS, name="Zoë")
        old = newsroom.app.keys.seal[0].id
        add_key(newsroom.app, "seal", str)
    results: list[Rotated] = []
    with open_newsroom(tmp_path, clock) as newsroom:
        issue = newsroom.ready(FRIDAY)
        beside = [
            threading.Thread(target=rotate_elsewhere, args=[tmp_path, clock, results]),
            threading.Thread(target=sign_up, args=[newsroom]),
        ]
        for thread in beside:
            thread.start()
        run(tick_once(newsroom.app))
        for thread in beside:
            thread.join()
        run(tick_once(newsroom.app))

        got = Counter(envelope.rcpt_to for envelope, _ in newsroom.backend.accepted)
        assert {address: got[address] for address in READERS} == dict.fromkeys(READERS, 1)
        assert newsroom.problems(issue) == []
        assert results == [Rotated(results[0].rows, 0, 0)]
        assert results[0].rows >= len(READERS)
        assert verify(newsroom.app, lambda _done, _total: None, everything=True).broken == {}
        retire_key(newsroom.app, old, str)

    with open_newsroom(tmp_path, clock) as newsroom:
        assert [key.id for key in newsroom.app.keys.seal] != [old]
        assert verify(newsroom.app, lambda _done, _total: None, everything=True).broken == {}
