"""Postbags."""

import pytest

from digest.db import Database
from digest.keys import KeyRing
from digest.sealed import Sealer
from tests.delivery.feedback.postbag import Postbag


@pytest.fixture
def postbag(db: Database, keys: KeyRing, sealer: Sealer) -> Postbag:
    bag = Postbag(db, keys, sealer)
    bag.add_newsletter("weekly")
    return bag


@pytest.fixture
def any_postbag(any_db: Database, keys: KeyRing, sealer: Sealer) -> Postbag:
    """The same on each database, for what is SQL."""
    bag = Postbag(any_db, keys, sealer)
    bag.add_newsletter("weekly")
    return bag
