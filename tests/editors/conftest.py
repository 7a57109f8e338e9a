"""A store with one editor in it, on each database."""

from collections.abc import Callable

import pytest

from digest.clock import FixedClock
from digest.db import Database
from digest.editors.accounts import add_editor
from digest.models import Editor, Role
from digest.sealed import Sealer


@pytest.fixture
def add(any_db: Database, sealer: Sealer, clock: FixedClock) -> Callable[..., int]:
    """Add an editor who has a password; return their number."""

    def add(name: str = "ada", role: Role = Role.EDITOR, hashed: str = "a hash") -> int:
        with any_db.write() as session:
            editor: Editor = add_editor(
                session,
                sealer,
                name=name,
                address=f"{name}@gazette.example",
                role=role,
                now=clock.now(),
            )
            editor.password_hash = hashed
            return editor.id

    return add
