"""The doctor's tests: a newsroom to be looked over, and what one check says of it."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.operations.doctor.case import Case
from digest.operations.doctor.findings import Finding, Level
from digest.operations.doctor.registry import CHECKS, select
from digest.operations.doctor.run import examine
from digest.testing.newsroom import Newsroom, open_newsroom

Said = Callable[..., list[Finding]]
EARNEST = {
    'public_url = "http://127.0.0.1:8000"': 'public_url = "https://news.courier.example"',
}


@pytest.fixture(autouse=True)
def migrated(migrated_file: Path, tmp_path: Path) -> None:
    """Spare each newsroom its migrations."""
    shutil.copyfile(migrated_file, tmp_path / "digest.db")
    (tmp_path / "digest.db").chmod(0o600)


@pytest.fixture
def room(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., Newsroom]]:
    """Open a newsroom; `more` and `relay` are those of `open_newsroom`."""
    with ExitStack() as stack:

        def opened(more: Mapping[str, str] | None = None, **how: str) -> Newsroom:
            return stack.enter_context(open_newsroom(tmp_path, clock, more=more, **how))

        yield opened


def ask(newsroom: Newsroom, id: str, *resolvers: str) -> list[Finding]:
    """Return what one check says, the network included; it must keep to what the registry says of
    it, and give a hint wherever something is not well.
    """
    case = Case(newsroom.app, resolvers=resolvers)
    found = list(examine(case, select([id]), online=True).findings)
    for one in found:
        assert one.level.rank <= CHECKS[one.id].worst.rank, one
        assert bool(one.hint) == (one.level is not Level.OK), one
    return found


@pytest.fixture
def said(room: Callable[..., Newsroom]) -> Said:
    """Open a newsroom and return what one check says of it."""

    def look(id: str, more: Mapping[str, str] | None = None, **how: str) -> list[Finding]:
        return ask(room(more, **how), id)

    return look


def levels(found: list[Finding]) -> set[str]:
    """Return the levels of findings."""
    return {one.level.value for one in found}


def texts(found: list[Finding], level: str) -> str:
    """Return what findings of a level say, a line each."""
    return "\n".join(one.text for one in found if one.level.value == level)
