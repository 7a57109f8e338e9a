"""What is pinned: the accepted features, the packages and their hashes, and the limit for spam."""

import json
from pathlib import Path

from tools.judges.node_side import HERE
from tools.judges.spam import faults_in
from tools.judges.support import ACCEPTED, Ratchet, new_features

PACKAGES = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]


def test_new_feature_is_named_with_who_lacks_it() -> None:
    used = {"border-radius": "not supported by 5", "display:grid": "not supported by 16"}

    assert new_features(used, {"border-radius": ""}) == ["display:grid is new: not supported by 16"]


def test_feature_that_no_mail_uses_any_more_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "features.json"
    file.write_text('{"transform": "not supported by 18"}', "utf-8")

    assert Ratchet(file).gone() == ["transform"]


def test_accepted_features_stand_in_order() -> None:
    accepted = list(json.loads(ACCEPTED.read_text("utf-8")))

    assert accepted == sorted(accepted)


def test_lock_file_pins_every_package_by_hash_and_names_no_registry() -> None:
    installed = [package for place, package in PACKAGES.items() if place]

    assert all(package["integrity"].startswith("sha512-") for package in installed)
    assert not any("resolved" in package for package in installed)


def test_packages_are_pinned_to_one_version() -> None:
    wanted = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]

    assert wanted == PACKAGES[""]["dependencies"]
    assert {name: PACKAGES[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_spam_is_added_up_to_the_thousandth() -> None:
    assert faults_in("MIXED_ES=1,NO_RELAYS=-0.001") == []
    assert faults_in("MIXED_ES=1,SUBJ_ALL_CAPS=0.5") == ["1.5: MIXED_ES 1.0, SUBJ_ALL_CAPS 0.5"]
    assert faults_in("none") == []
