"""The parts of knowing one's place: the file, the machine's marks, the judgement."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.delivery.home.judgement import Here, HomeRow, Said, Why, is_silent, judge_home
from digest.delivery.home.machine import Machine, read_machine
from digest.delivery.home.marker import HEAD_BYTES, LastDot, Marker, MarkerFile
from digest.errors import ConfigError

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)


def test_file_keeps_what_was_written(tmp_path: Path) -> None:
    file = MarkerFile(tmp_path / "home")
    made = file.make()

    file.advance(made, count=7, instance="paper")
    file.witness(LastDot(1, 22, 3))

    found = MarkerFile(tmp_path / "home").read()
    assert (found.secret, found.count, found.instance) == (made.secret, 7, "paper")
    assert list(found.dots) == [LastDot(1, 22, 3)]
    assert found.found_at == made.found_at
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("torn", [0, 1])
def test_half_written_head_leaves_the_one_before(tmp_path: Path, torn: int) -> None:
    file = MarkerFile(tmp_path / "home")
    made = file.make()
    file.advance(made, count=2, instance="paper")
    file.advance(made, count=3, instance="paper")

    data = bytearray((tmp_path / "home").read_bytes())
    data[torn * HEAD_BYTES + 20 : torn * HEAD_BYTES + 40] = b"\0" * 20
    (tmp_path / "home").write_bytes(data)

    assert file.read().count == {0: 3, 1: 2}[torn]


def test_file_of_rubbish_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("rubbish")

    assert MarkerFile(tmp_path / "home").read() is None
    assert not MarkerFile(tmp_path / "home").make().is_used


def test_copy_of_the_file_is_another_place(tmp_path: Path) -> None:
    made = MarkerFile(tmp_path / "home").make()
    (tmp_path / "copy").write_bytes((tmp_path / "home").read_bytes())
    copied = MarkerFile(tmp_path / "copy").make()

    assert copied.secret == made.secret
    assert copied.home_in("") != made.home_in("")
    assert made.home_in("") != made.home_in("database 5")


def test_file_that_cannot_be_made_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"storage\.home"):
        MarkerFile(tmp_path / "nowhere" / "home").make()


def machine_at(root: Path, *, id: str = "", cloud: str = "", card: str = "") -> Machine:
    for name, words in {
        "etc/machine-id": id,
        "var/lib/cloud/data/instance-id": cloud,
        "sys/class/net/eth0/address": card,
        "sys/class/net/docker0/address": "02:00:00:00:00:01",  # no device: not hardware
        "sys/class/net/wlan0/address": "02:00:00:00:00:02",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{words}\n")
    for name in ("eth0/device", "wlan0/device", "wlan0/phy80211"):
        (root / "sys/class/net" / name).mkdir(parents=True, exist_ok=True)
    return read_machine(root, {})


ID, OTHER_ID = "0" * 32, "1" * 32
CARD, OTHER_CARD = "52:54:00:00:00:01", "52:54:00:00:00:02"


@pytest.mark.parametrize(
    ("changes", "other"),
    [
        ({}, False),
        ({"id": OTHER_ID}, True),
        ({"cloud": "i-2"}, True),
        ({"card": OTHER_CARD}, True),  # a clone that kept everything but its card
        ({"id": "uninitialized"}, False),
        ({"id": "", "cloud": "", "card": ""}, False),
    ],
)
def test_machine_is_known_by_its_marks(tmp_path: Path, changes: dict, other: bool) -> None:
    before = {"id": ID, "cloud": "i-1", "card": CARD}
    one = machine_at(tmp_path / "a", **before).keyed("s")
    two = machine_at(tmp_path / "b", **{**before, **changes}).keyed("s")

    assert one.is_other_than(two) is other
    assert Machine.from_json(one.as_json()) == one
    assert ID not in str(one.as_json())


def test_container_has_no_marks(tmp_path: Path) -> None:
    machine_at(tmp_path, id=ID, card=CARD)

    assert read_machine(tmp_path, {"container": "podman"}) == Machine()
    (tmp_path / ".dockerenv").touch()
    assert read_machine(tmp_path, {}) == Machine()


MARKER = Marker("secret", 5, "paper", "1 /home")
MACHINE = Machine(id="a")
HOME = HomeRow(5, MACHINE, NOW)
SAID = Said("paper", {"here": HOME}, [], has_issues=True)
HERE = Here(MARKER, "here", MACHINE)
NEW = Said("", {}, [], has_issues=False)


@pytest.mark.parametrize(
    ("said", "here", "why"),
    [
        (SAID, HERE, None),
        (replace(SAID, homes={"here": replace(HOME, count=6)}), HERE, None),  # a crash between
        (replace(SAID, homes={"here": replace(HOME, count=4)}), HERE, Why.OLDER),
        (SAID, replace(HERE, name="there"), Why.STRANGE),
        (SAID, Here(None, "", MACHINE), Why.STRANGE),
        (SAID, replace(HERE, machine=Machine(id="b")), Why.MACHINE),
        (NEW, Here(None, "", MACHINE), None),
        (NEW, Here(replace(MARKER, count=0, instance=""), "here", MACHINE), None),
        (NEW, HERE, Why.OLDER),  # from before it had a name
        (replace(NEW, instance="paper"), HERE, Why.OLDER),
        (replace(NEW, instance="another"), HERE, None),
        (replace(NEW, instance="another", has_issues=True), HERE, Why.OLDER),
    ],
)
def test_judgement(said: Said, here: Here, why: Why | None) -> None:
    assert judge_home(said, here) is why


def test_long_silence_is_told_from_a_short_one() -> None:
    day = timedelta(hours=24)

    assert is_silent(NOW - day - timedelta(seconds=1), NOW, day)
    assert not is_silent(NOW - day, NOW, day)
    assert not is_silent(NOW - 9 * day, NOW, timedelta(0))
