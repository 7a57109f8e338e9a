"""Every expected failure is a child of one root and prints as its message."""

import pytest

from digest import errors
from digest.errors import DigestError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type)]


@pytest.mark.parametrize("kind", KINDS)
def test_expected_failure_is_a_digest_error_and_prints_its_message(kind: type[Exception]) -> None:
    assert issubclass(kind, DigestError)
    assert str(kind("keys.toml: missing")) == "keys.toml: missing"


def test_conflict_is_a_refusal() -> None:
    assert issubclass(errors.Conflict, errors.Refused)


def test_failed_fetch_keeps_the_status() -> None:
    assert errors.FetchFailed("the feed is gone", status=410).status == 410
    assert errors.FetchFailed("no answer").status is None
