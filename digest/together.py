"""Small writes of many visitors, committed as one by a thread of their own.

A commit on SQLite costs a wait for the sender's and a sync of the disk, however little is written.
Works that arrive while one such wait lasts share the next. Nobody's failure is another's: where one
of the shared works raises, all is rolled back and each is done again by itself. Where the store is
at fault, because it stays locked or cannot commit, that is everybody's, and told to all at once.

One thread, because many that write cost more than what they write: each statement lets the
interpreter go, and waits for it again behind all the others.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")
MOST = 50  # works in one transaction: a few milliseconds


class Wish(Generic[T]):
    """One work that waits, and the future of what becomes of it."""

    def __init__(self, work: Callable[[Session], T]) -> None:
        self.work = work
        self.future: Future[T] = Future()


class Together:
    """Gathers works; `write` opens a transaction as `Database.write` does. Close it when done."""

    def __init__(self, write: Callable[[], AbstractContextManager[Session]]) -> None:
        self._write = write
        self._guard = threading.Lock()
        self._waiting = deque[Wish[Any]]()
        self._at_it = False  # whether the thread will look at what waits
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="together")

    def do(self, work: Callable[[Session], T]) -> Future[T]:
        """Do a work in a transaction that others may share; its future has what it returns once
        that is committed, or what it raises, and then nothing of it is kept.

        It may be done twice, so all it does must be in the database. One whose future is cancelled
        before its turn is not done.
        """
        wish = Wish(work)
        with self._guard:
            self._waiting.append(wish)
            begin, self._at_it = not self._at_it, True
        if begin:
            self._thread.submit(self._do_all)
        return wish.future

    def close(self) -> None:
        """Do what waits, and end the thread; nothing may be asked for afterwards."""
        self._thread.shutdown()

    def _do_all(self) -> None:
        while self._is_more():
            self._do_together()

    def _is_more(self) -> bool:
        with self._guard:
            self._at_it = bool(self._waiting)
            return self._at_it

    def _next(self) -> list[Wish[Any]]:
        with self._guard:
            batch = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        return [wish for wish in batch if wish.future.set_running_or_notify_cancel()]

    def _do_together(self) -> None:
        batch: list[Wish[Any]] | None = None
        results: list[Any] | None = None
        try:
            with self._write() as session:
                session.connection()  # the transaction begins now, and not with the first statement
                batch = self._next()  # and what came while we waited for it has a part in it
                results = [wish.work(session) for wish in batch]
        except BaseException as error:
            if results is None and batch and len(batch) > 1:
                for wish in batch:
                    self._do_alone(wish)
                return
            for wish in self._next() if batch is None else batch:
                wish.future.set_exception(error)
            return
        for wish, result in zip(batch, results, strict=True):
            wish.future.set_result(result)

    def _do_alone(self, wish: Wish[Any]) -> None:
        try:
            with self._write() as session:
                result = wish.work(session)
        except BaseException as error:
            wish.future.set_exception(error)
        else:
            wish.future.set_result(result)
