"""A newsroom whose press can be given another folder of templates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.testing.newsroom import Newsroom, open_newsroom


@pytest.fixture
def own_templates(tmp_path: Path) -> Path:
    """The newsroom's own templates; empty until a test writes one."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


@pytest.fixture
def newsroom(tmp_path: Path, clock: FixedClock, own_templates: Path) -> Iterator[Newsroom]:
    more = {"[web]": 'templates = "own"\n\n[web]'}
    with open_newsroom(tmp_path, clock, more=more) as opened:
        yield opened
