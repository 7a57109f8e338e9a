"""Asks for every link and picture of an issue, a few at a time; an interrupt ends it at once."""

import queue
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from digest.curation.sources.page import PageSource
from digest.errors import BadInput, FetchFailed
from digest.fetch import Fetched
from digest.press.preflight.material import Answer
from digest.press.preflight.measures import picture_size

if TYPE_CHECKING:
    from digest.fetch.client import Fetcher

AT_ONCE = 6  # they are mostly the paper's own server
Progress = Callable[[int, int], None]


def ask(fetcher: "Fetcher", urls: Iterable[str], progress: Progress) -> dict[str, Answer]:
    """Return what came back for each URL. `progress` is told how many are done, of how many.

    A link that fails is an answer with a problem, never an exception.
    """
    wanted = list(dict.fromkeys(urls))
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answered: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
    for url in wanted:
        waiting.put(url)
    for _ in range(min(AT_ONCE, len(wanted))):
        # As daemons, so that nobody waits for a slow server after an interrupt.
        threading.Thread(target=_work, args=(fetcher, waiting, answered), daemon=True).start()
    answers: dict[str, Answer] = {}
    progress(0, len(wanted))
    while len(answers) < len(wanted):
        url, answer = answered.get()
        answers[url] = answer
        progress(len(answers), len(wanted))
    return {url: answers[url] for url in wanted}


def _work(
    fetcher: "Fetcher",
    waiting: "queue.SimpleQueue[str]",
    answered: "queue.SimpleQueue[tuple[str, Answer]]",
) -> None:
    while True:
        try:
            url = waiting.get_nowait()
        except queue.Empty:
            return
        answered.put((url, _ask_one(fetcher, url)))


def _ask_one(fetcher: "Fetcher", url: str) -> Answer:
    try:
        return read_answer(fetcher.get(url.partition("#")[0], accept=PageSource.accept))
    except FetchFailed as error:
        return Answer(status=error.status or 0, problem=str(error))
    except Exception as error:  # a surprise in a thread must not leave the others waiting for ever
        return Answer(status=0, problem=f"{type(error).__name__}: {error}"[:200])


def read_answer(fetched: Fetched) -> Answer:
    """Return what an answer says of a page or a picture."""
    width, height = picture_size(fetched.body)
    size = len(fetched.body)
    if width:
        return Answer(fetched.status, "", fetched.url, "", size, width, height)
    try:
        article = PageSource().read(fetched).articles[0]
    except BadInput:
        return Answer(fetched.status, "", fetched.url, "", size)
    return Answer(fetched.status, "", article.url, article.title, size)
