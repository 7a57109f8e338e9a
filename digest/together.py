"""Small writes of many threads, committed as one: whoever comes first writes for all that wait.

A commit on SQLite costs a wait for the sender's and a sync of the disk, however little is written.
Forms that arrive while one such wait lasts share the next. Nobody's failure is another's: where one
of the shared works raises, all is rolled back and each is done again by itself. Where the store is
at fault, because it stays locked or cannot commit, that is everybody's, and told to all at once.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy.orm import Session

T = TypeVar("T")
MOST = 50  # works in one transaction: a few milliseconds


class Wish(Generic[T]):
    """One work that waits, and what became of it."""

    def __init__(self, work: Callable[[Session], T]) -> None:
        self.work = work
        self.done = False
        self.error: BaseException | None = None
        self._result: T | None = None

    def grant(self, result: T) -> None:
        """Note what the work returned, once that is committed."""
        self._result, self.done = result, True

    def refuse(self, error: BaseException) -> None:
        """Note what the work raised."""
        self.error, self.done = error, True

    def outcome(self) -> T:
        """Return what the work returned, or raise what it raised."""
        if self.error is not None:
            raise self.error
        return self._result  # type: ignore[return-value]  # set by grant


class Together:
    """Gathers works; `write` opens a transaction as `Database.write` does."""

    def __init__(self, write: Callable[[], AbstractContextManager[Session]]) -> None:
        self._write = write
        self._guard = threading.Lock()
        self._leading = threading.Lock()
        self._waiting: list[Wish[Any]] = []

    def do(self, work: Callable[[Session], T]) -> T:
        """Do a work in a transaction that others may share, and return what it returns once it is
        committed; what it raises is raised, and nothing of it is kept.

        It may be done twice, so all it does must be in the database.
        """
        wish = Wish(work)
        with self._guard:
            self._waiting.append(wish)
        while not wish.done:
            with self._leading:
                if not wish.done:
                    self._lead()
        return wish.outcome()

    def _lead(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        at_work = False
        try:
            with self._write() as session:
                session.connection()  # the transaction begins now, and not with the first statement
                at_work = True
                results = [wish.work(session) for wish in batch]
                at_work = False
        except BaseException as error:
            for wish in batch:
                if at_work and len(batch) > 1:
                    self._alone(wish)
                else:
                    wish.refuse(error)
            return
        for wish, result in zip(batch, results, strict=True):
            wish.grant(result)

    def _alone(self, wish: Wish[Any]) -> None:
        try:
            with self._write() as session:
                result = wish.work(session)
        except BaseException as error:
            wish.refuse(error)
        else:
            wish.grant(result)
