"""The benchmarks' arithmetic and the table: what is said about a figure, never a figure."""

import io

import pytest
from rich.console import Console

from benchmarks.scripts import script_rows
from benchmarks.sides import growth_rows
from benchmarks.table import Row, Target, as_markdown, as_rich, last_json, ratios, shown
from benchmarks.yardstick import speed


@pytest.mark.parametrize(
    ("values", "median"), [((3.0, 1.0, 2.0), 2.0), ((4.0, 1.0, 2.0, 3.0), 2.5), ((), None)]
)
def test_median_is_the_middle_of_the_rounds(
    values: tuple[float, ...], median: float | None
) -> None:
    assert Row("section", "name", values).median == median


def test_ratios_compare_each_round_with_its_own() -> None:
    assert ratios([10, 30], [20, 20]) == (0.5, 1.5)


def test_ratios_refuse_a_missing_round() -> None:
    with pytest.raises(ValueError, match="zip"):
        ratios([10, 30], [20])


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(least=2), True),
        (Target(least=2.1), False),
        (Target(most=2), True),
        (Target(most=1.9), False),
        (Target(least=1, most=3), True),
        (None, None),
    ],
)
def test_target_is_met_by_the_median_not_by_the_best_round(
    target: Target | None, met: bool | None
) -> None:
    assert Row("section", "name", (1, 2, 9), target=target).met is met


def test_row_without_a_round_meets_nothing_and_says_why() -> None:
    row = Row("section", "Ed25519", target=Target(least=1), note="skipped: no key")

    assert row.met is None
    assert row.cells == ("Ed25519", "≥ 1", "skipped: no key", "", "", "")


def test_row_shows_median_spread_rounds_and_verdict() -> None:
    row = Row("section", "one process", (3100.4, 2900, 3300), "copies/s", target=Target(least=3000))

    cells = ("one process", "≥ 3,000", "3,100 copies/s", "2,900 to 3,300", "3", "yes")
    assert row.cells == cells


def test_row_with_rounds_keeps_its_trouble() -> None:
    assert Row("section", "two", (1,), note="ended late").cells[0] == "two (ended late)"


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(1234567.0, 0, "1,234,567"), (0.726, 2, "0.73"), (-4.0, 1, "-4.0")],
)
def test_numbers_are_shown_with_the_digits_asked_for(value: float, digits: int, text: str) -> None:
    assert shown(value, digits) == text


def test_speed_is_copies_a_second_and_microseconds_a_copy() -> None:
    measured = speed(2_000, seconds=0.5, cpu_seconds=0.26)

    assert (measured.rate, round(measured.cpu)) == (4_000, 130)


def test_last_json_reads_the_last_line_only() -> None:
    assert last_json('working\n{"rows": 1}\n{"rows": 2}\n') == {"rows": 2}


@pytest.mark.parametrize("output", ["", "\n", "done", "[1]", '{"rows": 2}\ndone'])
def test_last_json_refuses_anything_else(output: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        last_json(output)


def test_script_rows_come_from_timed_lines() -> None:
    output = "9 subscribers in 1.0 s on SQLite\none moment    0.62 s  (0.60 0.62 0.66)  9 rows\n"

    (row,) = script_rows("Freeze", output)

    assert (row.name, row.values, row.unit) == ("one moment", (0.60, 0.62, 0.66), "s")


def test_script_rows_come_from_json_where_there_is_some() -> None:
    output = '1 line\n{"store": "SQLite", "rows_per_second": [100, 200, 300], "peak_mb": 51.5}'

    rows = script_rows("Import", output)

    assert [(row.name, row.median) for row in rows] == [("rows per second", 200), ("peak mb", 51.5)]


def test_script_rows_fall_back_to_the_last_line() -> None:
    assert [row.note for row in script_rows("Import", "one\nall good\n")] == ["all good"]


def test_growth_compares_every_size_with_the_smallest() -> None:
    cpu = {1_000: [100.0, 200.0], 10_000: [110.0, 200.0], 1_000_000: [105.0]}

    rows = growth_rows(list(cpu), cpu, {size: [50.0] for size in cpu})

    assert [row.values for row in rows[-2:]] == [pytest.approx((10, 0)), pytest.approx((5,))]
    assert [row.met for row in rows[-2:]] == [True, True]


def test_markdown_has_a_line_for_each_section_and_row() -> None:
    rows = [Row("A", "x|y", (1,), "s"), Row("A", "z", note="no"), Row("B", "w", (2,), "s")]

    lines = as_markdown(rows).splitlines()

    assert len(lines) == 2 + 2 + 3
    assert lines[3] == "| x/y |  | 1 s | 1 to 1 | 1 |  |"
    assert {line.count("|") for line in lines} == {7}


def test_rich_table_shows_every_cell_and_takes_no_markup_from_notes() -> None:
    console = Console(width=120, file=io.StringIO(), record=True)

    console.print(as_rich([Row("A", "x", note="[bold]no[/]"), Row("A", "y", (1,), "s")]))

    text = console.export_text()
    assert "[bold]no[/]" in text
    assert "1 to 1" in text
