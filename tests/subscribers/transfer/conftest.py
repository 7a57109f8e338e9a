"""A CSV file, a folder to stage in, and one call that stages it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.db import Database
from digest.sealed import Sealer
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.staging import (
    USUAL_WAY,
    Progress,
    StagedImport,
    no_progress,
    stage_csv,
)

Stage = Callable[..., StagedImport]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where staging files go."""
    (tmp_path / "staging").mkdir()
    return tmp_path / "staging"


@pytest.fixture
def stage(sealer: Sealer, clock: FixedClock, folder: Path, tmp_path: Path) -> Stage:
    """Stage a text as a CSV file: ``stage(db, newsletter_id, "email\\n…")``."""

    usual = sealer

    def go(
        db: Database,
        newsletter_id: int,
        content: str,
        *,
        sealer: Sealer = usual,
        progress: Progress = no_progress,
        asked: Asked = USUAL_WAY,
    ) -> StagedImport:
        path = tmp_path / "readers.csv"
        path.write_text(content, encoding="utf-8")
        return stage_csv(
            db,
            sealer,
            path,
            newsletter_id=newsletter_id,
            folder=folder,
            clock=clock,
            asked=asked,
            progress=progress,
        )

    return go
