"""Writers take turns: nobody who has just written goes before somebody who waits."""

import fcntl
import multiprocessing
import os
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path

from digest.turns import COURTESY_SECONDS, Queue


def test_place_is_held_against_other_processes_and_given_back(tmp_path: Path) -> None:
    queue, other = Queue(tmp_path / "digest.db"), Queue(tmp_path / "digest.db")
    with queue.place():
        held = _is_free(tmp_path)

    assert (held, _is_free(tmp_path)) == (False, True)
    with other.place():
        assert not _is_free(tmp_path)
    queue.close()
    other.close()


def _is_free(folder: Path) -> bool:
    door = os.open(folder / "digest.db-turn", os.O_RDWR)
    try:
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(door)
    return True


def _write_all_the_time(store: Path, begun: Event, stop: Event) -> None:
    queue = Queue(store)
    while not stop.is_set():
        with queue.place():
            begun.set()
            time.sleep(0.005)


def test_steady_writer_lets_others_in_between(tmp_path: Path) -> None:
    """Whoever asks SQLite again at once would win nearly every time."""
    spawn = multiprocessing.get_context("spawn")
    begun, stop = spawn.Event(), spawn.Event()
    steady = spawn.Process(target=_write_all_the_time, args=(tmp_path / "digest.db", begun, stop))
    steady.start()
    assert begun.wait(30)
    queue, had = Queue(tmp_path / "digest.db"), 0
    for _ in range(20):
        with queue.place():
            had += not _is_free(tmp_path)
    stop.set()
    steady.join()
    queue.close()

    assert had == 20


def test_stopped_process_holds_nobody_up(tmp_path: Path) -> None:
    queue, waiting = Queue(tmp_path / "digest.db"), Queue(tmp_path / "digest.db")
    entered = threading.Event()
    with queue.place():  # as if stopped in the middle

        def go_on() -> None:
            with waiting.place():
                entered.set()

        thread = threading.Thread(target=go_on)
        thread.start()
        assert entered.wait(100 * COURTESY_SECONDS)
        thread.join()
    queue.close()
    waiting.close()


def test_folder_that_cannot_be_written_to_is_no_reason_to_fail(tmp_path: Path) -> None:
    with Queue(tmp_path / "nothing" / "digest.db").place():
        pass
