"""An alert about a relay must not wait for that relay."""

from collections.abc import Iterator

import pytest

from digest.clock import FixedClock
from digest.delivery.backends.memory import MemoryBackend
from digest.outbox import NoticeText, enqueue
from digest.testing.newsroom import Newsroom, open_newsroom

NOBODY = 'backend = "smtp"\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"'
SPARE = '[relays.spare]\nbackend = "memory"\n\n[relays.pager]\nbackend = "memory"\n\n[[newsl'


@pytest.fixture
def newsroom(tmp_path, clock: FixedClock) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock, relay=NOBODY, more={"[[newsl": SPARE}) as newsroom:
        yield newsroom


def put_in(newsroom: Newsroom, *kinds: str) -> None:
    app = newsroom.app
    with app.db.write() as session:
        for kind in kinds:
            enqueue(
                session, app.sealer, kind=kind, newsletter_slug="weekly",
                address=f"{kind}@courier.example", text=NoticeText("Trouble", "…"),
                dedupe_key=kind, now=app.clock.now(),
            )  # fmt: skip


def use(newsroom: Newsroom, *, spare: bool = False, pager: bool = False) -> None:
    """Change the configuration: a spare relay of the newsletter, a relay of the alerts."""
    config = newsroom.app.config
    spares = ["spare"] if spare else []
    newsletters = [each.model_copy(update={"spare_relays": spares}) for each in config.newsletters]
    watching = config.watching.model_copy(update={"relay": "pager" if pager else None})
    update = {"newsletters": newsletters, "watching": watching}
    newsroom.app.config = config.model_copy(update=update)


def taken(newsroom: Newsroom, relay: str) -> list[str]:
    backend = newsroom.app.relay(relay).backend
    assert isinstance(backend, MemoryBackend)
    return [envelope.rcpt_to for envelope, _ in backend.accepted]


def test_alert_leaves_through_a_spare_and_other_mail_waits(newsroom, run) -> None:
    use(newsroom, spare=True)
    put_in(newsroom, "alert", "confirm")

    assert run(newsroom.app.notices.send_waiting()) == 1
    assert taken(newsroom, "spare") == ["alert@courier.example"]


def test_relay_of_the_alerts_goes_first(newsroom, run) -> None:
    use(newsroom, spare=True, pager=True)
    put_in(newsroom, "alert")

    assert run(newsroom.app.notices.send_waiting()) == 1
    assert taken(newsroom, "pager") == ["alert@courier.example"]
    assert taken(newsroom, "spare") == []


def test_alert_waits_where_there_is_no_other_way(newsroom, run, clock) -> None:
    put_in(newsroom, "alert")

    assert run(newsroom.app.notices.send_waiting()) == 0

    use(newsroom, spare=True)
    newsroom.app.__dict__.pop("notices")
    clock.set(clock.now().replace(hour=8))

    assert run(newsroom.app.notices.send_waiting()) == 1


def test_every_notice_is_a_sign_of_life(newsroom, run) -> None:
    use(newsroom, pager=True)
    put_in(newsroom, "alert")
    signs: list[int] = []
    run(newsroom.app.notices.send_waiting(lambda: signs.append(1)))

    assert signs == [1]
