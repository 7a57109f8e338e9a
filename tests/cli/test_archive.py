"""Past issues at the command line: what is in the archive, and the archive as a folder."""

from collections.abc import Iterator
from datetime import date

import pytest

from digest.clock import FixedClock
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.testing.past import publish


@pytest.fixture
def newsroom(empty, clock: FixedClock) -> Iterator[Newsroom]:
    """A newsroom that sent two issues."""
    with open_newsroom(empty.folder, clock) as opened:
        publish(opened, day=date(2026, 11, 27), subject="Fog & rain")
        publish(opened, [{"headline": "Hail"}, {"headline": "Snow"}], subject="More of it")
        opened.draft()
        yield opened


def test_past_issues_are_listed_newest_first(empty, newsroom) -> None:
    rows = [row.split("\t") for row in empty.good("archive", "list", "weekly").splitlines()]

    assert rows == [
        ["no.", "date", "stories", "subject"],
        ["2", "2026-11-27", "2", "More of it"],
        ["1", "2026-11-27", "1", "Fog & rain"],
    ]


def test_archive_is_written_and_then_left_as_it_is(empty, newsroom) -> None:
    out = empty.folder / "site"

    first = empty.good("archive", "export", "weekly", out)
    second = empty.good("archive", "export", "weekly", out)

    assert first == (
        f"{out}: 8 files written, 0 removed, 0 as they were.\n"
        "feed.atom is left out: it needs --base-url, the address of the folder.\n"
    )
    assert second.startswith(f"{out}: 0 files written, 0 removed, 8 as they were.\n")
    assert (out / "2" / "index.html").exists()


def test_with_an_address_the_feed_is_written(empty, newsroom) -> None:
    out = empty.folder / "site"

    said = empty.good("archive", "export", "weekly", out, "--base-url", "http://abc.onion/w/")

    assert said == f"{out}: 9 files written, 0 removed, 0 as they were.\n"
    assert "http://abc.onion/w/2/index.html" in (out / "feed.atom").read_text()


@pytest.mark.parametrize("address", ["abc.onion", "ftp://abc.example", "https://x.example/?a=1"])
def test_address_that_is_none_is_refused(empty, newsroom, address: str) -> None:
    said = empty.bad("archive", "export", "weekly", empty.folder / "site", "--base-url", address)

    assert said.startswith(f"--base-url: {address!r} is no address")
    assert not (empty.folder / "site").exists()


@pytest.mark.parametrize("words", [("list", "weekly"), ("export", "weekly", "site")])
def test_archive_that_is_not_public_is_refused(empty, newsroom, words) -> None:
    path = empty.folder / "config.toml"
    path.write_text(path.read_text().replace('language = "en"', 'language = "en"\narchive = false'))

    assert empty.bad("archive", *words) == (
        "the past issues of 'weekly' are not public (archive = true in its table makes them)"
    )


def test_newsletter_that_there_is_not_is_named(empty, newsroom) -> None:
    assert "no newsletter has the slug 'daily'" in empty.bad("archive", "list", "daily")


def test_folder_that_somebody_else_uses_is_refused(empty, newsroom) -> None:
    site = empty.folder / "site"
    site.mkdir()
    (site / "index.html").write_text("mine")

    said = empty.bad("archive", "export", "weekly", site)

    assert "was not written by this command" in said
    assert [path.name for path in site.iterdir()] == ["index.html"]
