"""A newsroom for stories: real store, real rendering, copies kept in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.testing.newsroom import Newsroom, open_newsroom


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock) -> Iterator[Newsroom]:
    with open_newsroom(tmp_path, clock) as opened:
        yield opened
