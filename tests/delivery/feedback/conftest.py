"""A postbag on each database."""

import pytest

from digest.db import Database
from digest.keys import KeyRing
from digest.sealed import Sealer
from tests.delivery.feedback.postbag import Postbag


@pytest.fixture
def postbag(any_db: Database, keys: KeyRing, sealer: Sealer) -> Postbag:
    bag = Postbag(any_db, keys, sealer)
    bag.add_newsletter("weekly")
    return bag
