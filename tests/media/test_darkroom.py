"""The darkroom's child: what it makes, and what happens when it is in trouble."""

import itertools
import threading
import time

import pytest

from digest.errors import BadInput, Refused
from digest.media.darkroom import PICTURE_MOST, WAITING_MOST, Darkroom
from digest.media.developing_child import MEMORY_MOST, SECONDS_MOST
from digest.media.shapes import Cut
from tests.media.samples import colour_of, noise, opened, png_claiming, saved, striped

TROUBLE = "tests.media.misbehaving"


def test_original_and_first_print_come_out() -> None:
    original, shown = Darkroom().develop(saved(striped(2700, 600)), Cut(0, 50))

    assert (original.kind, original.width, original.height) == ("jpg", 2700, 600)
    assert opened(original.data).size == (2700, 600)
    assert (shown.width, shown.height) == opened(shown.data).size == (900, 600)
    assert colour_of(opened(shown.data)) == "red"


def test_original_is_printed_anew() -> None:
    room = Darkroom()
    original, _ = room.develop(saved(striped(2700, 600)), Cut())

    assert colour_of(opened(room.print(original.data, Cut(100, 50)).data)) == "blue"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"<svg/>", "take a JPEG"),
        (png_claiming(60_000, 60_000), "at most 64 million"),
        (saved(noise(200, 200))[:9_000], "broken"),
        (b"x" * (PICTURE_MOST + 1), "larger than 10 MB"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Darkroom().develop(data, Cut())


@pytest.mark.parametrize("what", [b"hang", b"die", b"lie", b"hoard"])
def test_child_in_trouble_is_a_broken_file_and_nothing_worse(what: bytes) -> None:
    began = time.monotonic()

    with pytest.raises(BadInput, match="broken"):
        Darkroom(child=TROUBLE, patience=2).develop(what, Cut())

    assert time.monotonic() - began < 20


def test_child_has_limits() -> None:
    with pytest.raises(BadInput, match=f"{MEMORY_MOST} {SECONDS_MOST} 0"):
        Darkroom(child=TROUBLE).develop(b"limits", Cut())


def test_one_picture_is_made_at_a_time() -> None:
    room, said = Darkroom(child=TROUBLE), []

    def ask() -> None:
        with pytest.raises(BadInput) as refused:
            room.develop(b"tell when", Cut())
        said.append(tuple(map(float, str(refused.value).split())))

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    times = sorted(said)
    assert len(times) == 3
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(times))


def test_too_many_do_not_wait() -> None:
    room, said = Darkroom(child=TROUBLE, patience=1), []

    def ask() -> None:
        with pytest.raises((BadInput, Refused)) as refused:
            room.develop(b"hang", Cut())
        said.append((time.monotonic() - began, str(refused.value)))

    askers = [threading.Thread(target=ask) for _ in range(WAITING_MOST + 4)]
    began = time.monotonic()
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    turned_away = [words for after, words in said if after < 0.5]
    assert len(turned_away) >= 4
    assert all("Try again in a minute" in words for words in turned_away)


def test_whoever_waits_too_long_is_told_so() -> None:
    room = Darkroom(child=TROUBLE, patience=1.5)
    refused: list[str] = []

    def ask() -> None:
        with pytest.raises((BadInput, Refused)) as said:
            room.develop(b"hang", Cut())
        refused.append(str(said.value))

    # The first gives up after 1.5 s, then the second is at it as long; the third waits in vain.
    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert any("Try again in a minute" in each for each in refused)
    assert any("broken" in each for each in refused)
