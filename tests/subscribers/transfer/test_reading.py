"""A file is read in blocks, the same ones by a child process as by this one."""

import json
import os
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest

from digest.errors import BadInput
from digest.subscribers.transfer.csv_file import find_shape
from digest.subscribers.transfer.places import Place
from digest.subscribers.transfer.reading import (
    BLOCK_ROWS,
    LONG_FILE_BYTES,
    Part,
    PlainReader,
    Source,
    judged_blocks,
    read_blocks,
)
from digest.subscribers.transfer.rows import Meaning, is_fateful

DIGEST = "ab" * 32
ROW = "reader{}@example.org," + "Anna " * 39 + "\n"
COUNT = LONG_FILE_BYTES // 200


def source_of(tmp_path: Path, content: str) -> Source:
    path = tmp_path / "readers.csv"
    path.write_text(content, encoding="utf-8")
    place = Place(path)
    shape = find_shape(place)
    meaning = Meaning(fateful=is_fateful(shape.columns))
    return Source((Part(place, shape, DIGEST, meaning),))


@pytest.fixture
def long_source(tmp_path: Path) -> Source:
    """A file that is read by a child."""
    rows = (ROW.format(number) for number in range(COUNT))
    return source_of(tmp_path, "email,name\n" + "".join(rows) + "no address,\n")


def children() -> list[int]:
    """Return the processes that this thread has started and that are not waited for yet."""
    path = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    return [int(pid) for pid in path.read_text().split()]


def plain(tmp_path: Path, header: str, row: str) -> PlainReader:
    (block,) = read_blocks(source_of(tmp_path, f"{header}\n{row}\n"), 0)
    return block.readers[0]


def test_child_reads_the_same_blocks(long_source: Source) -> None:
    elsewhere = list(judged_blocks(long_source, 0))

    assert elsewhere == list(read_blocks(long_source, 0))
    assert sum(block.rows for block in elsewhere) == COUNT + 1 > BLOCK_ROWS
    assert [problem.row for block in elsewhere for problem in block.problems] == [COUNT + 2]


def test_reading_goes_on_after_a_row(long_source: Source) -> None:
    (block,) = judged_blocks(long_source, COUNT - 1)

    assert (block.rows, block.last_row) == (3, COUNT + 2)


def test_child_is_gone_when_the_reading_stops(long_source: Source) -> None:
    before = children()
    with closing(judged_blocks(long_source, 0)) as blocks:
        next(blocks)
        assert len(children()) == len(before) + 1

    assert children() == before


def test_file_is_read_to_its_end_when_the_child_dies(long_source: Source) -> None:
    before = children()
    blocks = judged_blocks(long_source, 0)
    found = [next(blocks)]
    (child,) = set(children()) - set(before)
    os.kill(child, signal.SIGKILL)
    found += blocks

    assert [row for block in found for row in block.readers] == [
        row for block in read_blocks(long_source, 0) for row in block.readers
    ]


def test_bad_input_is_the_same_from_a_child(long_source: Source) -> None:
    with long_source.parts[0].place.path.open("a") as file:
        file.write('eva@example.org,"Eva\n')
    with pytest.raises(BadInput) as here:
        list(read_blocks(long_source, 0))

    with pytest.raises(BadInput, match="never closed") as elsewhere:
        list(judged_blocks(long_source, 0))
    assert str(elsewhere.value) == str(here.value)


@pytest.mark.parametrize(
    ("header", "row", "times"),
    [
        ("email", "a@x.org", {}),
        ("email,joined", "a@x.org,2019-05-02", {"joined": "2019-05-02"}),
        (
            "email,joined,confirmed",
            "a@x.org,1/5/2019,2019-05-01 8:00",
            {"joined": "1/5/2019", "confirmed": "2019-05-01 8:00"},
        ),
    ],
)
def test_evidence_is_the_row_and_its_own_words_for_the_times(
    tmp_path: Path, header: str, row: str, times: dict[str, str]
) -> None:
    evidence = plain(tmp_path, header, row)[8]

    assert json.loads(evidence) == {"file": DIGEST, "row": 2, **times}


@pytest.mark.parametrize(
    ("joined", "confirmed", "kept"),
    [
        ("2019-05-02", "2019-05-01 08:00:00", "2019-05-01 08:00:00.000000"),
        ("2019-05-02T03:00:00+03:00", "", "2019-05-02 00:00:00.000000"),
        ("2019-05-02T08:00:09", "", "2019-05-02 08:00:09.000000"),
        ("2019-05-02 08:00UTC", "", "2019-05-02 08:00:00.000000"),
        ("5/1/2019", "2019-05-02 08:00:00 UTC", "2019-05-02 08:00:00.000000"),
        ("2019-02-30 08:00:00", "", None),
        ("5/1/2019", "", None),
        ("", "", None),
    ],
)
def test_time_of_joining_is_the_earlier_one_that_needs_no_guessing(
    tmp_path: Path, joined: str, confirmed: str, kept: str | None
) -> None:
    row = plain(tmp_path, "email,joined,confirmed", f"a@x.org,{joined},{confirmed}")

    assert row[7] == kept
