"""What the drift watch saw last stops an approval, or is told; and an editor's word on a rerun."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from digest.curation.drift import Drift, Kind
from digest.curation.watches import Watched
from digest.press.preflight.findings import Level
from digest.press.preflight.material import ArticleFacts, EarlierPick, Material

WATCHED = {"watch-gone", "watch-embargo", "watch-changed", "watch-unread", "watch-old"}
TITLE = "Dockers go back with what they asked for"


def lay(t: Any, *kinds: Kind, hours: int = 1, **known: Any) -> Material:
    """Return an issue whose lead was read so many hours ago, with what was found then."""
    drifts = tuple(Drift(kind, "was", "is another one") for kind in kinds)
    watched = Watched(t.now - timedelta(hours=hours), drifts)
    url = f"{t.site}/1"
    facts = ArticleFacts(url, url, TITLE, t.now - timedelta(days=1), watched=watched)
    return t.lay(articles={url: facts}, **known)


@pytest.mark.parametrize(
    ("kind", "check", "level"),
    [
        (Kind.GONE, "watch-gone", Level.BLOCK),
        (Kind.EMBARGO, "watch-embargo", Level.WARN),
        (Kind.HEADLINE, "watch-changed", Level.WARN),
        (Kind.CORRECTION, "watch-changed", Level.WARN),
        (Kind.MOVED, "watch-changed", Level.WARN),
        (Kind.REVISED, "watch-changed", Level.WARN),
        (Kind.UNREACHED, "watch-unread", Level.WARN),
        (Kind.UNREADABLE, "watch-unread", Level.WARN),
    ],
)
def test_drift_is_found_by_its_own_check_alone(
    table: Any, kind: Kind, check: str, level: Level
) -> None:
    found = [one for one in table.judge(lay(table, kind)).findings if one.check in WATCHED]

    assert [(one.check, one.level, one.pick) for one in found] == [(check, level, TITLE)]
    assert "is another one" in found[0].message
    assert "read on 2026-11-26 at 14:00 UTC" in found[0].message


def test_article_that_is_as_it_was_has_nothing_to_find(table: Any) -> None:
    assert table.ids(lay(table)) == set()


@pytest.mark.parametrize(("hours", "found"), [(24, set()), (25, {"watch-old"})])
def test_old_reading_is_told_for_what_it_is(table: Any, hours: int, found: set[str]) -> None:
    assert table.ids(lay(table, hours=hours)) == found


def test_rerun_that_an_editor_allowed_is_not_found(table: Any) -> None:
    earlier = [EarlierPick(45, None, "Something else", f"{table.site}/1")]
    material = lay(table, earlier=earlier)
    [(url, facts)] = material.articles.items()
    allowed = {url: replace(facts, ran_before_allowed="The strike is over now.")}

    assert table.ids(material) == {"ran-before"}
    assert table.ids(replace(material, articles=allowed)) == set()


def test_article_s_own_title_tells_a_rerun_as_well(table: Any) -> None:
    near = "Dockers go back with what they had asked for"
    earlier = [EarlierPick(45, None, "What the strike won", f"{table.site}/9", near)]

    assert table.ids(lay(table, earlier=earlier)) == {"ran-before"}
    assert table.ids(lay(table, earlier=[replace(earlier[0], title="Fog")])) == set()
